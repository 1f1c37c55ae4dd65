"""Pages/s of the generators of tables, geometry and molecules, on one core.

    python -m tests.benchmarks.generators_figures [--pages N] [--json]

Drawing is measured alone, and together with what follows for every page: the JPEG file, the ink
share and the image hash. Time is this process's own CPU time, so that other work on the machine
does not count. "tries" is the number of figures constructed for each legible one: geometry throws
the others away.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from schemas.figures import FIGURE_KINDS, ChemistrySource, GeometrySource, TableSource
from schemas.recipe import Raster
from workers.rasterising.drawing import ink_share
from workers.rasterising.pictures import encode
from workers.synthetic.chemistry import drawing as chemistry
from workers.synthetic.chemistry.molecules import MOLECULES
from workers.synthetic.drawn import Drawn
from workers.synthetic.geometry import drawing as geometry
from workers.synthetic.geometry.layout import is_legible, placed
from workers.synthetic.geometry.shapes import construct
from workers.synthetic.tables import drawing as tables
from workers.text.signatures import image_hash

Draw = Callable[[np.random.Generator], Drawn]


@dataclass(frozen=True)
class Measured:
    maker: str
    drawn_per_s: float
    pages_per_s: float
    megapixels: float
    kilobytes: float


def makers() -> dict[str, Draw]:
    lines = itertools.cycle(MOLECULES.splitlines())
    molecules = ChemistrySource(chemistry="sample")
    return {
        "tables": lambda rng: tables.draw(rng, TableSource(tables=1)),
        "geometry": lambda rng: geometry.draw(rng, GeometrySource(geometry=1)),
        "chemistry": lambda rng: chemistry.draw(rng, molecules, next(lines)),
    }


def measured(maker: str, draw: Draw, pages: int) -> Measured:
    draw(np.random.default_rng(0))  # warms up: imports and fonts
    drawing = rest = 0.0
    pixels = size = 0
    for number in range(pages):
        start = time.process_time()
        picture = draw(np.random.default_rng(number)).picture
        drawn = time.process_time()
        grey = picture.convert("L")
        ink_share(grey)
        image_hash(grey)
        size += len(encode(picture, Raster()))
        rest += time.process_time() - drawn
        drawing += drawn - start
        pixels += picture.width * picture.height
    return Measured(
        maker,
        pages / drawing,
        pages / (drawing + rest),
        pixels / pages / 1e6,
        size / pages / 1e3,
    )


def tries(figures: int) -> dict[str, float]:
    """Constructions for each legible figure, by kind; labels are left out."""
    rng = np.random.default_rng(1)
    return {
        kind: figures
        / max(1, sum(is_legible(placed(rng, construct(rng, kind))) for _ in range(figures)))
        for kind in FIGURE_KINDS
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    rows = [measured(maker, draw, options.pages) for maker, draw in makers().items()]
    spent = tries(options.pages)
    if options.json:
        print(json.dumps({"makers": [asdict(row) for row in rows], "tries": spent}))
        return
    table = Table("maker", "drawn/s", "pages/s, encoded", "megapixels", "kB a page")
    for row in rows:
        numbers = (row.drawn_per_s, row.pages_per_s, row.megapixels, row.kilobytes)
        table.add_row(row.maker, *(f"{number:.2f}" for number in numbers))
    console = Console()
    console.print(table)
    console.print(
        "tries for a legible figure:",
        ", ".join(f"{kind} {count:.2f}" for kind, count in spent.items()),
    )


if __name__ == "__main__":
    main()
