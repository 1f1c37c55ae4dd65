"""Engines read page images with a model. There is one module an engine, all behind `Engine`.

Owns: loading the models, asking them, and making readings of their output. Does not: rasterise
pages, or read a page again when its reading is bad (`workers.reading`).

    engine = load_engine(EngineSpec())              # the default: rapidocr
    [reading] = engine.read([PageImage(page_id, data, width, height)])
    reading.text, reading.blocks, reading.error     # error: None for a page that was read

Start reading in `engine` and `load`, then in `rapidocr`, the smallest engine. `requirements` says
whether an engine can be used, without loading it.
"""

from workers.engines.engine import Engine
from workers.engines.load import load_engine

__all__ = ["Engine", "load_engine"]
