"""What the sections of a recipe are made of: a frozen model, and types that several use."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Location = Annotated[str, Field(min_length=1)]
PositiveInt = Annotated[int, Field(ge=1)]


def _in_a_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _for_both(value: object) -> object:
    return (value, value) if type(value) in (int, float) else value


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"range {list(limits)}: the first must not exceed the second")
    return limits


ONE_OR_MORE = (BeforeValidator(_in_a_tuple), Field(min_length=1))
"""Of a tuple of words, for which a recipe may give one word."""
RANGE = (BeforeValidator(_for_both), AfterValidator(_ordered))
"""Of a pair, the least and the most, both included; a recipe may give one number for both."""
Locations = Annotated[tuple[Location, ...], *ONE_OR_MORE]


def _is_relative(name: str) -> str:
    steps = name.split("/")
    if "#" in name or ":" in name or any(step in ("", ".", "..") for step in steps):
        raise ValueError(f"{name!r}: give a name or a relative path, without `#` and `:`")
    return name


class Part(BaseModel):
    """A frozen section of a recipe that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Grouped(Part):
    """A source, which may belong to a group of the recipe's mix."""

    group: str | None = Field(default=None, description="of the recipe's `mix`")


class Named(Grouped):
    """A source of files, whose place a dataset need not tell."""

    as_: Annotated[str, AfterValidator(_is_relative)] | None = Field(
        default=None, alias="as", description="stands for the folder in `source_uri`"
    )
