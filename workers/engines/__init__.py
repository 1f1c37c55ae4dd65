"""Engines: code that reads page images with a model. One module each, all behind one method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from schemas.pages import PageImage, Reading
from schemas.recipe import EngineSpec


class Engine(Protocol):
    """Reads page images: as many readings as pages, in the same order, never raising for a page.

    The names are written into every row that the engine's text ends in. A model that can be asked
    in several ways is several engines over the same weights: `retries` are those to try in turn
    on a page whose reading failed or is bad (a stronger guard, a larger mode), and `figure` is the
    one that reads a region cut out of a page, where the model has a prompt for that.
    """

    name: str
    model: str
    revision: str
    mode: str
    task: str
    guard: str
    retries: Sequence[Engine]
    figure: Engine | None

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        A reading that went round in circles has the error `loop`, one without an end `no_end`.
        """
        ...


def load_engine(spec: EngineSpec, threads: int | None = None) -> Engine:
    """Load the engine that `spec` names. Raises ModelError where it cannot be loaded."""
    # Imported here: an engine's libraries are loaded only by the process that runs it.
    from workers.engines.rapidocr import RapidOcrEngine

    return RapidOcrEngine(threads=threads)
