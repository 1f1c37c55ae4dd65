"""Draw a style from a space of typography, and measure how much of a space styles cover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from numpy.random import Generator

from schemas.typography import Alignment, Family, MonoFamily, Space, Span, Theme, page_points
from workers.synthetic.sampling import pick
from workers.synthetic.text.fonts import Script, can_set

_BINS = 8
_LEAST_COLUMN_EM = 13.0
"""About 26 Latin letters a line, or 13 Chinese ones: below, justified lines have holes."""
_LEAST_LINE_HEIGHT: dict[Script, float] = {
    "arabic": 1.5,
    "devanagari": 1.5,
    "thai": 1.5,
    "han": 1.25,
    "kana": 1.25,
    "hangul": 1.25,
    "other": 1.5,
}
"""The line heights below which the fallback fonts' marks would touch the next line."""


@dataclass(frozen=True, slots=True)
class Style:
    """One choice of every field of a `Space`, in its units."""

    page_size: str
    dpi: float | None
    family: Family
    code_family: MonoFamily
    font_size_pt: float
    line_height: float
    margin_x_pt: float
    margin_y_pt: float
    columns: int
    column_gap_pt: float
    alignment: Alignment
    paragraph_gap: float
    first_indent_em: float
    heading_scale: float
    theme: Theme

    @property
    def page_pt(self) -> tuple[float, float]:
        """Width and height of the page in points."""
        return page_points(self.page_size)

    def column_width_pt(self, columns: int) -> float:
        """The width of one of `columns` columns in points."""
        gaps = (columns - 1) * self.column_gap_pt
        return (self.page_pt[0] - 2 * self.margin_x_pt - gaps) / columns


def sample(rng: Generator, space: Space, script: Script = "latin") -> Style:
    """A random style of `space` for texts mostly in `script`.

    The family has the script, if any in the space has it. The line height is enough for the
    script, as far as the space allows; columns are wide enough for a line, and margins leave half
    the page.
    """
    page_size = pick(rng, space.page_size)
    width, height = page_points(page_size)
    able = [family for family in space.family if can_set(family, script)]
    least = _LEAST_LINE_HEIGHT.get(script, 1.0)
    low, high = space.line_height
    size, heading_scale = _within(rng, space.font_size_pt), _within(rng, space.heading_scale)
    style = Style(
        page_size=page_size,
        dpi=None if space.dpi is None else _within(rng, space.dpi),
        family=pick(rng, able or space.family),
        code_family=pick(rng, space.code_family),
        font_size_pt=size,
        line_height=_within(rng, (min(max(low, least), high), high)),
        margin_x_pt=min(_within(rng, space.margin_x_pt), width / 4),
        # Accents of the first line reach above it by up to half its font size.
        margin_y_pt=max(min(_within(rng, space.margin_y_pt), height / 4), size * heading_scale / 2),
        columns=1,
        column_gap_pt=_within(rng, space.column_gap_pt),
        alignment=pick(rng, space.alignment),
        paragraph_gap=_within(rng, space.paragraph_gap),
        first_indent_em=_within(rng, space.first_indent_em),
        heading_scale=heading_scale,
        theme=pick(rng, space.theme),
    )
    wanted = pick(rng, space.columns)
    return replace(style, columns=_columns(style, wanted, min(space.columns)))


def _columns(style: Style, wanted: int, least: int) -> int:
    """`wanted` columns, or fewer where their lines would be too short, but at least `least`."""
    em = style.font_size_pt * _LEAST_COLUMN_EM
    return next((n for n in range(wanted, least, -1) if style.column_width_pt(n) >= em), least)


def _within(rng: Generator, span: Span) -> float:
    # Rounded to hundredths, as in the style sheet; a fixed value stays as it is.
    low, high = span
    drawn = rng.uniform(low, high)
    return low if low == high else min(max(round(drawn, 2), low), high)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of a field's bins contain a style."""

    field: str
    hit: int
    bins: int


def coverage(styles: Iterable[Style], space: Space) -> tuple[Coverage, ...]:
    """The coverage of each field of `space` that leaves a choice.

    A range has eight bins of equal width; a list has one for each different choice.
    """
    styles = tuple(styles)
    report = []
    for field in fields(space):
        choices = getattr(space, field.name)
        values = [getattr(style, field.name) for style in styles]
        if choices is None:
            continue
        if isinstance(choices[0], float | int) and field.name != "columns":
            low, high = choices
            if low < high:
                hit = {min(int(_BINS * (v - low) / (high - low)), _BINS - 1) for v in values}
                report.append(Coverage(field.name, len(hit), _BINS))
        elif len(different := tuple(dict.fromkeys(choices))) > 1:
            hit_choices = [choice for choice in different if choice in values]
            report.append(Coverage(field.name, len(hit_choices), len(different)))
    return tuple(report)
