"""The policy `lines` of a recipe: lines that many documents of the corpus share."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from pydantic import Field

from schemas.findings import Action
from schemas.part import Part

KIND = "shared_line"
"""What the policy finds."""


class LineCount(TypedDict):
    """A line as it is compared, and in how many documents it stands."""

    line: str
    documents: int


class SharedLines(Part):
    """Lines that stand in many documents: licences, banners, «Downloaded from …».

    Two lines are the same if they differ only in case, white space and the digits of their numbers.
    Headings, tables, formulas and code are no such lines, nor are lines of fewer than six words.
    """

    documents: Annotated[int, Field(ge=2)] = Field(
        default=1000,
        description="In how many documents a line must stand, after deduplication.",
    )
    action: Literal["cut", "tag"] = Field(
        default="cut",
        description="`cut` takes the line out of text, blocks and picture; `tag` only names it in "
        "the row.",
    )
    min_letters: Annotated[int, Field(ge=16)] = Field(
        default=32,
        description="The letters that a line must have, without those of addresses. A Han or kana "
        "character counts as two.",
    )

    def action_of(self, kind: str) -> Action | None:
        """What becomes of a shared line."""
        return self.action
