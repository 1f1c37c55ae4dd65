"""Sources whose pages are figures with a known text: tables, plane geometry, molecules.

A range is `[least, most]`, both included, or one number. A share is the chance that a page has
the thing. The models are also the settings of the makers in `workers.synthetic`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

from schemas.part import ONE_OR_MORE, RANGE, Grouped, Locations, Named, PositiveInt, Share

SAMPLE = "sample"
"""In place of a SMILES file: the molecules that come with this program."""

Kind = TypeVar("Kind", bound=Hashable)


def _distinct(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    if len(set(kinds)) < len(kinds):
        raise ValueError("a kind is named twice")
    return kinds


_Rows = Annotated[int, Field(ge=1, le=60)]
_Columns = Annotated[int, Field(ge=1, le=16)]
_Side = Annotated[int, Field(ge=256, le=4096)]
Rows = Annotated[tuple[_Rows, _Rows], *RANGE]
Columns = Annotated[tuple[_Columns, _Columns], *RANGE]
Side = Annotated[tuple[_Side, _Side], *RANGE]

Borders = Literal["ruled", "rows", "booktabs", "boxed", "zebra", "none"]
BORDERS: tuple[Borders, ...] = ("ruled", "rows", "booktabs", "boxed", "zebra", "none")

FigureKind = Literal["triangle", "quadrilateral", "polygon", "circle", "circles", "lines"]
FIGURE_KINDS: tuple[FigureKind, ...] = (
    *("triangle", "quadrilateral", "polygon"),
    *("circle", "circles", "lines"),
)


class TableSource(Grouped):
    """Drawn tables; the text of each is its HTML, with its spans."""

    tables: PositiveInt = Field(description="how many")
    seed: int = 0
    rows: Rows = Field(default=(2, 14), description="of the body, without headers and sections")
    columns: Columns = (2, 8)
    borders: Annotated[
        tuple[Borders, ...],
        *ONE_OR_MORE,
        AfterValidator(_distinct),
    ] = BORDERS
    span_share: Share = Field(default=0.5, description="tables with cells over rows or columns")
    caption_share: Share = 0.35
    empty_share: Share = Field(default=0.05, description="cells of the body that are empty")
    max_edge_px: Annotated[int, Field(ge=256, le=8192)] = Field(
        default=1600, description="larger tables are drawn smaller"
    )


class GeometrySource(Grouped):
    """Drawn figures of plane geometry; the text of each is a dictionary in JSON."""

    geometry: PositiveInt = Field(description="how many")
    seed: int = 0
    kinds: Annotated[
        tuple[FigureKind, ...],
        *ONE_OR_MORE,
        AfterValidator(_distinct),
    ] = FIGURE_KINDS
    side_px: Side = (448, 1024)
    mark_share: Share = Field(default=0.6, description="with marks of equal sides, right angles")
    dark_share: Share = Field(default=0.1, description="light on dark")


class ChemistrySource(Named):
    """Drawn molecules; the text of each is its canonical SMILES."""

    chemistry: Locations = Field(description=f"SMILES files, a molecule a line, or `{SAMPLE}`")
    seed: int = 0
    side_px: Side = (320, 1024)
    max_atoms: Annotated[int, Field(ge=1, le=300)] = Field(
        default=100, description="without hydrogen; more are rejects `page_too_large`"
    )
    colour_share: Share = Field(default=0.5, description="with elements in colours")
    turned_share: Share = Field(default=0.5, description="turned by any angle")
    aromatic_share: Share = Field(default=0.1, description="aromatic bonds dashed, not alternating")
    methyl_share: Share = Field(default=0.15, description="with methyl groups spelt out")
