"""Cuts, carried into the cells of a table and the picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

from schemas.decontaminate import Benchmark
from schemas.policies import PolicyStep
from schemas.recipe import Raster
from schemas.rows import BlockRow, CellRow
from workers.policies import Passage, Sought, judge, load
from workers.policies.decontamination import Item
from workers.policies.lists import pack
from workers.policies.redaction import PageView, redact
from workers.rasterising import pictures

QUESTION = "Natalia sold clips to 48 of her friends in April and half as many"
CELLS = (
    ("1", "Natalia sold clips to 48"),
    ("2", "of her friends in April"),
    ("3", "and half as many"),
    ("4", "other"),
)


def test_an_item_over_cells_leaves_all_of_them() -> None:
    benchmark = Benchmark(name="gsm8k", file=("a",), action="cut")
    lists = pack([Item("gsm8k", "1", (("text", QUESTION),))], [benchmark])
    judges = load([PolicyStep(decontaminate=(benchmark,))], Sought(lists))
    table = "\n".join(["| no. | text |", "|---|---|", *(f"| {a} | {b} |" for a, b in CELLS)])
    cells = [cell(row, column) for row in range(4) for column in range(2)]
    block: BlockRow = {
        "label": "table",
        "bbox": [0, 0, 1, 1],
        "text": table,
        "confidence": None,
        "cells": cells,
    }
    # Each cell is black on white, so that one that was painted is white.
    pixels = np.full((400, 400, 3), 255, np.uint8)
    for one in cells:
        x0, y0, x1, y1 = (round(400 * at) for at in one["bbox"])
        pixels[y0 + 20 : y1 - 20, x0 + 20 : x1 - 20] = 0
    raster = Raster(format="png")
    page = PageView(table, [block], pictures.encode(Image.fromarray(pixels), raster), "en")
    (judgement,) = judge([Passage(table)], judges)
    left = redact(page, judgement, judges, raster)
    assert "Natalia" not in left.text
    (table_left,) = left.blocks
    texts = [one["text"] for one in table_left["cells"] or ()]
    assert texts == ["1", "", "", "", "", "", "4", "other"]
    shown = np.asarray(pictures.decode(left.picture))
    middles = [shown[100 * row + 40, 200 * column + 100] for row in range(4) for column in range(2)]
    assert [bool((pixel == 255).all()) for pixel in middles] == [not text for text in texts]


def cell(row: int, column: int) -> CellRow:
    x, y = column / 2, row / 4
    bbox = [x, y, x + 0.5, y + 0.2]
    text = CELLS[row][column]
    return {"row": row, "column": column, "rows": 1, "columns": 1, "bbox": bbox, "text": text}
