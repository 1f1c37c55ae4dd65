"""Loads the engine that a recipe names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.engine_spec import EngineSpec
from workers.engines.engine import Engine

if TYPE_CHECKING:
    from workers.engines.layout_first import PlannedEngine


def load_engine(
    spec: EngineSpec,
    threads: int | None = None,
    batch_pages: int | None = None,
    has_layout: bool = True,
    page_timeout_s: float | None = None,
) -> Engine:
    """Load the engine that `spec` names.

    Args:
        spec: the engine part of a recipe.
        threads: default, all cores.
        batch_pages: how many pages `transformers` or `vllm` reads at once; default, what fits the
            device, and 256.
        has_layout: an engine that finds lines has the layout model name its blocks.
        page_timeout_s: how long servers may take for a page; default, `endpoint`'s own.

    Raises:
        NoEngineError: the engine, its package or its checkpoint is missing: a retry is useless.
        ModelError: it cannot be loaded now.
    """
    # Imported here: an engine's libraries are loaded only by the process that runs it.
    if spec.name == "rapidocr":
        from workers.engines.rapidocr import RapidOcrEngine

        return RapidOcrEngine(threads, has_layout)
    if spec.name == "ppocr":
        from workers.engines.ppocr.engine import PpOcrEngine

        return PpOcrEngine(threads, has_layout=has_layout)
    from workers.engines.layout_first import in_passes

    return in_passes(_load_model_engine(spec, threads, batch_pages, page_timeout_s))


def _load_model_engine(
    spec: EngineSpec,
    threads: int | None,
    batch_pages: int | None,
    page_timeout_s: float | None,
) -> PlannedEngine:
    """An engine that reads with a profile of a model."""
    if spec.name == "transformers":
        from workers.engines.transformers import load_transformers

        return load_transformers(spec, threads, batch_pages)
    if spec.name == "vllm":
        from workers.engines.vllm.engine import load_vllm

        return load_vllm(spec, batch_pages)
    from workers.engines.endpoint.engine import load_endpoint

    return load_endpoint(spec, page_timeout_s)
