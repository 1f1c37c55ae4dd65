"""What can still be shown of inputs that are not in the dataset: their pictures and texts."""

from __future__ import annotations

from dataclasses import dataclass

from workers.viewing.stored import Picture


@dataclass(frozen=True, slots=True)
class Redrawn:
    """The picture of a rejected page, drawn again from its source; None where `why_not` says why.

    `why_not` is one line for the user: the source is gone, has changed, or cannot be drawn.
    """

    picture: Picture | None
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class RejectText:
    """The text of a rejected page; None where `why_not` says why it was not kept."""

    text: str | None
    why_not: str | None = None
