"""The plot of the compression study: precision against compression, ours and the paper's."""

from __future__ import annotations

import io
from collections.abc import Sequence

from schemas.errors import RequestError
from workers.evaluation.compression import Cell
from workers.evaluation.paper import PAPER

_OURS = ("#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#17becf")
_THEIRS = "#d62728"


def require_matplotlib() -> None:
    """Raises RequestError where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as exc:
        raise RequestError("the plot needs matplotlib: pip install pagefoundry[synthetic]") from exc


def compression_plot(cells: Sequence[Cell], title: str) -> bytes:
    """A PNG with a point for each mode and bucket of text tokens, its area the number of pages.

    Cells without a compression are left out.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    modes = list(dict.fromkeys(cell.mode for cell in cells if cell.compression is not None))
    for number, mode in enumerate(modes):
        points = sorted(
            (cell.compression, 100 * cell.precision, cell.pages)
            for cell in cells
            if cell.mode == mode and cell.compression is not None
        )
        xs, ys, pages = zip(*points, strict=True)
        colour = _OURS[number % len(_OURS)]
        axes.plot(xs, ys, color=colour, linewidth=1, alpha=0.6)
        areas = [12 + 4 * count for count in pages]
        axes.scatter(xs, ys, s=areas, color=colour, alpha=0.8, linewidths=0, label=mode)
    for mark, name, tiny in (("x", "DeepSeek-OCR tiny (64)", True),
                             ("+", "DeepSeek-OCR small (100)", False)):  # fmt: skip
        axes.plot(
            [row.tiny_compression if tiny else row.small_compression for row in PAPER],
            [100 * (row.tiny_precision if tiny else row.small_precision) for row in PAPER],
            color=_THEIRS, linewidth=1, linestyle=":", marker=mark, markersize=7, label=name,
        )  # fmt: skip
    axes.set_xlim(left=0)
    axes.set_ylim(-2, 102)
    axes.set_xlabel("compression: text tokens per vision token")
    axes.set_ylabel("precision: 1 − normalised edit distance, %")
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, markerscale=0.8, title="area: pages", title_fontsize=8)
    out = io.BytesIO()
    # Without its `Software` entry, or matplotlib's version would be in the file.
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
