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

    @property
    def name(self) -> str:
        """As a recipe calls it."""
        ...

    @property
    def model(self) -> str:
        """The checkpoint."""
        ...

    @property
    def revision(self) -> str:
        """The checkpoint's commit, or the version of what carries it."""
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
    def retries(self) -> Sequence[Engine]:
        """Engines over the same weights, to try in turn."""
        ...

    @property
    def figure(self) -> Engine | None:
        """The engine for regions cut out of pages."""
        ...

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        A reading that went round in circles has the error `loop`, one without an end `no_end`.
        """
        ...


def load_engine(
    spec: EngineSpec, threads: int | None = None, batch_pages: int | None = None
) -> Engine:
    """Load the engine that `spec` names. Raises ModelError where it cannot be loaded, of which
    NoEngineError says that there is none.

    `threads` is None for all cores, `batch_pages`, the pages that a `transformers` model reads at
    once, None for what fits its device.
    """
    # Imported here: an engine's libraries are loaded only by the process that runs it.
    if spec.name == "transformers":
        from workers.engines.transformers import load_transformers

        return load_transformers(spec, threads, batch_pages)
    if spec.name == "vllm":
        from workers.engines.vllm.engine import load_vllm

        return load_vllm(spec)
    if spec.name == "ppocr":
        from workers.engines.ppocr.engine import PpOcrEngine

        return PpOcrEngine(threads)
    from workers.engines.rapidocr import RapidOcrEngine

    return RapidOcrEngine(threads)
