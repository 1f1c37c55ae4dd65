"""How a row of `pages` looks in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipelines.cli.show.printed import as_printed, cut, page_number, unmarked
from schemas.labels import is_furniture
from schemas.page_text import blocks_of_text

Row = Mapping[str, Any]  # a row of `pages`
_SAMPLE_CHARS = 240
_SAMPLE_TABLE_ROWS = 4
_LINE_CHARS = 80  # a short block takes a line, too


def sample(row: Row) -> list[RenderableType]:
    """A row of `pages`: where it is from and its counts, and below its first blocks."""
    file = row["source_uri"].rsplit("/", 1)[-1]
    facts = [
        f"{page_number(row['page_index'])} of {file}",
        row["text_source"],
        row["language"],
        f"{row['text_tokens']} text / {row['vision_tokens']} vision tokens",
    ]
    coverage = row["quality"].get("coverage")
    if coverage is not None:
        facts.append(f"coverage {coverage:.2f}")
    return [cut(f"sample: {' · '.join(facts)}"), Padding(_sample_text(row), (0, 0, 0, 2))]


def _sample_text(row: Row) -> RenderableType:
    """The first blocks of a page: furniture dimmed, tables as tables."""
    blocks = blocks_of_text(row)
    if blocks is None:
        return Text(unmarked(_shortened(row["text"], _SAMPLE_CHARS)))
    parts: list[RenderableType] = []
    room = _SAMPLE_CHARS
    for block in (block for block in blocks if block["text"]):
        if room <= 0:
            break
        parts.append(_sample_block(block, room))
        room -= max(len(block["text"]), _LINE_CHARS)
    return Group(*parts)


def _sample_block(block: Row, room: int) -> RenderableType:
    if block.get("cells"):
        return _sample_table(block["cells"])
    style = "dim" if is_furniture(block["label"]) else ""
    return Text.from_markup(as_printed(_shortened(block["text"], room)), style=style)


def _sample_table(cells: Sequence[Row]) -> Table:
    """The first rows of a table; a cell stands in its first row and column."""
    width = max(cell["column"] + cell["columns"] for cell in cells)
    height = min(max(cell["row"] + cell["rows"] for cell in cells), _SAMPLE_TABLE_ROWS)
    grid = [[""] * width for _ in range(height)]
    for cell in cells:
        if cell["row"] < height:
            grid[cell["row"]][cell["column"]] = as_printed(cell["text"])
    table = Table(*([""] * width), show_header=False)
    for texts in grid:
        table.add_row(*texts)
    return table


def _shortened(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[:chars] + " …"
