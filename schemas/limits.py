"""Limits: how much of a version may come from one source, and what each source has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from pydantic import Field

from schemas.part import Part, PositiveInt


class Limits(Part):
    """The most documents of one source, and of one family of near duplicates in it.

    A source is the host of a document's URL, the container or file of records that holds it, or
    else its folder. A change of limits reads no page again while its rows are staged.
    """

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


class SourceRow(TypedDict):
    """What a source has: documents, families of near duplicates, and the largest of these.

    `taken` are the documents that the limits leave.
    """

    source: str
    documents: int
    taken: int
    families: int
    largest_family: int


class SourcesRecord(TypedDict):
    """How many sources a version has, and those with the most documents."""

    sources: int
    largest: Sequence[SourceRow]


def no_sources() -> SourcesRecord:
    """The record of a version that does not say what its sources have."""
    return {"sources": 0, "largest": []}
