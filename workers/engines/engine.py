"""What every engine is: the one method and the names that the rest of the project uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from schemas.pages import PageImage, Reading


class Engine(Protocol):
    """Reads page images: as many readings as pages, in the same order, never raising for a page.

    `name` to `guard` are written into each row whose text the engine read. A model that can be
    asked in several ways is several engines over the same weights, which `retries` and `figure`
    give.
    """

    @property
    def name(self) -> str:
        """The engine's name in a recipe."""
        ...

    @property
    def model(self) -> str:
        """The checkpoint: a Hub id, a folder, or the name of a model that a package carries."""
        ...

    @property
    def revision(self) -> str:
        """The checkpoint's commit, its folder's digest, or the version of the package."""
        ...

    @property
    def mode(self) -> str:
        """The resolution setting."""
        ...

    @property
    def task(self) -> str:
        """What the model is asked for."""
        ...

    @property
    def guard(self) -> str:
        """The n-gram guard as `size/window`, empty for none."""
        ...

    @property
    def is_continuous(self) -> bool:
        """Whether pages of several calls share its batch: threads may call `read` side by side."""
        ...

    @property
    def retries(self) -> Sequence[Engine]:
        """What to try in turn when a reading failed or is bad: a stronger guard, a larger mode."""
        ...

    @property
    def figure(self) -> Engine | None:
        """The engine for regions cut out of pages; None where the model has no prompt for them."""
        ...

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        The error is `loop` where the model repeated itself, `no_end` where it gave no end token.
        """
        ...
