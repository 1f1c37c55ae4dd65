"""Settings of the generators of charts and formulas, which are sources of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.part import ONE_OR_MORE, RANGE, Grouped, PositiveInt

ChartKind = Literal["bar", "horizontal", "grouped", "stacked", "line", "pie", "scatter"]
ChartLibrary = Literal["matplotlib", "vega"]
Edge = Annotated[int, Field(ge=480, le=4096)]
Aspect = Annotated[float, Field(ge=0.5, le=2.5)]
Difficulty = Annotated[int, Field(ge=1, le=5)]


class ChartSource(Grouped):
    """Charts with their numbers as an HTML table.

    `horizontal` is a bar chart on its side; `grouped` and `stacked` have several series.
    """

    charts: PositiveInt = Field(description="how many")
    seed: int = 0
    kinds: Annotated[tuple[ChartKind, ...], *ONE_OR_MORE] = (
        "bar",
        "horizontal",
        "grouped",
        "stacked",
        "line",
        "pie",
        "scatter",
    )
    libraries: Annotated[tuple[ChartLibrary, ...], *ONE_OR_MORE] = ("matplotlib", "vega")
    longest_edge_px: Annotated[tuple[Edge, Edge], *RANGE] = Field(
        default=(560, 1200), description="least and most; drawn evenly between them"
    )
    aspect: Annotated[tuple[Aspect, Aspect], *RANGE] = Field(
        default=(0.7, 1.9), description="width to height"
    )


class FormulaSource(Grouped):
    """Formulas with their LaTeX.

    Difficulty 1 is a short relation without fractions in fractions; 5 has several lines, matrices
    and deep nesting.
    """

    formulas: PositiveInt = Field(description="how many pictures")
    seed: int = 0
    difficulty: Annotated[tuple[Difficulty, Difficulty], *RANGE] = Field(
        default=(1, 5), description="least and most"
    )
    max_on_a_page: PositiveInt = Field(
        default=4, le=12, description="more than one are numbered where they are"
    )
