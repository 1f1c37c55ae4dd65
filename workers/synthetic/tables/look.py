"""The random look of a drawn table: fonts, sizes, room, borders and colours."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from schemas.figures import Borders
from workers.synthetic.sampling import happens, pick
from workers.synthetic.sheets import FAMILIES, Colour, Family
from workers.synthetic.tables.grid import Cell

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (1, 1, 1)
_PAPERS: tuple[Colour, ...] = (*(WHITE,) * 5, (0.99, 0.98, 0.95), (0.97, 0.97, 0.98))
_INKS: tuple[Colour, ...] = (*(BLACK,) * 3, (0.13, 0.13, 0.13), (0.1, 0.12, 0.25))
_DARK_FILLS: tuple[Colour, ...] = (
    *((0.12, 0.23, 0.37), (0.1, 0.37, 0.36), (0.25, 0.25, 0.27)),
    *((0.42, 0.14, 0.18), (0.2, 0.35, 0.18), (0.28, 0.2, 0.42)),
)
_LIGHT_FILLS: tuple[Colour, ...] = (
    *((0.9, 0.9, 0.9), (0.87, 0.92, 0.97), (0.9, 0.95, 0.88)),
    *((0.98, 0.93, 0.84), (0.95, 0.9, 0.95)),
)
_STRIPES: tuple[Colour, ...] = (
    *((0.94, 0.94, 0.95), (0.92, 0.95, 0.98), (0.94, 0.97, 0.92), (0.98, 0.96, 0.91)),
)


@dataclass(frozen=True, slots=True)
class Look:
    """The look of one table. Lengths are in points, `leading` is in ems."""

    borders: Borders
    family: Family
    size: float
    leading: float
    pad_x: float
    pad_y: float
    margin: float
    wrap: float
    rule: float
    paper: Colour
    ink: Colour
    rule_ink: Colour
    head_fill: Colour | None
    head_ink: Colour
    stripe: Colour
    is_head_bold: bool
    is_stub_bold: bool
    is_top_aligned: bool
    is_caption_above: bool
    caption_face: str

    def face(self, cell: Cell) -> str:
        """The face that a cell is set in."""
        is_bold = (
            cell.kind in ("section", "total")
            or (cell.kind == "header" and self.is_head_bold)
            or (cell.kind == "stub" and self.is_stub_bold)
        )
        return self.family.bold if is_bold else self.family.regular


def sample_look(rng: Generator, borders: Borders) -> Look:
    """A random look with these borders."""
    family = FAMILIES[pick(rng, tuple(FAMILIES))]
    size = rng.uniform(8, 13)
    ink = pick(rng, _INKS)
    head_fill, head_ink = None, ink
    if borders == "zebra" or (borders not in ("booktabs", "none") and happens(rng, 0.5)):
        is_dark = happens(rng, 0.5)
        head_fill = pick(rng, _DARK_FILLS if is_dark else _LIGHT_FILLS)
        head_ink = WHITE if is_dark else ink
    faint: tuple[Colour, ...] = (ink, ink, (0.5, 0.5, 0.5), (0.65, 0.68, 0.72))
    return Look(
        borders=borders,
        family=family,
        size=size,
        leading=rng.uniform(1.2, 1.45),
        pad_x=size * rng.uniform(0.45, 1.1),
        pad_y=size * rng.uniform(0.12, 0.5),
        margin=size * rng.uniform(1.2, 3.5),
        wrap=size * rng.uniform(7, 14),
        rule=rng.uniform(0.4, 1.1),
        paper=pick(rng, _PAPERS),
        ink=ink,
        rule_ink=pick(rng, faint) if borders in ("ruled", "rows", "boxed") else ink,
        head_fill=head_fill,
        head_ink=head_ink,
        stripe=pick(rng, _STRIPES),
        is_head_bold=borders == "none" or happens(rng, 0.75),
        is_stub_bold=happens(rng, 0.12),
        is_top_aligned=happens(rng, 0.4),
        is_caption_above=happens(rng, 0.7),
        caption_face=pick(rng, family),
    )
