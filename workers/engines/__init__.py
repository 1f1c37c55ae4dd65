"""Engines: code that reads page images with a model. One module each, all behind one method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from schemas.pages import PageImage, Reading
from schemas.recipe import EngineSpec


class Engine(Protocol):
    """Reads page images: as many readings as pages, in the same order, never raising for a page.

    The four names are written into every row that the engine's text ends in.
    """

    name: str
    model: str
    revision: str
    mode: str

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error."""
        ...


def load_engine(spec: EngineSpec, threads: int | None = None) -> Engine:
    """Load the engine that `spec` names. Raises ModelError where it cannot be loaded."""
    # Imported here: an engine's libraries are loaded only by the process that runs it.
    from workers.engines.rapidocr import RapidOcrEngine

    return RapidOcrEngine(threads=threads)
