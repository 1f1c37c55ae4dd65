"""Settings of the generators of charts and formulas, which are sources of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.part import ONE_OR_MORE, RANGE, Grouped, PositiveInt, Seed

ChartKind = Literal["bar", "horizontal", "grouped", "stacked", "line", "pie", "scatter"]
ChartLibrary = Literal["matplotlib", "vega"]
Edge = Annotated[int, Field(ge=480, le=4096)]
Aspect = Annotated[float, Field(ge=0.5, le=2.5)]
Difficulty = Annotated[int, Field(ge=1, le=5)]


class ChartSource(Grouped):
    """Drawn charts; the text of each is an HTML table of its numbers."""

    charts: PositiveInt = Field(description="How many charts to draw.")
    seed: Seed = 0
    kinds: Annotated[tuple[ChartKind, ...], *ONE_OR_MORE] = Field(
        default=("bar", "horizontal", "grouped", "stacked", "line", "pie", "scatter"),
        description="The kinds of chart. `horizontal` is a bar chart on its side; `grouped` and "
        "`stacked` have several series.",
    )
    libraries: Annotated[tuple[ChartLibrary, ...], *ONE_OR_MORE] = Field(
        default=("matplotlib", "vega"), description="The libraries that draw the charts."
    )
    longest_edge_px: Annotated[tuple[Edge, Edge], *RANGE] = Field(
        default=(560, 1200),
        description="The least and the most pixels of a picture's longest edge.",
    )
    aspect: Annotated[tuple[Aspect, Aspect], *RANGE] = Field(
        default=(0.7, 1.9), description="The least and the most ratio of width to height."
    )


class FormulaSource(Grouped):
    """Drawn formulas; the text of each is its LaTeX."""

    formulas: PositiveInt = Field(description="How many pictures to draw.")
    seed: Seed = 0
    difficulty: Annotated[tuple[Difficulty, Difficulty], *RANGE] = Field(
        default=(1, 5),
        description="The least and the most difficulty. 1 is a short relation without nested "
        "fractions; 5 has several lines, matrices and deep nesting.",
    )
    max_on_a_page: PositiveInt = Field(
        default=4,
        le=12,
        description="The most formulas on one picture. Where there is more than one, they are "
        "numbered.",
    )
