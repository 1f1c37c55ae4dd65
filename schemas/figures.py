"""Sources whose pages are figures with a known text: tables, plane geometry, molecules.

A range is `[least, most]`, both included, or one number. A share is the probability that a page
has the feature. The models are also the settings of the makers in `workers.synthetic`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

from schemas.part import ONE_OR_MORE, RANGE, Grouped, Locations, Named, PositiveInt, Seed, Share

SAMPLE = "sample"
"""Stands in the place of a SMILES file for the molecules that come with this program."""

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
    """Drawn tables; the text of each is its HTML, row and column spans included."""

    tables: PositiveInt = Field(description="How many tables to draw.")
    seed: Seed = 0
    rows: Rows = Field(
        default=(2, 14),
        description="The least and the most rows of the body; headers and section rows come on "
        "top.",
    )
    columns: Columns = Field(default=(2, 8), description="The least and the most columns.")
    borders: Annotated[
        tuple[Borders, ...],
        *ONE_OR_MORE,
        AfterValidator(_distinct),
    ] = Field(default=BORDERS, description="The styles of borders.")
    span_share: Share = Field(
        default=0.5, description="The share of tables with cells that span rows or columns."
    )
    caption_share: Share = Field(default=0.35, description="The share of tables with a caption.")
    empty_share: Share = Field(
        default=0.05, description="The share of the body's cells that are empty."
    )
    max_edge_px: Annotated[int, Field(ge=256, le=8192)] = Field(
        default=1600,
        description="The longest edge of a picture; larger tables are scaled down to it.",
    )


class GeometrySource(Grouped):
    """Drawn figures of plane geometry; the text of each is a JSON dictionary."""

    geometry: PositiveInt = Field(description="How many figures to draw.")
    seed: Seed = 0
    kinds: Annotated[
        tuple[FigureKind, ...],
        *ONE_OR_MORE,
        AfterValidator(_distinct),
    ] = Field(default=FIGURE_KINDS, description="The kinds of figure.")
    side_px: Side = Field(
        default=(448, 1024), description="The least and the most pixels of a picture's side."
    )
    mark_share: Share = Field(
        default=0.6,
        description="The share of figures with marks for equal sides and right angles.",
    )
    dark_share: Share = Field(
        default=0.1, description="The share of figures that are drawn light on dark."
    )


class ChemistrySource(Named):
    """Drawn molecules; the text of each is its canonical SMILES."""

    chemistry: Locations = Field(
        description="Files with one SMILES string on each line, folders or globs of them, or "
        f"`{SAMPLE}` for the molecules that come with PageFoundry."
    )
    seed: Seed = 0
    side_px: Side = Field(
        default=(320, 1024), description="The least and the most pixels of a picture's side."
    )
    max_atoms: Annotated[int, Field(ge=1, le=300)] = Field(
        default=100,
        description="The most atoms, hydrogen not counted. A larger molecule is a reject "
        "`page_too_large`.",
    )
    colour_share: Share = Field(
        default=0.5, description="The share of drawings whose elements are coloured."
    )
    turned_share: Share = Field(
        default=0.5, description="The share of drawings that are turned by some angle."
    )
    aromatic_share: Share = Field(
        default=0.1,
        description="The share of drawings with dashed aromatic bonds instead of alternating ones.",
    )
    methyl_share: Share = Field(
        default=0.15, description="The share of drawings whose methyl groups are spelt out."
    )
