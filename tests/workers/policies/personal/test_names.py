"""Where the names of a text are in its blocks, its cells, and after an edit."""

from __future__ import annotations

from schemas.findings import Finding
from schemas.personal import Personal
from workers.policies.editing import Edit
from workers.policies.personal import find_in_page, mask_page, names_after

SETTINGS = Personal.model_validate({"default": "mask", "people": {"model": "m"}})


class Read:
    """Names in texts, by text."""

    def __init__(self, **texts: list[tuple[int, int]]) -> None:
        self._texts = texts

    def of(self, text: str) -> list[Finding]:
        return [Finding(*span, "pii", "name", 0.9, "model") for span in self._texts[text]]

    def has_read(self, text: str) -> bool:
        return text in self._texts


def block(text: str, label: str = "paragraph", cells: tuple[str, ...] = ()) -> dict[str, object]:
    of_block = [{"text": cell, "bbox": [0, 0, 1, 1], "row": 0, "column": 0} for cell in cells]
    return {
        "label": label, "bbox": [0, 0, 1, 1], "text": text, "confidence": None,
        "cells": of_block or None,
    }  # fmt: skip


def masked(text: str, read: Read, *blocks: dict[str, object]) -> list[str]:
    """The page's text after the mask, then its blocks, each with its cells behind it."""
    in_text = read.of(text)
    found = find_in_page(text, blocks, "en", SETTINGS, read, in_text)  # type: ignore[arg-type]
    page, new = mask_page(text, blocks, found, SETTINGS.masked_kinds)  # type: ignore[arg-type]
    of_blocks = [[one["text"], *(cell["text"] for cell in one["cells"] or ())] for one in new]
    return [page.text, *(text for own in of_blocks for text in own)]


def test_a_block_has_the_names_of_its_place_in_the_text() -> None:
    text = "May met Will.\n\nIn May she will."
    read = Read(**{text: [(0, 3), (8, 12)]})
    assert masked(text, read, block(text[:13]), block(text[15:])) == [
        *("[NAME] met [NAME].\n\nIn May she will.", "[NAME] met [NAME].", "In May she will.")
    ]


def test_a_name_over_two_blocks_goes_from_both() -> None:
    text = "By Ada\n\nSato today."
    read = Read(**{text: [(3, 12)]})
    assert masked(text, read, block("By Ada"), block("Sato today.")) == [
        *("By [NAME] today.", "By [NAME]", "[NAME] today.")
    ]


def test_furniture_has_the_names_that_the_model_found_in_it() -> None:
    read = Read(**{"Words.": [], "Ada, 7": [(0, 3)]})
    assert masked("Words.", read, block("Words."), block("Ada, 7", "page_header")) == [
        *("Words.", "Words.", "[NAME], 7")
    ]


def test_a_cell_has_the_names_of_its_table_and_a_changed_block_those_of_the_page() -> None:
    table = "| Ada | Adam |"
    read = Read(**{table: [(2, 5)]})
    cells = ("Ada", "Adam")
    assert masked(table, read, block(table, "table", cells)) == [
        *("| [NAME] | Adam |", "| [NAME] | Adam |", "[NAME]", "Adam")
    ]
    assert masked(table, read, block("Ada & Adam")) == ["| [NAME] | Adam |", "[NAME] & Adam"]


def test_names_move_with_the_edits_of_other_policies() -> None:
    found = [Finding(start, start + 3, "pii", "name") for start in (0, 10, 20)]
    cuts = [[Edit(4, 6, "")], [], [Edit(9, 12, "---"), Edit(30, 31, "")]]
    moved = names_after(found, cuts)
    # The one at 10 is at 8 after the first cut; the other policy has changed its last two letters.
    assert [(one.start, one.end) for one in moved] == [(0, 3), (18, 21)]
    assert names_after(found, []) == found
