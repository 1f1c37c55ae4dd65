"""Draw a table; the text is its HTML, with its spans.

Its parts are placed on a PyMuPDF page one by one, so that the place of every cell is known. A
caption is a block of its own, before or after the table as it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pymupdf
from numpy.random import Generator

from schemas.figures import TableSource
from schemas.pages import Block, Box, own_text
from workers.synthetic.drawn import Drawn
from workers.synthetic.sampling import pick
from workers.synthetic.sheets import Colour, font, picture, sheet
from workers.synthetic.tables.content import compose
from workers.synthetic.tables.grid import Grid, html
from workers.synthetic.tables.layout import Area, Layout, Line, lay_out, stripes, text_width
from workers.synthetic.tables.look import Look, sample_look


class Plan(NamedTuple):
    """Everything that a table is drawn from."""

    grid: Grid
    look: Look
    layout: Layout


def plan(rng: Generator, settings: TableSource) -> Plan:
    """A random table, and where each part of it goes."""
    borders = pick(rng, settings.borders)
    grid = compose(rng, settings, borders)
    look = sample_look(rng, borders)
    return Plan(grid, look, lay_out(grid, look))


def draw(rng: Generator, settings: TableSource) -> Drawn:
    """A random table, on a picture just large enough for it."""
    grid, look, layout = plan(rng, settings)
    pixels_per_point = rng.uniform(96, 168) / 72
    zoom = min(pixels_per_point, settings.max_edge_px / max(layout.width, layout.height))
    with sheet(layout.width, layout.height, look.paper) as page:
        ink(page, grid, layout, look)
        drawn = picture(page, zoom)
    blocks = _blocks(grid, layout, look)
    return Drawn(drawn, own_text(blocks), blocks)


def ink(page: pymupdf.Page, grid: Grid, layout: Layout, look: Look) -> None:
    """Draw fills, then rules, then texts."""
    shape = page.new_shape()
    table = layout.table
    if look.head_fill is not None:
        head = Area(table.x0, table.y0, table.x1, layout.rows[grid.head_rows])
        _fill(shape, [head], look.head_fill)
    if look.borders == "zebra":
        _fill(shape, stripes(layout, grid.head_rows), look.stripe)
    for strokes, width in _rules(grid, layout, look):
        for x0, y0, x1, y1 in strokes:
            shape.draw_line((x0, y0), (x1, y1))
        if strokes:
            shape.finish(color=look.rule_ink, width=width, lineCap=2, closePath=False)
    shape.commit()
    is_head = [cell.kind == "header" for cell in grid.cells]
    texts = list(zip(is_head, layout.lines, strict=True))
    _write(page, (line for head, lines in texts if head for line in lines), look, look.head_ink)
    _write(page, (line for head, lines in texts if not head for line in lines), look, look.ink)
    _write(page, layout.caption, look, look.ink)


def _fill(shape: pymupdf.Shape, areas: list[Area], colour: Colour) -> None:
    for area in areas:
        shape.draw_rect(area)
    if areas:
        shape.finish(color=None, fill=colour, width=0)


def _write(page: pymupdf.Page, lines: Iterable[Line], look: Look, colour: Colour) -> None:
    writer = pymupdf.TextWriter(page.rect)
    has_text = False
    for line in lines:
        writer.append((line.x, line.baseline), line.text, font(line.face), look.size)
        has_text = True
    if has_text:
        writer.write_text(page, color=colour)


def _rules(grid: Grid, layout: Layout, look: Look) -> list[tuple[list[Area], float]]:
    """Strokes and their widths: the borders, and the rules that show spans and sums."""
    table = layout.table
    thin, thick = look.rule, 1.8 * look.rule + 0.3
    across = [Area(table.x0, y, table.x1, y) for y in layout.rows]
    head, bottom = across[grid.head_rows], across[-1]
    inner = _spanner_rules(grid, layout, look)
    for cell in grid.cells:
        if cell.kind == "total" and cell.column == 0:
            inner.append(across[cell.row])
        elif cell.kind == "section":
            inner += [across[cell.row], across[cell.row + 1]]
        elif cell.kind == "stub" and cell.rows > 1:
            inner += [across[cell.row], across[cell.row + cell.rows]]
    if look.borders == "none":
        return []
    if look.borders == "ruled":
        return [(_outlines(layout.areas), thin)]
    if look.borders == "rows":
        return [([Area(a.x0, a.y1, a.x1, a.y1) for a in layout.areas], thin), ([across[0]], thick)]
    if look.borders == "booktabs":
        return [(inner, 0.7 * thin), ([head], thin), ([across[0], bottom], thick)]
    if look.borders == "boxed":
        return [([*_outlines([table]), head, *inner], thin)]
    return [(inner, thin)]


def _spanner_rules(grid: Grid, layout: Layout, look: Look) -> list[Area]:
    """A rule under each name over several columns; it does not touch its neighbours' rules."""
    return [
        Area(area.x0 + look.pad_x / 2, area.y1, area.x1 - look.pad_x / 2, area.y1)
        for cell, area in zip(grid.cells, layout.areas, strict=True)
        if cell.kind == "header" and cell.columns > 1
    ]


def _outlines(areas: Iterable[Area]) -> list[Area]:
    return [
        side
        for x0, y0, x1, y1 in areas
        for side in (
            *(Area(x0, y0, x1, y0), Area(x1, y0, x1, y1)),
            *(Area(x0, y1, x1, y1), Area(x0, y0, x0, y1)),
        )
    ]


def _blocks(grid: Grid, layout: Layout, look: Look) -> tuple[Block, ...]:
    table = Block("table", _share(layout.table, layout), html(grid))
    if not layout.caption:
        return (table,)
    lines = layout.caption
    around = Area(
        lines[0].x,
        lines[0].baseline - look.size,
        max(line.x + text_width(line.text, line.face, look.size) for line in lines),
        lines[-1].baseline + 0.3 * look.size,
    )
    caption = Block("caption", _share(around, layout), grid.caption)
    return (caption, table) if look.is_caption_above else (table, caption)


def _share(area: Area, layout: Layout) -> Box:
    width, height = layout.width, layout.height
    return area.x0 / width, area.y0 / height, area.x1 / width, area.y1 / height
