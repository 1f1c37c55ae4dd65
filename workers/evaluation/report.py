"""The accuracy study as one HTML file: tables, and the worst pages beside their readings. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from PIL import Image
from rapidfuzz.distance import Levenshtein

from workers.evaluation.accuracy import Group
from workers.evaluation.rows import Row
from workers.webpages.webpage import embedded, webpage

_PICTURE_EDGE_PX = 1100
_JPEG_QUALITY = 72
_RIGHT_TO_LEFT = {"Arabic", "Hebrew"}
_STYLE = """
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .2rem .8rem; border-bottom: 1px solid #d8dee4; text-align: right }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere }
.page { display: grid; grid-template-columns: 1.15fr 1fr 1fr; gap: 1.2rem; align-items: start }
.page img { width: 100%; border: 1px solid #d8dee4 }
.text { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .9rem }
h3 { font-size: .85rem; margin: 0 0 .3rem; color: #57606a; font-weight: 600 }
del, ins { text-decoration: none } del { background: #ffd7d5 } ins { background: #cdf0d0 }
@media (max-width: 60rem) { .page { grid-template-columns: 1fr } }
"""


@dataclass(frozen=True, slots=True)
class WorstPage:
    """A page of the report. `picture` is an image file's bytes, None if it could not be drawn."""

    row: Row
    picture: bytes | None


def thumbnail(picture: Image.Image) -> bytes:
    """A page's picture as a JPEG, reduced as far as its text stays legible."""
    small = picture.convert("RGB")
    small.thumbnail((_PICTURE_EDGE_PX, _PICTURE_EDGE_PX), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()


def marked(truth: str, reading: str) -> tuple[str, str]:
    """Both texts as HTML, with what only the truth has in `del`, only the reading in `ins`.

    >>> marked("cat", "cut")
    ('c<del>a</del>t', 'c<ins>u</ins>t')
    """
    left, right = [], []
    for block in Levenshtein.opcodes(truth, reading):
        in_truth = escape(truth[block.src_start : block.src_end])
        in_reading = escape(reading[block.dest_start : block.dest_end])
        is_same = block.tag == "equal"
        left.append(in_truth if is_same or not in_truth else f"<del>{in_truth}</del>")
        right.append(in_reading if is_same or not in_reading else f"<ins>{in_reading}</ins>")
    return "".join(left), "".join(right)


def html(
    facts: Mapping[str, object],
    tables: Sequence[tuple[str, Iterable[Group]]],
    pages: Sequence[WorstPage],
) -> str:
    """The whole file. `tables` are pairs of the name of the first column and the rows."""
    fact_rows = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    group_tables = "\n".join(_table(what, rows) for what, rows in tables)
    sections = "\n".join(_page(page) for page in pages)
    body = (
        f"<table>{fact_rows}</table>\n{group_tables}\n<h1>The {len(pages)} worst pages</h1>\n"
        "<p>Texts as they are compared: without Markdown, white space as one space. "
        f"<del>In the truth only</del>, <ins>in the reading only</ins>.</p>\n{sections}"
    )
    return webpage("Accuracy study", _STYLE, body)


def _table(what: str, rows: Iterable[Group]) -> str:
    heads = (what, "pages", "not read", "characters", "CER", "WER", "median CER", "90th percentile")
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        f"<tr><td>{escape(row.name)}</td><td>{row.pages:,}</td><td>{row.failed:,}</td>"
        f"<td>{row.chars:,}</td><td>{row.cer:.2%}</td><td>{row.wer:.2%}</td>"
        f"<td>{row.cer_median:.2%}</td><td>{row.cer_p90:.2%}</td></tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _page(page: WorstPage) -> str:
    row = page.row
    truth, reading = marked(row["truth"], row["reading"])
    direction = ' dir="rtl"' if row["script"] in _RIGHT_TO_LEFT else ""
    number = row["page_index"] + 1
    failure = f", not read: {escape(row['reason'])}" if row["reason"] else ""
    picture = (
        embedded(page.picture, "jpeg", f"page {number}")
        if page.picture is not None
        else "<p>no picture</p>"
    )
    return (
        f"<section><h2>{escape(row['source_uri'])}, page {number}</h2>"
        f"<p>CER {row['cer']:.2%}, WER {row['wer']:.2%}, {escape(row['script'])}, "
        f"{row['truth_chars']:,} characters{failure}</p>"
        f'<div class="page"><div>{picture}</div>'
        f"<div><h3>read by {escape(row['engine'])}</h3>"
        f'<div class="text"{direction}>{reading}</div></div>'
        f'<div><h3>truth</h3><div class="text"{direction}>{truth}</div></div></div></section>'
    )
