"""Settings of the generators of charts and formulas, which are sources of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from schemas.part import Part, PositiveInt

ChartKind = Literal["bar", "horizontal", "grouped", "stacked", "line", "pie", "scatter"]
ChartLibrary = Literal["matplotlib", "vega"]
Edge = Annotated[int, Field(ge=480, le=4096)]
Aspect = Annotated[float, Field(ge=0.5, le=2.5)]
Difficulty = Annotated[int, Field(ge=1, le=5)]


class ChartSource(Part):
    """Charts with their numbers as an HTML table.

    `horizontal` is a bar chart on its side; `grouped` and `stacked` have several series.
    """

    charts: PositiveInt = Field(description="how many")
    seed: int = 0
    kinds: Annotated[tuple[ChartKind, ...], Field(min_length=1)] = (
        "bar",
        "horizontal",
        "grouped",
        "stacked",
        "line",
        "pie",
        "scatter",
    )
    libraries: Annotated[tuple[ChartLibrary, ...], Field(min_length=1)] = ("matplotlib", "vega")
    longest_edge_px: tuple[Edge, Edge] = Field(
        default=(560, 1200), description="least and most; drawn evenly between them"
    )
    aspect: tuple[Aspect, Aspect] = Field(default=(0.7, 1.9), description="width to height")

    @field_validator("longest_edge_px", "aspect")
    @classmethod
    def _ordered(cls, value: tuple[float, float]) -> tuple[float, float]:
        _check_order(value)
        return value


class FormulaSource(Part):
    """Formulas with their LaTeX.

    Difficulty 1 is a short relation without fractions in fractions; 5 has several lines, matrices
    and deep nesting.
    """

    formulas: PositiveInt = Field(description="how many pictures")
    seed: int = 0
    difficulty: tuple[Difficulty, Difficulty] = Field(default=(1, 5), description="least and most")
    max_on_a_page: PositiveInt = Field(
        default=4, le=12, description="more than one are numbered where they are"
    )

    @field_validator("difficulty")
    @classmethod
    def _ordered(cls, value: tuple[int, int]) -> tuple[int, int]:
        _check_order(value)
        return value


def _check_order(value: tuple[float, float]) -> None:
    if value[0] > value[1]:
        raise ValueError(f"{list(value)}: the first must not exceed the second")
