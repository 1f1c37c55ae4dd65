"""The output parsers of the model families, by the names that profiles use.

A parser turns the decoded output of one page, with its special tokens, into Markdown and blocks.
"""

from __future__ import annotations

from workers.engines.grammars.chandra import chandra
from workers.engines.grammars.doctags import doctags
from workers.engines.grammars.dots import dots
from workers.engines.grammars.grounded import deepseek, unlimited
from workers.engines.grammars.hunyuan import hunyuan
from workers.engines.grammars.markdown import glm, got, lighton, olmocr, plain
from workers.engines.grammars.mineru import mineru
from workers.engines.grammars.paddleocr_vl import paddleocr_vl
from workers.engines.grammars.qianfan import qianfan

__all__ = [
    "chandra",
    "deepseek",
    "doctags",
    "dots",
    "glm",
    "got",
    "hunyuan",
    "lighton",
    "mineru",
    "olmocr",
    "paddleocr_vl",
    "plain",
    "qianfan",
    "unlimited",
]
