"""Draw a chart of random numbers: bars, lines, a pie or points; the text is its HTML table.

The content is chosen first, then drawn by one of two libraries. Every number can be read off the
picture exactly: see `data`.
"""

from __future__ import annotations

from numpy.random import Generator
from PIL import Image

from schemas.charts import ChartSource
from schemas.pages import Block
from workers.synthetic.charts.choice import sample_chart
from workers.synthetic.charts.data import Chart, to_html
from workers.synthetic.charts.look import Look, sample_look
from workers.synthetic.drawn import Drawn
from workers.synthetic.sampling import pick


def draw(rng: Generator, settings: ChartSource) -> Drawn:
    """One chart. Raises RequestError where the library that it is drawn with is not installed."""
    picture, chart = draw_chart(rng, settings)
    text = to_html(chart)
    return Drawn(picture, text, (Block("chart", (0.0, 0.0, 1.0, 1.0), text),))


def draw_chart(rng: Generator, settings: ChartSource) -> tuple[Image.Image, Chart]:
    """The picture of a chart, and its content."""
    library = pick(rng, settings.libraries)
    kind = pick(rng, settings.kinds)
    look = sample_look(rng, settings)
    chart = sample_chart(rng, kind, look)
    return _draw_with(library, chart, look), chart


def _draw_with(library: str, chart: Chart, look: Look) -> Image.Image:
    # Imported late: a process that draws no charts needs neither.
    if library == "vega":
        from workers.synthetic.charts import by_vega

        return by_vega.draw_chart(chart, look)
    from workers.synthetic.charts import by_matplotlib

    return by_matplotlib.draw_chart(chart, look)
