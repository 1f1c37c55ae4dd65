"""Outputs that are Markdown already, apart from a front matter, a fence, or marks of figures."""

from __future__ import annotations

import re

from schemas.pages import Block
from workers.engines.grammars.blocks import page_box, parsed_blocks, placed_blocks, token_remover
from workers.engines.grammars.parsed import Parsed, Parser

_QWEN_TOKENS = (
    "<|im_start|>assistant",
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
)
_GOT_TOKENS = (*_QWEN_TOKENS, "<img>", "</img>", "<imgpad>")
_GLM_TOKENS = (
    "[gMASK]",
    "<sop>",
    "<eop>",
    "<|endoftext|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
    "<|image|>",
    "<|begin_of_image|>",
    "<|end_of_image|>",
    "<think>",
    "</think>",
)
_FENCE = re.compile(r"```(?:markdown|md|html|latex)?[ \t]*\n")
_NUMBER = r"(-?[0-9]+(?:\.[0-9]+)?)"
_FIGURE = re.compile(
    rf"!\[image\]\(image_[0-9]+\.png\)[ \t]*{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}"
)
_FIGURE_SCALE = 1000
# A line of the front matter: a fact, or an empty line.
_FACT = re.compile(
    r"\s*(?:(primary_language|is_rotation_valid|rotation_correction|is_table|is_diagram)\s*:(.*))?"
)


def plain(special_tokens: tuple[str, ...] = ()) -> Parser:
    """A parser that removes `special_tokens` and keeps the rest as it is."""
    remove = token_remover(special_tokens)
    return lambda output: Parsed(remove(output).strip())


_got_text = token_remover(_GOT_TOKENS)
_glm_text = token_remover(_GLM_TOKENS)
qwen_text = token_remover(_QWEN_TOKENS)
"""Removes the special tokens of Qwen's tokenizer."""


def got(output: str) -> Parsed:
    """GOT-OCR 2: plain text, or Mathpix Markdown if the prompt asks for a format."""
    return Parsed(_got_text(output).strip())


def glm(output: str) -> Parsed:
    """GLM-OCR: Markdown, sometimes with a fence around the whole page."""
    text = _glm_text(output).strip()
    fence = _FENCE.match(text)
    if fence is None:
        return Parsed(text)
    body = text[fence.end() :].removesuffix("```")
    # If there is a fence inside, the first one is not around the whole page.
    return Parsed(text if "```" in body else body.strip())


def lighton(output: str) -> Parsed:
    """LightOnOCR: Markdown; `![image](image_1.png)x0,y0,x1,y1`, each 0 to 1000, is a figure."""
    text = qwen_text(output)
    blocks: list[Block] = []
    start = 0
    for figure in _FIGURE.finditer(text):
        blocks += _unplaced(text[start : figure.start()])
        blocks.append(Block("figure", page_box([*map(float, figure.groups())], _FIGURE_SCALE), ""))
        start = figure.end()
    if not blocks:
        return Parsed(text.strip())
    return parsed_blocks([*blocks, *_unplaced(text[start:])])


def _unplaced(text: str) -> list[Block]:
    return placed_blocks("paragraph", (), text.strip())


def olmocr(output: str) -> Parsed:
    """olmOCR-2: Markdown after a front matter, which also says how the page is turned.

    `rotation_correction` is counter-clockwise: olmOCR's pipeline and the augmentation of its
    training turn by PIL's `ROTATE_90` (allenai/olmocr, `pipeline.py`, `dataloader.py`), although
    its older prompt for other models says clockwise.
    """
    text = qwen_text(output).strip()
    facts, body = _front_matter(text.split("\n"))
    return Parsed("\n".join(body).strip() if facts else text, turn=_turn(facts))


def _front_matter(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    """The facts that `lines` begin with, in lower case, and the lines after them.

    The `---` around the facts may be missing: the last one is if the output was cut off.
    """
    facts: dict[str, str] = {}
    end = int(lines[0].strip() == "---")
    while end < len(lines) and (fact := _FACT.fullmatch(lines[end])):
        if fact[1]:
            facts[fact[1]] = fact[2].strip().strip("'\"").lower()
        end += 1
    if end < len(lines) and lines[end].strip() == "---":
        end += 1
    return facts, lines[end:]


def _turn(facts: dict[str, str]) -> int:
    correction = {"90": 90, "180": 180, "270": 270}.get(facts.get("rotation_correction", ""), 0)
    return -correction % 360 if facts.get("is_rotation_valid") == "false" else 0
