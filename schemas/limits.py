"""Limits: how much of a version may come from one source."""

from __future__ import annotations

from pydantic import Field

from schemas.part import Part, PositiveInt


class Limits(Part):
    """The most documents of one source, and of one family of near duplicates in it."""

    per_source: PositiveInt | None = Field(
        default=None,
        description="The most documents of one source. Which ones does not depend on the other "
        "sources.",
    )
    per_family: PositiveInt | None = Field(
        default=None,
        description="The most documents of one source that are near duplicates of each other. "
        "They are chosen before `per_source` counts.",
    )
