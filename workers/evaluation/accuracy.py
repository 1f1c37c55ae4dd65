"""The accuracy study as Markdown: error rates by script and by document. Pure.

The rate of a group is its errors over the length of its truths, so long pages weigh more; median
and 90th percentile are of its pages. A page that the engine failed on counts as all wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workers.evaluation.rows import Row

_MOST_DOCUMENTS = 50


@dataclass(frozen=True, slots=True)
class Group:
    """Error rates of some pages; `cer_p90` is the CER that nine of ten pages do not exceed."""

    name: str
    pages: int
    failed: int
    chars: int
    cer: float
    wer: float
    cer_median: float
    cer_p90: float


def groups(results: pa.Table, column: str) -> list[Group]:
    """The pages grouped by the value in `column`, the group with most characters first."""
    unordered = [
        _group(name, results.filter(pc.equal(results[column], name)))
        for name in pc.unique(results[column]).to_pylist()
    ]
    return sorted(unordered, key=lambda group: (-group.chars, group.name))


def whole(results: pa.Table) -> Group:
    """All pages as one group."""
    return _group("all", results)


def _group(name: str, rows: pa.Table) -> Group:
    cer = rows["cer"].to_numpy()
    chars, words = pc.sum(rows["truth_chars"]).as_py(), pc.sum(rows["truth_words"]).as_py()
    return Group(
        name=name,
        pages=rows.num_rows,
        failed=rows.num_rows - rows["reason"].null_count,
        chars=chars,
        cer=pc.sum(rows["char_errors"]).as_py() / max(chars, 1),
        wer=pc.sum(rows["word_errors"]).as_py() / max(words, 1),
        cer_median=float(np.median(cer)),
        cer_p90=float(np.percentile(cer, 90)),
    )


def worst(results: pa.Table, count: int) -> list[Row]:
    """The rows of the pages with the highest character error rates, worst first."""
    order = [("cer", "descending"), ("page_id", "ascending")]
    rows: list[Row] = results.sort_by(order).slice(0, count).to_pylist()
    return rows


def markdown(results: pa.Table, facts: Mapping[str, object], report: str) -> str:
    """The study as one Markdown page; `report` is the name of the HTML file beside it."""
    documents = groups(results, "source_uri")
    shown = sorted(documents, key=lambda group: (-group.cer, group.name))[:_MOST_DOCUMENTS]
    lines = [
        "# Accuracy study",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        f"- the worst pages, beside their readings: [{report}]({report})",
        "",
        "Character and word error rates: edit distance over the length of the truth. Texts are "
        "compared without Markdown, in Unicode NFKC, with one form of quotes and dashes and one "
        "space; case, punctuation and order count.",
        "",
        *table("script", [*groups(results, "script"), whole(results)]),
        "",
        *table("document" if len(shown) == len(documents)
               else f"document ({len(shown)} worst of {len(documents)})", shown),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def table(what: str, rows: Iterable[Group]) -> Iterator[str]:
    """Groups as the lines of a Markdown table."""
    heads = ["pages", "not read", "characters", "CER", "WER", "median CER", "90th percentile"]
    yield _line([what, *heads])
    yield _line(["---", *["--:"] * len(heads)])
    for row in rows:
        name = row.name.replace("|", "\\|")
        counts = [f"{count:,}" for count in (row.pages, row.failed, row.chars)]
        rates = [f"{100 * rate:.2f} %" for rate in (row.cer, row.wer, row.cer_median, row.cer_p90)]
        yield _line([name, *counts, *rates])


def _line(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"
