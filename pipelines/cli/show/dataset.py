"""How a dataset looks in a terminal: one version, the history of all, and two side by side."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.cli.show.results import (
    as_printed,
    facts_table,
    found_tables,
    funnel_table,
    mix_table,
    rejects_table,
    shares_table,
    sources_table,
)
from pipelines.dataset.diff import Diff
from pipelines.dataset.overview import Overview
from pipelines.version.story import change_line
from schemas.changes import REASONS
from schemas.labels import is_furniture
from schemas.page_text import blocks_of_text
from schemas.reject_reasons import REJECT_REASONS
from schemas.shared_lines import LineCount

Row = Mapping[str, Any]  # a row of a table, or of a version's history
_SAMPLE_CHARS = 400
_SAMPLE_TABLE_ROWS = 8
_LONG_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_NOT_WHOLE = " · cannot be read: parts were erased on request"
_SIGNS = {"added": "+", "removed": "−", "changed": "~"}


def overview(value: Overview) -> RenderableType:
    """One version: counts, rejects, columns and some rows."""
    tokens = value.tokens
    facts: dict[str, object] = {"dataset": value.dataset, "version": value.version}
    for name, count in value.counts.items():
        facts[name] = f"{count:,} rows, {value.bytes[name] / 1e6:,.1f} MB"
    if value.text_sources:
        facts["text from"] = ", ".join(f"{name} {n:,}" for name, n in value.text_sources.items())
    if value.crop_labels:
        facts["crops of"] = ", ".join(f"{label} {n:,}" for label, n in value.crop_labels.items())
    if tokens.get("vision_tokens"):
        text, vision = tokens["text_tokens"], tokens["vision_tokens"]
        facts["text tokens"] = f"{text:,} = {text / vision:.2f} × {vision:,} vision tokens"
    if value.tokenizer:
        sums = ", ".join(f"{name} {count:,}" for name, count in value.trainer_tokens.items())
        facts["trainer tokens"] = f"{sums}, counted with {value.tokenizer}"
    if value.conversation_tokens.get("tokens_after"):
        before, after = (
            value.conversation_tokens[f"tokens_{when}"] for when in ("before", "after")
        )
        facts["conversations"] = (
            f"{facts['conversations']}, {before:,} tokens as text = {before / after:.2f} × "
            f"{after:,} tokens with images"
        )
    columns = Table("column", "type", title="columns of pages", title_justify="left", box=None)
    for name, kind in value.columns.items():
        columns.add_row(name, as_printed(kind))
    return Group(
        facts_table("dataset", facts),
        _versions(value.versions, value.versions_published),
        *([funnel_table(value.funnel)] if value.funnel else []),
        *([shares_table(value.shares)] if value.shares else []),
        *([mix_table(value.mix)] if value.mix else []),
        *([sources_table(value.by_source)] if value.by_source["sources"] else []),
        *found_tables(value.benchmarks, value.triggers),
        *([_shared_lines(value.lines)] if value.lines else []),
        rejects_table(value.rejects),
        columns,
        _reject_rows(value.reject_rows),
        *(sample(row) for row in value.samples),
    )


def _shared_lines(lines: Sequence[LineCount]) -> Table:
    table = Table("documents", "line", title="lines that many documents share",
                  title_justify="left", box=None)  # fmt: skip
    for count in lines:
        table.add_row(f"{count['documents']:,}", as_printed(count["line"]))
    return table


def _reject_rows(rows: Sequence[Row]) -> Table:
    table = Table("file", "page", "reason", "detail", title="rejects, the first rows",
                  title_justify="left", box=None)  # fmt: skip
    for row in rows:
        page = "all" if row["page_index"] is None else str(row["page_index"])
        detail = row["detail"] or ""
        if row["kept_id"]:
            detail += (
                f", {row['similarity']:.3f} similar to {_short(row['kept_id'])}, which is kept"
            )
        table.add_row(as_printed(_name(row["source_uri"])), page, row["reason"], as_printed(detail))
    return table


def _name(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]


def _short(row_id: str) -> str:
    doc_id, _, page = row_id.partition("/")
    return f"{doc_id[:12]}…" + (f"/{page}" if page else "")


def sample(row: Row) -> RenderableType:
    """A row of `pages`: its first blocks, and its counts in the title."""
    title = (
        f"{_name(row['source_uri'])} page {row['page_index']} · {row['text_source']} · "
        f"{row['language']} · {row['text_tokens']} text / {row['vision_tokens']} vision tokens"
    )
    coverage = row["quality"].get("coverage")
    if coverage is not None:
        title += f" · coverage {coverage:.2f}"
    return Panel(_sample_text(row), title=as_printed(title), title_align="left")


def _sample_text(row: Row) -> RenderableType:
    """The first blocks of a page: furniture dimmed, tables as tables."""
    blocks = blocks_of_text(row)
    if blocks is None:
        return as_printed(_cut(row["text"], _SAMPLE_CHARS))
    parts: list[RenderableType] = []
    room = _SAMPLE_CHARS
    for block in (block for block in blocks if block["text"]):
        if room <= 0:
            parts.append("…")
            break
        parts.append(_sample_block(block, room))
        room -= len(block["text"])
    return Group(*parts)


def _sample_block(block: Row, room: int) -> RenderableType:
    if block.get("cells"):
        return _sample_table(block["cells"])
    style = "dim" if is_furniture(block["label"]) else ""
    return Text.from_markup(as_printed(_cut(block["text"], room)), style=style)


def _sample_table(cells: Sequence[Row]) -> Table:
    """The first rows of a table; a cell stands in its first row and column."""
    width = max(cell["column"] + cell["columns"] for cell in cells)
    height = min(max(cell["row"] + cell["rows"] for cell in cells), _SAMPLE_TABLE_ROWS)
    grid = [[""] * width for _ in range(height)]
    for cell in cells:
        if cell["row"] < height:
            grid[cell["row"]][cell["column"]] = as_printed(cell["text"])
    table = Table(*([""] * width), show_header=False)
    for texts in grid:
        table.add_row(*texts)
    return table


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[:chars] + " …"


def _versions(rows: Sequence[Row], total: int) -> Table:
    """The history of a dataset, newest version first."""
    title = "versions" if len(rows) == total else f"versions, the newest {len(rows)} of {total}"
    table = Table("version", "published, UTC", "pages", "documents", "rejects", "what changed",
                  title=title, title_justify="left", box=None)  # fmt: skip
    for row in rows:
        published = time.strftime("%Y-%m-%d %H:%M", time.gmtime(row["timestamp_ms"] / 1000))
        counts = [f"{row['counts'][name]:,}" for name in ("pages", "documents", "rejects")]
        changed = change_line(row["changes"]) + ("" if row["whole"] else _NOT_WHOLE)
        table.add_row(str(row["version"]), published, *counts, changed)
    return table


def _total(kinds: Mapping[str, Mapping[str, int]]) -> int:
    return sum(sum(whys.values()) for whys in kinds.values())


def diff(value: Diff) -> RenderableType:
    """Two versions side by side."""
    parts: list[RenderableType] = [
        facts_table("diff", {"dataset": value.dataset, "from": value.old, "to": value.new})
    ]
    parts += [f"[yellow]•[/] {as_printed(line)}" for line in value.settings]
    counts = Table("table", "rows", "why", "meaning", box=None)
    for name, kinds in value.summary.items():
        for kind, whys in kinds.items():
            for why, rows in whys.items():
                meaning = REASONS.get(why) if name != "rejects" or kind == "changed" else None
                meaning = meaning or REJECT_REASONS.get(why, "")
                counts.add_row(name, f"{_SIGNS[kind]}{rows:,}", why, meaning)
    parts.append(counts if counts.row_count else "the versions have the same rows")
    parts += [
        _rows(name, rows, _total(value.summary[name])) for name, rows in value.rows.items() if rows
    ]
    return Group(*parts)


def _rows(name: str, rows: Sequence[Row], total: int) -> Table:
    title = name if len(rows) == total else f"{name}, the first {len(rows)} of {total:,}"
    table = Table("", "id", "file", "why", "detail", title=title, title_justify="left", box=None)
    for row in rows:
        table.add_row(
            _SIGNS[row["change"]],
            _short(row["id"]),
            as_printed(_name(row["source_uri"])),
            row["why"],
            as_printed(_LONG_ID.sub(r"\1…", row["detail"] or "")),
        )
    return table
