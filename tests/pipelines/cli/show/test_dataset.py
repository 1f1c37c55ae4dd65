"""A sample in the terminal: furniture dimmed, tables as tables, coverage in its title."""

from __future__ import annotations

import io

from rich.console import Console

from pipelines.cli.show.sample import sample

CELLS = [
    {"row": r, "column": c, "rows": 1, "columns": 1, "text": text}
    for r, row in enumerate([["plum", "[red]"], ["fig", "7"]])
    for c, text in enumerate(row)
]
ROW = {
    "source_uri": "a/b.pdf",
    "page_index": 3,
    "text_source": "ocr",
    "language": "en",
    "text_tokens": 9,
    "vision_tokens": 100,
    "quality": {"coverage": 0.987},
    "text": "It turned.\n\n| plum | [red] |",
    "blocks": [
        {"label": "running_head", "text": "The Report 7", "cells": None},
        {"label": "paragraph", "text": "It turned.", "cells": None},
        {"label": "table", "text": "| plum | [red] |", "cells": CELLS},
    ],
}


def printed(row: dict[str, object]) -> str:
    out = io.StringIO()
    Console(file=out, width=100, force_terminal=True, color_system="standard").print(*sample(row))
    return out.getvalue()


def test_furniture_is_dimmed_and_a_table_is_a_table() -> None:
    shown = printed(ROW)
    assert "\x1b[2mThe Report 7\x1b[0m" in shown
    assert "│ plum │ [red] │" in shown
    assert "coverage 0.99" in shown


def test_pages_are_counted_from_one() -> None:
    assert "page 4 of b.pdf" in printed(ROW)


def test_a_text_that_no_block_holds_is_shown_as_it_is() -> None:
    assert "Apart [b] from them." in printed(ROW | {"text": "Apart [b] from them."})
