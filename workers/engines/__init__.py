"""Engines read page images with a model. There is one module an engine, all behind `Engine`.

Owns: loading the models, asking them, and making readings of their output. Does not: rasterise
pages, or read a page again when its reading is bad (`workers.reading`).

    engine = load_engine(EngineSpec())              # the default: rapidocr
    [reading] = engine.read([PageImage(page_id, data, width, height)])
    reading.text, reading.blocks, reading.error     # error: None for a page that was read

Start reading at `load_engine`, then in `rapidocr`, the smallest engine. `requirements` says
whether an engine can be used, without loading it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from schemas.pages import PageImage, Reading
from schemas.recipe import EngineSpec


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


def load_engine(
    spec: EngineSpec, threads: int | None = None, batch_pages: int | None = None
) -> Engine:
    """Load the engine that `spec` names.

    Args:
        spec: the engine part of a recipe.
        threads: default, all cores.
        batch_pages: how many pages a `transformers` model reads at once; default, what fits its
            device.

    Raises:
        NoEngineError: the engine, its package or its checkpoint is missing: a retry is useless.
        ModelError: it cannot be loaded now.
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
