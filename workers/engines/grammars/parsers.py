"""The output parsers of the model families, by the names that profiles use.

A parser takes the decoded output of one page, special tokens kept, to Markdown and blocks. It
raises for no string and takes time linear in its length. Each family's grammar is in a module
`grammar_*`.
"""

from __future__ import annotations

from workers.engines.grammars.doctags import doctags
from workers.engines.grammars.grounded import deepseek, unlimited
from workers.engines.grammars.markdown import glm, got, lighton, olmocr, paddleocr_vl, plain

__all__ = [
    "deepseek",
    "doctags",
    "glm",
    "got",
    "lighton",
    "olmocr",
    "paddleocr_vl",
    "plain",
    "unlimited",
]
