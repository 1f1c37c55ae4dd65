"""A document with what a version has of it: its pages, kept and rejected, and its crops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from schemas.rows import InventoryRow
from workers.viewing.light import LightRow, LightTable

_WITH_PAGES = ("pages", "conversations", "rejects")
NO_TEXT = "the text of a rejected page is kept only where its document is kept"


@dataclass(frozen=True, slots=True)
class ViewedDocument:
    """A document with what the version has of it.

    `row` is its row of `documents`; None where it is not kept. `inventory` names its files.
    `pages` are some of its pages, conversations and rejected pages by their index, of
    `pages_total`; `crops` are those of these pages. `rejects` are the rejects of the whole
    document.
    """

    doc_id: str
    row: Mapping[str, Any] | None
    inventory: InventoryRow | None
    pages: Sequence[LightRow]
    pages_total: int
    rejects: Sequence[LightRow]
    crops: Sequence[LightRow]


@dataclass(frozen=True, slots=True)
class RejectText:
    """The text of a rejected page; None where `why_not` says why there is none.

    `is_read_again`: it is what the source's text layer says now, as the dataset has not kept it.
    """

    text: str | None
    why_not: str | None = None
    is_read_again: bool = False


def assembled(
    doc_id: str,
    light: Mapping[str, LightTable],
    row: Mapping[str, Any] | None,
    inventory: Mapping[str, Any] | None,
    shown: range,
) -> ViewedDocument | None:
    """A document with its pages in some places; None where the version knows nothing of it."""
    rows = [
        (light[name].page_index(number), name, number)
        for name in _WITH_PAGES
        for number in light[name].rows_of(doc_id).tolist()
    ]
    if not rows and inventory is None:
        return None
    pages = sorted((index, name, number) for index, name, number in rows if index is not None)
    some = pages[shown.start : shown.stop]
    indices = {index for index, _, _ in some}
    crops = light["crops"]
    return ViewedDocument(
        doc_id=doc_id,
        row=row,
        inventory=cast(InventoryRow | None, inventory),
        pages=[light[name].row(number) for _, name, number in some],
        pages_total=len(pages),
        rejects=[light[name].row(number) for index, name, number in rows if index is None],
        crops=[
            crops.row(number)
            for number in crops.rows_of(doc_id).tolist()
            if crops.page_index(number) in indices
        ],
    )


def text_of_page(document: Mapping[str, Any], page_index: int | None) -> RejectText:
    """The text of a page, from the text of its document, which has it though it is a duplicate.

    Without what joins it to the next page: a blank line, or a space within a sentence.
    """
    if page_index not in document["page_indices"]:
        return RejectText(None, NO_TEXT)
    place = document["page_indices"].index(page_index)
    start, *after = document["page_offsets"][place : place + 2]
    text: str = document["text"][start : after[0] if after else None]
    return RejectText(text.rstrip() if after else text)
