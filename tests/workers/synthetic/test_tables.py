from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from schemas.figures import BORDERS, TableSource
from tests.many import few
from workers.synthetic.drawn import Drawn
from workers.synthetic.sheets import FAMILIES, font, sheet
from workers.synthetic.tables import drawing as tables
from workers.text.signatures import image_hash

SETTINGS = TableSource(tables=1, span_share=0.8, caption_share=0.5)
DRAWS = few(40, of=100)


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def drawn() -> list[Drawn]:
    return [tables.draw(chance(seed), SETTINGS) for seed in range(DRAWS)]


@dataclass
class ReadTable(HTMLParser):
    """Rows of cells: tag, text, rows, columns."""

    rows: list[list[list[str | int]]] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open_tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            spans = dict(attrs)
            self.rows[-1].append(
                [tag, "", int(spans.get("rowspan") or 1), int(spans.get("colspan") or 1)]
            )

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        assert self.open_tags[-1] in ("td", "th")
        self.rows[-1][-1][1] += data


def placed(html: str) -> dict[tuple[int, int], list[str | int]]:
    """The cells by the place of their upper left corner, as the HTML standard places them."""
    reader = ReadTable()
    reader.feed(html)
    reader.close()
    assert not reader.open_tags
    taken: dict[tuple[int, int], list[str | int]] = {}
    corners = {}
    for row, cells in enumerate(reader.rows):
        column = 0
        for cell in cells:
            while (row, column) in taken:
                column += 1
            corners[row, column] = cell
            for down in range(cell[2]):
                for right in range(cell[3]):
                    assert (row + down, column + right) not in taken, "cells overlap"
                    taken[row + down, column + right] = cell
    width = 1 + max(column for _, column in taken)
    assert len(taken) == len(reader.rows) * width, "the table has holes or ragged edges"
    return corners


def test_the_html_tiles_and_says_what_stands_in_each_cell_of_the_vector_page() -> None:
    spans = 0
    for seed in range(DRAWS):
        plan = tables.plan(chance(seed), SETTINGS)
        grid, look, layout = plan
        corners = placed(tables.html(grid))
        spans += sum(rows * columns > 1 for _, _, rows, columns in corners.values())
        with sheet(layout.width, layout.height, look.paper) as page:
            tables.ink(page, grid, layout, look)
            lines = [line for block in page.get_text("dict")["blocks"] for line in block["lines"]]
        for cell, area in zip(grid.cells, layout.areas, strict=True):
            inside = [
                span
                for line in lines
                for span in line["spans"]
                if area.x0 <= span["origin"][0] < area.x1 and area.y0 <= span["origin"][1] < area.y1
            ]
            read = " ".join(" ".join(span["text"] for span in inside).split())
            assert read == cell.text == corners[cell.row, cell.column][1]
            for span in inside:
                x0, _, x1, _ = span["bbox"]
                baseline = span["origin"][1]
                assert area.x0 < x0 <= x1 < area.x1
                assert area.y0 < baseline - 0.75 * look.size
                assert baseline + 0.25 * look.size < area.y1
        table = layout.table
        outside = [
            span["text"]
            for line in lines
            for span in line["spans"]
            if not table.y0 < span["origin"][1] < table.y1
        ]
        assert " ".join(" ".join(outside).split()) == grid.caption
    assert spans > DRAWS


@pytest.mark.parametrize("borders", BORDERS)
def test_limits_are_kept(borders: str) -> None:
    settings = TableSource(
        tables=1, rows=(1, 3), columns=(1, 2), borders=borders, span_share=0, caption_share=0,
        max_edge_px=300,
    )  # fmt: skip
    for seed in range(5):
        drawn = tables.draw(chance(seed), settings)
        corners = placed(drawn.text)
        assert all(rows == columns == 1 for _, _, rows, columns in corners.values())
        body = {row for (row, _), cell in corners.items() if cell[0] == "td"}
        assert 1 <= len(body) <= 4  # a row of sums may follow
        assert len({column for _, column in corners}) <= 2
        assert max(drawn.picture.size) <= 300


def test_text_is_that_of_the_blocks_which_lie_on_their_ink(drawn: list[Drawn]) -> None:
    labels = set()
    for each in drawn:
        assert each.text == "\n\n".join(block.text for block in each.blocks)
        labels.add(tuple(block.label for block in each.blocks))
        for block in each.blocks:
            assert 0 < block.bbox[0] < block.bbox[2] < 1
            assert 0 < block.bbox[1] < block.bbox[3] < 1
    assert labels == {("table",), ("caption", "table"), ("table", "caption")}


def test_nothing_is_cut_and_no_two_look_alike(drawn: list[Drawn]) -> None:
    for each in drawn:
        assert is_framed(each.picture)
    assert len({image_hash(each.picture.convert("L")) for each in drawn}) == DRAWS


def is_framed(picture: Image.Image) -> bool:
    """Whether all pixels of the edges are paper, and something else is not."""
    pixels = np.asarray(picture)
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return bool((edges == pixels[0, 0]).all() and (pixels != pixels[0, 0]).any())


def test_the_same_chance_gives_the_same_bytes(drawn: list[Drawn]) -> None:
    for seed in range(5):
        again = tables.draw(chance(seed), SETTINGS)
        assert again.picture.tobytes() == drawn[seed].picture.tobytes()
        assert again.text == drawn[seed].text


def test_every_font_has_every_character() -> None:
    texts = set()
    for seed in range(150):
        grid = tables.plan(chance(seed), SETTINGS).grid
        texts |= {cell.text for cell in grid.cells} | {grid.caption}
    characters = set("".join(texts)) - {" "}
    assert {"€", "±", "³", "&", "<", "ü"} <= characters
    for family in FAMILIES.values():
        for face in family:
            assert [
                char for char in sorted(characters) if not font(face).has_glyph(ord(char))
            ] == []
