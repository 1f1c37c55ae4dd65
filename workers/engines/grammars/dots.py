"""dots.ocr's outputs: a JSON list of layout elements, or the text alone.

Each element has a `bbox`, a `category` and, but for pictures, a `text`: LaTeX of a formula, HTML of
a table, else Markdown. Boxes are in pixels of the picture that the model sees (rednote-hilab/
dots.ocr, `layout_utils.py`, `post_process_cells`), whose size the output does not tell.
"""

from __future__ import annotations

from workers.engines.grammars.blocks import (
    label_word,
    parsed_blocks,
    placed_blocks,
    points_box,
    token_remover,
)
from workers.engines.grammars.elements import elements
from workers.engines.grammars.parsed import SQUARE_PX, Parsed

_without_tokens = token_remover(
    (
        *("<|user|>", "<|endofuser|>", "<|assistant|>", "<|endofassistant|>", "<|endoftext|>"),
        *("<|img|>", "<|imgpad|>", "<|endofimg|>"),
    )
)


def dots(output: str) -> Parsed:
    """dots.ocr's output, with boxes as fractions of a square of `SQUARE_PX` pixels."""
    text = _without_tokens(output).strip()
    blocks = []
    for element in elements(text):
        box = points_box(element.numbers, SQUARE_PX)
        label = label_word(element.label)
        said = element.text.strip()
        if label == "formula" and said and not said.startswith(("$", "\\[", "\\(")):
            said = f"$${said}$$"
        blocks += placed_blocks(label, [box] if box else [], said)
    return parsed_blocks(blocks) if blocks else Parsed(text)
