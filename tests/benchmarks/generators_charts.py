"""Charts and formulas drawn on one core: pages/s by generator.

    python -m tests.benchmarks.generators_charts [--pages N]

The figures are CPU time, so that other work on the machine does not change them. The first drawing
of each generator imports and starts its library; it has a column of its own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from schemas.charts import ChartSource, FormulaSource
from workers.synthetic.charts import drawing as charts
from workers.synthetic.drawn import Drawn
from workers.synthetic.formulas import drawing as formulas

Make = Callable[[np.random.Generator], Drawn]


def generators() -> dict[str, Make]:
    made: dict[str, Make] = {}
    for library in ChartSource(charts=1).libraries:
        for kind in ChartSource(charts=1).kinds:
            source = ChartSource(charts=1, kinds=(kind,), libraries=(library,))
            made[f"{library}, {kind}"] = lambda rng, source=source: charts.draw(rng, source)
    for difficulty in range(1, 6):
        settings = FormulaSource(formulas=1, difficulty=(difficulty, difficulty))
        made[f"formulas, difficulty {difficulty}"] = lambda rng, settings=settings: formulas.draw(
            rng, settings
        )
    return made


def cpu_s(make: Make, pages: range) -> float:
    start_s = time.process_time()
    for page in pages:
        make(np.random.default_rng(page))
    return time.process_time() - start_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=20, help="pages of each generator")
    args = parser.parse_args()
    table = Table("generator", "first, ms", "ms a page", "pages/s of a core", title="Drawing")
    for name, make in generators().items():
        first_s = cpu_s(make, range(1))
        page_s = cpu_s(make, range(1, args.pages + 1)) / args.pages
        table.add_row(name, f"{1000 * first_s:.0f}", f"{1000 * page_s:.1f}", f"{1 / page_s:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
