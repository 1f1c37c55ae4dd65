"""A document with what a version has of it: its pages, kept and rejected, and its crops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

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
    found = {name: light[name].rows_of(doc_id) for name in _WITH_PAGES}
    names = [name for name, numbers in found.items() for _ in range(len(numbers))]
    rows = np.concatenate(list(found.values()))
    indices = np.concatenate([light[name].page_indices(numbers) for name, numbers in found.items()])
    if not names and inventory is None:
        return None
    # NaN sorts last: the rejects of the whole document.
    order = np.argsort(indices, kind="stable")
    pages = int(np.count_nonzero(~np.isnan(indices)))
    some = order[:pages][shown.start : shown.stop]
    crops = light["crops"]
    of_document = crops.rows_of(doc_id)
    are_shown = np.isin(crops.page_indices(of_document), indices[some])
    return ViewedDocument(
        doc_id=doc_id,
        row=row,
        inventory=cast(InventoryRow | None, inventory),
        pages=[light[names[place]].row(int(rows[place])) for place in some.tolist()],
        pages_total=pages,
        rejects=[light[names[place]].row(int(rows[place])) for place in order[pages:].tolist()],
        crops=[crops.row(number) for number in of_document[are_shown].tolist()],
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
