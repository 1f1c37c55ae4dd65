"""The compression study as Markdown: from per-page results to the paper's table. Pure.

Precision is 1 - the normalised edit distance, averaged over pages as in the benchmark.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.evaluation import BUCKET_TOKENS
from workers.evaluation.paper import PAPER

_LOWEST, _HIGHEST = PAPER[0].bucket, PAPER[-1].bucket + BUCKET_TOKENS
_MEANS = (
    "compression", "precision", "char_precision", "char_recall", "cer",
    "word_precision", "word_recall", "word_f1", "bleu",
)  # fmt: skip
_SHARES = (
    "precision", "precision_median", "precision_p10", "char_precision", "char_recall", "cer",
    "word_precision", "word_recall", "word_f1", "bleu",
)  # fmt: skip
_NOT_MEASURED = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """The pages of one mode whose texts have at least `lowest` and under `highest` text tokens.

    `highest` is None for no limit; `compression` is None if no page has a cost.
    """

    mode: str
    lowest: int
    highest: int | None
    pages: int
    precision: float
    compression: float | None


def modes_of(results: pa.Table) -> list[str]:
    """The modes of a table of results, from few vision tokens to many."""
    names: list[str] = pc.unique(results["mode"]).to_pylist()
    costs = {name: _mean(_rows(results, name)["vision_tokens"]) or 0.0 for name in names}
    return sorted(names, key=lambda name: (costs[name], name))


def cells(results: pa.Table) -> Iterator[Cell]:
    """The cells that have pages, by mode and then by text tokens, in the paper's buckets of 100.

    All pages with fewer tokens than the paper's are one bucket, all with more another.
    """
    edges = [0, *range(_LOWEST, _HIGHEST + 1, BUCKET_TOKENS), None]
    for mode in modes_of(results):
        rows = _rows(results, mode)
        tokens = rows["text_tokens"].to_numpy()
        for lowest, highest in itertools.pairwise(edges):
            assert lowest is not None
            inside = tokens >= lowest if highest is None else _between(tokens, lowest, highest)
            if inside.any():
                members = rows.filter(pa.array(inside))
                yield Cell(
                    mode,
                    lowest,
                    highest,
                    members.num_rows,
                    _mean(members["precision"]) or 0.0,
                    _mean(members["compression"]),
                )


def summary(results: pa.Table) -> list[dict[str, object]]:
    """One record a mode: its pages, failed pages, image size, and the means of all measures."""
    records: list[dict[str, object]] = []
    for mode in modes_of(results):
        rows = _rows(results, mode)
        edges = np.maximum(rows["width"].to_numpy(), rows["height"].to_numpy())
        precision = rows["precision"].to_numpy()
        records.append(
            {
                "mode": mode,
                "pages": rows.num_rows,
                "failed": rows.num_rows - rows["reason"].null_count,
                "enlarged": int((edges > rows["source_edge_px"].to_numpy()).sum()),
                "longest_edge_px": int(np.median(edges)),
                "vision_tokens": _mean(rows["vision_tokens"]),
                "precision_median": float(np.median(precision)),
                "precision_p10": float(np.percentile(precision, 10)),
                **{name: _mean(rows[name]) for name in _MEANS},
            }
        )
    return records


def markdown(results: pa.Table, facts: Mapping[str, object], plot: str) -> str:
    """The study as one Markdown page; `plot` is the name of the picture beside it."""
    records = summary(results)
    lines = [
        "# Compression study",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        "",
        "Precision (mean of 1 − normalised edit distance) and compression (text tokens per vision "
        "token) by the text tokens of a page. In the last columns DeepSeek-OCR's own, on 100 other "
        "pages (Fox, English; arXiv 2510.18234, table 2): the paper does not say how its precision "
        "is computed, and its text tokens are its own tokenizer's.",
        "",
        *_paper_table(list(cells(results)), [str(record["mode"]) for record in records]),
        "",
        f"![Precision against compression]({plot})",
        "",
        "All pages, by mode. Characters are compared by alignment; words as Fox does, the sets of "
        "different words.",
        "",
        *_mode_table(records),
    ]
    if any(record["enlarged"] for record in records):
        lines += ["", "Some pages are smaller in their source than in a mode, and were enlarged: "
                  "what is shown there is what the smaller page holds."]  # fmt: skip
    return "\n".join(lines) + "\n"


def _paper_table(measured: Sequence[Cell], modes: Sequence[str]) -> Iterator[str]:
    by_place = {(cell.lowest, cell.mode): cell for cell in measured}
    paper = {row.bucket: row for row in PAPER}
    heads = [head for mode in modes for head in (f"{mode}: precision", "compression")]
    theirs = ["DeepSeek-OCR 64: precision", "compression",
              "DeepSeek-OCR 100: precision", "compression"]  # fmt: skip
    yield _line(["text tokens", "pages", *heads, *theirs])
    yield _line(["---", *["--:"] * (1 + len(heads) + len(theirs))])
    for lowest in sorted({cell.lowest for cell in measured} | paper.keys()):
        cell_of = [by_place.get((lowest, mode)) for mode in modes]
        pages = max((cell.pages for cell in cell_of if cell), default=0)
        row = [_label(lowest), str(pages)]
        for cell in cell_of:
            row += [_percent(cell and cell.precision), _times(cell and cell.compression)]
        their = paper.get(lowest)
        row += (
            [_percent(their.tiny_precision), _times(their.tiny_compression),
             _percent(their.small_precision), _times(their.small_compression)]
            if their else [_NOT_MEASURED] * 4
        )  # fmt: skip
        yield _line(row)


def _mode_table(records: Sequence[Mapping[str, object]]) -> Iterator[str]:
    yield _line(
        ["mode", "pages", "not read", "longest edge, px", "vision tokens", "compression",
         "precision", "median", "10th percentile", "characters: precision", "recall", "CER",
         "words: precision", "recall", "F1", "BLEU"]
    )  # fmt: skip
    yield _line(["---", *["--:"] * 15])
    for record in records:
        yield _line(
            [
                str(record["mode"]),
                *(f"{record[name]:,}" for name in ("pages", "failed", "longest_edge_px")),
                _number(record["vision_tokens"]),
                _times(record["compression"]),
                *(_percent(record[name]) for name in _SHARES),
            ]
        )


def _label(lowest: int) -> str:
    if lowest == 0:
        return f"under {_LOWEST}"
    return f"{_HIGHEST} and more" if lowest == _HIGHEST else f"{lowest}–{lowest + BUCKET_TOKENS}"


def _line(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"


def _percent(share: object) -> str:
    return f"{100 * share:.1f} %" if isinstance(share, float) else _NOT_MEASURED


def _times(ratio: object) -> str:
    return f"{ratio:.1f}×" if isinstance(ratio, float) else _NOT_MEASURED


def _number(value: object) -> str:
    return f"{value:,.0f}" if isinstance(value, float) else _NOT_MEASURED


def _rows(results: pa.Table, mode: str) -> pa.Table:
    return results.filter(pc.equal(results["mode"], mode))


def _between(tokens: np.ndarray, lowest: int, highest: int) -> np.ndarray:
    return (tokens >= lowest) & (tokens < highest)


def _mean(column: pa.ChunkedArray) -> float | None:
    """The mean of the values that are not null; None if all are."""
    value = pc.mean(column).as_py()
    return None if value is None else float(value)
