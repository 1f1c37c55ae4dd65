"""When the layout model looks at a page: not where rules see one column of text."""

from __future__ import annotations

from dataclasses import replace

import pymupdf

from workers.textlayer.content import PageContent, first_read
from workers.textlayer.lines import Line
from workers.textlayer.regions import needs_model

SIZE = 10.0


def line(text: str, y: float, x: float = 72.0) -> Line:
    return Line(text, (x, y, x + 0.5 * SIZE * len(text), y + 1.2 * SIZE), SIZE, 0)


def content(lines: list[Line], paths: int = 0, width: float = 595.0) -> PageContent:
    blank = first_read(pymupdf.open().new_page(width=width, height=842)).content
    return replace(blank, lines=tuple(lines), path_count=paths)


def asks(lines: list[Line], furniture: dict[int, str] | None = None, **more: float) -> bool:
    return needs_model(content(lines, **more), lines, furniture or {})  # type: ignore[arg-type]


def prose(count: int = 30) -> list[Line]:
    return [
        line("a line of a paragraph as wide as the page" * 2, 100 + 13 * i) for i in range(count)
    ]


def test_one_column_of_text_needs_no_model() -> None:
    assert not asks(prose())
    assert not asks(prose(), paths=200), "shaded code and rules under words are paths too"


def test_labels_among_paths_need_one() -> None:
    labels = [line(f"R{i}", 520 + 23 * i, 100 + 37.0 * i) for i in range(6)]
    assert asks([*prose(), *labels], paths=60)
    assert not asks([*prose(), *labels])


def test_columns_need_one() -> None:
    right = [line("a line of another column", 103 + 13 * i, 330) for i in range(30)]
    assert asks([*prose(), *right])


def test_a_row_apart_at_the_edge_needs_one_unless_furniture_is_known_there() -> None:
    head, heading = line("A manual of ropes", 40), line("Splices", 62)
    assert asks([heading, *prose()])
    assert not asks([head, heading, *prose()], {0: "running_head"})
    foot = line("17", 800, 300)
    assert asks([heading, *prose(), foot], {31: "page_number"}), "the other edge says nothing"


def test_drawn_slides_need_one() -> None:
    assert asks(prose(), paths=30, width=1100.0)
