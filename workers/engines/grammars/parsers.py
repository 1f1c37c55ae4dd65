"""The output parsers of the model families, by the names that profiles use.

A parser turns the decoded output of one page, with its special tokens, into Markdown and blocks.
"""

from __future__ import annotations

from workers.engines.grammars.chandra import chandra
from workers.engines.grammars.doctags import doctags
from workers.engines.grammars.grounded import deepseek, unlimited
from workers.engines.grammars.markdown import glm, got, lighton, olmocr, paddleocr_vl, plain
from workers.engines.grammars.mineru import mineru

__all__ = [
    "chandra",
    "deepseek",
    "doctags",
    "glm",
    "got",
    "lighton",
    "mineru",
    "olmocr",
    "paddleocr_vl",
    "plain",
    "unlimited",
]
