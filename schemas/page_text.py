"""The two texts of a row of `pages`: its own, in `text`, and the full one, from `blocks`.

row = pages[0]                  # a row of the table `pages`, as a dictionary
row["text"]                     # without furniture, unless the recipe keeps it
full_text_of(row)               # with running heads, page numbers, stamps, in reading order
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from schemas.labels import is_furniture


class TextBlock(TypedDict):
    """What the texts take of a block."""

    label: str
    text: str


class TextRow(TypedDict):
    """What the texts take of a row of `pages`."""

    text: str
    blocks: Sequence[TextBlock] | None


def full_text_of(row: Mapping[str, object]) -> str:
    """All text of a row of `pages` (a `TextRow`), furniture too, in reading order.

    It is `text` itself where the blocks do not hold the text: of some engines and made pages.
    """
    text, blocks = str(row["text"]), blocks_of_text(row)
    return text if blocks is None else _joined(blocks)


def blocks_of_text(row: Mapping[str, object]) -> Sequence[TextBlock] | None:
    """The blocks whose texts make the row's `text`; None where others or none make it."""
    blocks: Sequence[TextBlock] = row["blocks"] or ()  # type: ignore[assignment]  # of a TextRow
    own = _joined([block for block in blocks if not is_furniture(block["label"])])
    return blocks if str(row["text"]).strip() in (own.strip(), _joined(blocks).strip()) else None


def _joined(blocks: Sequence[TextBlock]) -> str:
    return "\n\n".join(block["text"] for block in blocks if block["text"])
