"""The studies: an engine reads pages whose text is known, and the comparison is written to files.

A model is loaded for one mode, so a study of several modes has a pass for each. Engines that read
pixels (rapidocr, ppocr) read all modes in one pass.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from cluster.session import Session
from pipelines.evaluation.study_pass import CRASHED, MakeEngine, Request, counts, measure
from pipelines.steps.tasks import run_tasks
from schemas.evaluation import RESULTS
from schemas.recipe import EngineSpec
from workers import store
from workers.engines import load_engine
from workers.evaluation import accuracy, compression, plots, report
from workers.evaluation.modes import PIXEL_ENGINES, mode_names, pixel_modes
from workers.evaluation.pages import Batch
from workers.evaluation.rows import Row
from workers.rasterising.pictures import decode
from workers.text.measures import TOKENIZER


@dataclass(frozen=True, slots=True)
class Report:
    """What a study measured and wrote. `skipped` counts the unused pages by reason."""

    output: str
    files: tuple[str, ...]
    pages: int
    skipped: dict[str, int]
    summary: list[dict[str, object]]
    groups: list[accuracy.Group] = field(default_factory=list)

    @property
    def crashed(self) -> int:
        """Pages that ended their worker twice and were not measured."""
        return self.skipped.get(CRASHED, 0)


def study_compression(
    request: Request,
    modes: str,
    session: Session,
    console: Console,
    make_engine: MakeEngine = load_engine,
) -> Report:
    """Read pages in each of `modes` (separated by commas); write results, a table and a plot."""
    plots.require_matplotlib()
    if request.engine.name in PIXEL_ENGINES:
        requests = [replace(request, study=replace(request.study, modes=tuple(pixel_modes(modes))))]
    else:
        specs = [_in_mode(request.engine, mode) for mode in mode_names(modes)]
        requests = [replace(request, engine=spec) for spec in specs]
    passes = [measure(each, session, console, make_engine) for each in requests]
    results = _table([row for measured in passes for row in measured.rows])
    skipped = passes[0].skipped  # each pass leaves out the same pages, except for crashed ones
    for measured in passes[1:]:
        skipped |= measured.skipped
    cells = list(compression.cells(results))
    title = f"{_engine(results)}, {_pages(results):,} pages"
    facts = _facts(request, results, skipped)
    files = {
        "results.parquet": _parquet(results),
        "compression.md": compression.markdown(results, facts, "compression.png").encode(),
        "compression.png": plots.compression_plot(cells, title),
    }
    _write(request.output, files)
    return Report(
        request.output, tuple(files), _pages(results), dict(skipped), compression.summary(results)
    )


def study_accuracy(
    request: Request,
    worst_pages: int,
    session: Session,
    console: Console,
    make_engine: MakeEngine = load_engine,
) -> Report:
    """Read pages once; write results, error rates by script and document, and the worst pages."""
    measured = measure(request, session, console, make_engine)
    results, skipped = _table(measured.rows), measured.skipped
    facts = _facts(request, results, skipped)
    shown = _shown(accuracy.worst(results, worst_pages), measured.batches, session)
    by_script = [*accuracy.groups(results, "script"), accuracy.whole(results)]
    tables = [("script", by_script), ("document", accuracy.groups(results, "source_uri"))]
    files = {
        "results.parquet": _parquet(results),
        "accuracy.md": accuracy.markdown(results, facts, "accuracy.html").encode(),
        "accuracy.html": report.html(facts, tables, shown).encode(),
    }
    _write(request.output, files)
    summary = compression.summary(results)
    return Report(request.output, tuple(files), _pages(results), dict(skipped), summary, by_script)


def _in_mode(engine: EngineSpec, mode: str) -> EngineSpec:
    return engine.model_copy(update={"mode": mode})


# ---- what is written ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownPages:
    """A batch, and the pages of it that a report shows."""

    batch: Batch
    page_ids: frozenset[str]


def _shown(
    worst: Sequence[Row], batches: Mapping[str, Batch], session: Session
) -> list[report.WorstPage]:
    """The worst pages with their images, which are rasterised again: results do not hold them."""
    by_batch: dict[int, set[str]] = {}
    for row in worst:
        by_batch.setdefault(id(batches[row["page_id"]]), set()).add(row["page_id"])
    shown = [ShownPages(batches[min(ids)], frozenset(ids)) for ids in by_batch.values()]
    images: dict[str, bytes] = {}
    for made in run_tasks(thumbnails, shown, session):
        images |= made
    return [report.WorstPage(row, images.get(row["page_id"])) for row in worst]


def thumbnails(shown: ShownPages) -> dict[str, bytes]:
    """Small images of some pages of a batch, by page id."""
    return {
        page.page_id: report.thumbnail(decode(page.image.data))
        for page in shown.batch.load().pages
        if page.page_id in shown.page_ids
    }


def _facts(request: Request, results: pa.Table, skipped: Counter[str]) -> dict[str, object]:
    """How the figures were measured, for the head of a report."""
    edges = results["source_edge_px"].to_numpy()
    facts: dict[str, object] = {
        "source": request.source.source,
        "truth": request.source.truth or "of the source: text layers, or the texts of made pages",
        "read by": _engine(results),
        "pages": f"{_pages(results):,}",
        "page images": f"longest edge {edges.min()} to {edges.max()} px",
        "text tokens counted with": TOKENIZER,
    }
    if skipped:
        facts["pages left out"] = counts(skipped)
    return facts


def _engine(results: pa.Table) -> str:
    row = results.slice(0, 1).to_pylist()[0]
    revision = f" at {row['model_revision']}" if row["model_revision"] else ""
    return f"{row['engine']} ({row['model']}{revision})"


def _pages(results: pa.Table) -> int:
    return len(results["page_id"].unique())


def _table(rows: Sequence[Row]) -> pa.Table:
    """The rows sorted by page; those of one page in the order of the modes."""
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["page_id"]), RESULTS)


def _parquet(results: pa.Table) -> bytes:
    out = io.BytesIO()
    # Words repeat; texts never do.
    words = ["engine", "model", "model_revision", "mode", "task", "script", "source_uri", "reason"]
    pq.write_table(results, out, compression="zstd", use_dictionary=words)
    return out.getvalue()


def _write(output: str, files: Mapping[str, bytes]) -> None:
    uri = store.absolute(output)
    store.make_folder(uri)
    for name, data in files.items():
        store.write_bytes(store.join(uri, name), data)
