import itertools
import math
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image, ImageChops

from schemas.charts import ChartKind, ChartLibrary, ChartSource
from schemas.errors import RequestError
from tests.many import few
from workers.synthetic.charts import by_matplotlib, by_vega
from workers.synthetic.charts.choice import sample_chart
from workers.synthetic.charts.data import Chart, Scale, Series, to_html
from workers.synthetic.charts.drawing import draw, draw_chart
from workers.synthetic.charts.fonts import own_settings
from workers.synthetic.charts.look import Look, sample_look
from workers.text.signatures import image_hash

SMALL = ChartSource(charts=1, longest_edge_px=(480, 560))
KINDS = ChartSource(charts=1).kinds
LIBRARIES = ChartSource(charts=1).libraries


class _Table(HTMLParser):
    """Rows of cells; refuses tags that are not closed in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            assert self.open == ["table", "thead" if tag == "th" else "tbody", "tr", tag]
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def _sampled(kind: ChartKind, seed: int) -> tuple[Chart, Look]:
    rng = np.random.default_rng(seed)
    look = sample_look(rng, ChartSource(charts=1))
    return sample_chart(rng, kind, look), look


def _columns(chart: Chart) -> list[list[float]]:
    """The numbers of the table, column by column; of a pie, the shares of the whole."""
    header, *rows = _Table(to_html(chart)).rows
    assert rows
    assert all(len(row) == len(header) for row in rows)
    first = 1 if chart.across is None or len(chart.series) > 1 else 0
    numbers = [[float(cell.replace(",", "")) for cell in row[first:]] for row in rows]
    return [list(column) for column in zip(*numbers, strict=True)]


def _in_matplotlib(chart: Chart, look: Look) -> list[list[float]]:
    """What the figure's own objects plot, in the order of the table's columns."""
    with own_settings():
        axes = by_matplotlib.compose(chart, look).axes[0]
    if chart.kind == "pie":
        return [[(wedge.theta2 - wedge.theta1) / 360 for wedge in axes.patches]]
    if chart.kind in ("line", "scatter"):
        lines = [line for line in axes.lines if line.get_marker() != "none"]
        if chart.kind == "line":
            return [list(line.get_ydata()) for line in lines]
        points = [sorted(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in lines]
        return [list(column) for column in zip(*itertools.chain(*points), strict=True)]
    if chart.kind == "horizontal":
        return [[bar.get_width() for bar in axes.patches]]
    return [[bar.get_height() for bar in bars] for bars in axes.containers]


def _in_vega(chart: Chart, look: Look) -> list[list[float]]:
    """What the specification's data and encodings plot."""
    spec = by_vega.specification(chart, look)
    rows = spec["data"]["values"]
    if chart.kind == "pie":
        return [[(row["end"] - row["start"]) / (2 * math.pi) for row in rows]]
    if chart.kind == "scatter":
        names = [series.name for series in chart.series]
        rows = sorted(rows, key=lambda r: (names.index(r["series"]), r["place"], r["value"]))
        return [[row["place"] for row in rows], [row["value"] for row in rows]]
    grouped = itertools.groupby(rows, key=lambda row: row["series"])
    return [[row["value"] - row.get("floor", 0) for row in group] for _, group in grouped]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_cells_equal_what_is_plotted(kind: ChartKind, library: ChartLibrary) -> None:
    for seed in range(few(4, of=8) if library == "matplotlib" else few(20, of=60)):
        chart, look = _sampled(kind, seed)
        cells = _columns(chart)
        plotted = (_in_matplotlib if library == "matplotlib" else _in_vega)(chart, look)
        if kind == "pie":
            cells = [[value / sum(cells[0]) for value in cells[0]]]
            assert plotted[0] == pytest.approx(cells[0], abs=1e-9)
            continue
        scales = [chart.scale] * len(plotted)
        if chart.across is not None:
            scales[0] = chart.across
        found = [
            [value / 10**scale.decimals for value in column]
            for column, scale in zip(plotted, scales, strict=True)
        ]
        assert found == cells


@pytest.mark.parametrize("kind", KINDS)
def test_all_numbers_can_be_read_off(kind: ChartKind) -> None:
    for seed in range(few(60, of=200)):
        chart, _ = _sampled(kind, seed)
        scale = chart.scale
        values = [value for series in chart.series for value in series.values]
        if not chart.is_labelled:
            assert all(value in scale.lines for value in values)
            assert len(scale.lines) <= 32
        assert len({scale.tick_text(tick) for tick in scale.ticks}) == len(scale.ticks)
        heights = (
            [sum(bar) for bar in zip(*(s.values for s in chart.series), strict=True)]
            if (kind == "stacked")
            else values
        )
        assert scale.low <= min(heights)
        assert max(heights) <= scale.high
        if chart.across is not None:
            places = [place for series in chart.series for place in series.places]
            assert all(place in chart.across.lines for place in places)
            assert len(set(zip(places, values, strict=True))) == len(places) >= 3
        else:
            assert len(set(chart.categories)) == len(chart.categories) >= 3
            assert len({series.name for series in chart.series}) == len(chart.series)


@pytest.mark.parametrize("kind", KINDS)
def test_no_words_touch_in_matplotlib(kind: ChartKind) -> None:
    from matplotlib.text import Text

    for seed in range(4):
        chart, look = _sampled(kind, seed)
        with own_settings():
            figure = by_matplotlib.compose(chart, look)
            figure.canvas.draw()
            boxes = [
                text.get_window_extent()
                for text in figure.findobj(Text)
                # The box around slanting words says nothing.
                if text.get_visible() and text.get_text() and text.get_rotation() % 90 == 0
            ]
        for i, a in enumerate(boxes):
            assert a.x0 > 0
            assert a.x1 < look.width
            assert a.y0 > 0
            assert a.y1 < look.height
            for b in boxes[:i]:
                apart = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
                assert min(apart) < 1.5, (chart, apart)


@pytest.mark.parametrize("library", LIBRARIES)
def test_bars_are_as_tall_in_pixels_as_their_cells_say(library: ChartLibrary) -> None:
    settings = SMALL.model_copy(update={"kinds": ("bar",), "libraries": (library,)})
    measured = 0
    for seed in range(24):
        rng = np.random.default_rng(seed)
        look = sample_look(rng, settings)
        chart = sample_chart(rng, "bar", look)
        if look.outline_px or len({look.palette[0], look.ink, look.grid, look.plot}) < 4:
            continue
        drawing = by_vega if library == "vega" else by_matplotlib
        pixels = np.asarray(drawing.draw_chart(chart, look))
        colour = [int(look.palette[0][i : i + 2], 16) for i in (1, 3, 5)]
        heights = (pixels == colour).all(axis=2).sum(axis=0)
        inside = np.flatnonzero(np.diff(np.pad((heights > 0).astype(int), 1)))
        found = [heights[a:b].max() for a, b in zip(inside[::2], inside[1::2], strict=True)]
        (series,) = chart.series
        expected = np.array(series.values) * max(found) / max(series.values)
        # An edge between two pixels is of neither colour.
        assert np.abs(np.array(found) - expected).max() <= 2
        measured += 1
        if measured == few(5, of=24):
            break
    assert measured >= 5


def test_pictures_differ_and_nothing_is_cut() -> None:
    hashes, count = set(), few(12, of=80)
    for seed in range(count):
        drawn = draw(np.random.default_rng(seed), SMALL)
        grey = drawn.picture.convert("L")
        hashes.add(image_hash(grey))
        frame = grey.copy()
        frame.paste(frame.getpixel((0, 0)), (2, 2, grey.width - 2, grey.height - 2))
        assert frame.getextrema()[0] == frame.getextrema()[1], seed
        assert grey.getextrema()[1] - grey.getextrema()[0] > 100
        (block,) = drawn.blocks
        assert block.text == drawn.text
    assert len(hashes) == count


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_same_choices_make_the_same_picture(library: ChartLibrary) -> None:
    settings = SMALL.model_copy(update={"libraries": (library,)})
    for seed in range(4):
        first, again = (draw(np.random.default_rng(seed), settings) for _ in range(2))
        assert first == again
        assert ImageChops.difference(first.picture, again.picture).getbbox() is None


def test_a_users_settings_of_matplotlib_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    from workers.synthetic.charts import fonts as charts_fonts

    settings = SMALL.model_copy(update={"libraries": ("matplotlib",)})
    before = draw(np.random.default_rng(3), settings)
    charts_fonts._overridden.cache_clear()
    with matplotlib.rc_context({"axes.grid": True, "font.size": 30, "lines.linewidth": 9}):
        assert draw(np.random.default_rng(3), settings) == before
    charts_fonts._overridden.cache_clear()


def test_markup_in_words_stays_text() -> None:
    scale = Scale("Growth (%)", 0, 40, 10, 10, 0)
    chart = Chart("bar", "R&D <b>", "Group", ("<25", "25 & up"), (Series("x", (10, 20)),), scale)
    assert _Table(to_html(chart)).rows[1:] == [["<25", "10"], ["25 & up", "20"]]
    assert "<caption>R&amp;D &lt;b&gt;</caption>" in to_html(chart)


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    by_vega._engine.cache_clear()
    with pytest.raises(RequestError, match=r"vl-convert-python: pip install 'pagefoundry"):
        draw_chart(np.random.default_rng(0), SMALL.model_copy(update={"libraries": ("vega",)}))


def test_the_picture_has_the_size_that_was_asked_for() -> None:
    for library, seed in itertools.product(LIBRARIES, range(few(3, of=7))):
        settings = SMALL.model_copy(update={"libraries": (library,)})
        picture: Image.Image = draw(np.random.default_rng(seed), settings).picture
        assert 480 <= max(picture.size) <= 560
        assert picture.mode == "RGB"
