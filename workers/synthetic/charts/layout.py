"""Where the words of a chart go, computed before anything is drawn. Sizes are in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workers.synthetic.charts.data import Chart, Series
from workers.synthetic.charts.look import Look

LINE = 1.25  # ems from one line of text to the next


@dataclass(frozen=True, slots=True)
class Labels:
    """The names along an axis: their lines, their turn in degrees, and the room that they take."""

    lines: tuple[tuple[str, ...], ...]
    turn: int
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice of a pie, clockwise from the top in radians, and the words beside it."""

    start: float
    end: float
    words: tuple[str, ...]

    @property
    def middle(self) -> float:
        """The angle of its middle, where its words are."""
        return (self.start + self.end) / 2

    @property
    def is_right(self) -> bool:
        """Whether its words are right of the pie, so that they begin at it."""
        return math.sin(self.middle) >= 0


def title_lines(chart: Chart, look: Look) -> tuple[str, ...]:
    """The title in lines that fit the picture."""
    if not chart.title:
        return ()
    room = look.width - 2.5 * look.pad_px
    return look.wrap(chart.title, room, look.title_px, look.is_title_bold)


def names_below(chart: Chart, look: Look, plot_width: float) -> Labels:
    """The categories under a plot: one line each, wrapped, or turned where they would touch."""
    slot = plot_width / len(chart.categories) - 0.6 * look.font_px
    for lines in (
        tuple((name,) for name in chart.categories),
        tuple(look.wrap(name, slot, look.font_px) for name in chart.categories),
    ):
        width, height = _extent(lines, look)
        if width <= slot and height <= 3 * LINE * look.font_px:
            return Labels(lines, 0, width, height)
    lines = tuple((name,) for name in chart.categories)
    width, height = _extent(lines, look)
    # Lines turned by 45 degrees are an em apart if their slots are 1.41 em wide.
    leans = slot + 0.6 * look.font_px > 2 * look.font_px and 0.71 * width < 0.2 * look.width
    if leans:
        return Labels(lines, 45, 0.71 * (width + height), 0.71 * (width + height))
    return Labels(lines, 90, height, width)


def names_beside(chart: Chart, look: Look) -> Labels:
    """The categories left of a plot, wrapped into a third of the picture."""
    lines = tuple(look.wrap(name, 0.3 * look.width, look.font_px) for name in chart.categories)
    return Labels(lines, 0, *_extent(lines, look))


def _extent(lines: tuple[tuple[str, ...], ...], look: Look) -> tuple[float, float]:
    width = max(look.width_of(line) for name in lines for line in name)
    return width, max(len(name) for name in lines) * LINE * look.font_px


def legend_columns(names: tuple[str, ...], look: Look, title: str = "") -> int:
    """How many entries of a legend above the plot fit side by side."""
    entry = max(look.width_of(name) for name in names) + 4 * look.font_px
    room = look.width - 2.5 * look.pad_px - (look.width_of(title) if title else 0)
    return max(1, min(len(names), int(room / entry)))


def slices(chart: Chart, look: Look) -> tuple[tuple[Slice, ...], bool]:
    """The slices of a pie, and whether it needs a legend.

    Names stand beside the slices if no two of them touch; else they are in a legend, and only the
    numbers stand beside the slices.
    """
    (series,) = chart.series
    whole = sum(series.values)
    ends = [0.0]
    for value in series.values:
        ends.append(ends[-1] + 2 * math.pi * value / whole)
    numbers = [chart.printed(value) for value in series.values]
    named = tuple(
        Slice(start, end, (*look.wrap(name, 0.2 * look.width, look.font_px), number))
        for start, end, name, number in zip(ends, ends[1:], chart.categories, numbers, strict=False)
    )
    width, height = look.width - 2 * look.pad_px, look.height - 2 * look.pad_px
    height -= (len(title_lines(chart, look)) * LINE + 0.5) * look.title_px
    if _are_apart(named, look, pie_radius(width, height, look, named)):
        return named, False
    return tuple(Slice(part.start, part.end, part.words[-1:]) for part in named), True


def pie_radius(width: float, height: float, look: Look, parts: tuple[Slice, ...]) -> float:
    """The radius of a pie in a place of this size, with room for words on all sides."""
    words_px = max(look.width_of(word) for part in parts for word in part.words)
    lines = max(len(part.words) for part in parts)
    across = width / 2 - words_px - look.font_px
    upright = height / 2 - (lines * LINE + 0.6) * look.font_px
    return max(1.0, min(across, upright))


def _are_apart(parts: tuple[Slice, ...], look: Look, radius: float) -> bool:
    if radius < 0.22 * min(look.width, look.height):
        return False
    boxes = []
    for part in parts:
        x, y = words_place(part, look, radius)
        width = max(look.width_of(word) for word in part.words) + look.font_px
        half = (len(part.words) * LINE + 0.4) * look.font_px / 2
        left = x if part.is_right else x - width
        boxes.append((left, y - half, left + width, y + half))
    return not any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        for i, a in enumerate(boxes)
        for b in boxes[:i]
    )


def words_place(part: Slice, look: Look, radius: float) -> tuple[float, float]:
    """Where a slice's words begin, or end if they are left of the pie; halfway up their lines.

    Measured from the pie's centre, y downwards. Words above or below the pie are moved away by up
    to half their height, so that their corners do not touch the arc.
    """
    half = len(part.words) * LINE * look.font_px / 2
    reach = radius + 0.4 * look.font_px
    upright = -math.cos(part.middle)
    return reach * math.sin(part.middle) + (0.2 * look.font_px) * (1 if part.is_right else -1), (
        reach * upright + half * upright
    )


def sides_up(series: Series) -> tuple[bool, ...]:
    """For each point of a line, whether its number goes above it, on the outside of the bend."""
    values = series.values
    return tuple(
        2 * value >= before + after
        for before, value, after in zip(
            (values[1], *values[:-1]), values, (*values[1:], values[-2]), strict=True
        )
    )
