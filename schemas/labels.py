"""The labels of blocks: what a region of a page is, and which regions are furniture.

Furniture is what a page repeats around its text. It stays in `blocks`, and `text` leaves it out.
"""

from __future__ import annotations

CONTENT = frozenset(
    {
        *("title", "heading", "paragraph", "list", "table", "caption", "figure", "formula"),
        *("footnote", "code"),
    }
)
"""The page's own content. `title` is that of the document or chapter, `heading` any other."""

FURNITURE = frozenset(
    {
        *("running_head", "running_foot", "page_number", "stamp", "watermark"),
        "line_numbers",
    }
)
"""What stands around the content; `line_numbers` are those in a page's margin."""


def is_furniture(label: str) -> bool:
    """Whether a block of this label is left out of a page's `text`."""
    return label in FURNITURE
