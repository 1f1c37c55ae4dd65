"""How results look in a terminal: rich tables, and nothing computed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from pipelines.inspect import Inspection
from pipelines.plan import Plan
from pipelines.run import Report
from pipelines.vacuum import Vacuumed
from pipelines.verify import Verdict
from schemas.tables import REJECT_REASONS

_SAMPLE_CHARS = 400


def _facts(title: str, facts: Mapping[str, object]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(
            f"[dim]{name}[/]", escape(f"{value:,}" if isinstance(value, int) else str(value))
        )
    return table


def _rejects(rejects: Mapping[str, int]) -> Table:
    table = Table("reason", "rows", "meaning", title="rejects", title_justify="left", box=None)
    for reason, count in sorted(rejects.items(), key=lambda pair: -pair[1]):
        table.add_row(reason, f"{count:,}", REJECT_REASONS[reason])
    return table


def report(value: Report) -> RenderableType:
    """The end of a run."""
    what = "published" if value.committed else "nothing changed; the newest is still"
    facts: dict[str, object] = {
        "dataset": value.dataset,
        "version": f"{value.version} ({what} version {value.version})",
        "documents": value.documents,
        "pages in the inventory": value.pages,
        "pages read now": value.pages_read,
        "image–text pairs": value.counts["pages"],
        "whole documents": value.counts["documents"],
        "crops": value.counts["crops"],
        "rejects": value.counts["rejects"],
    }
    parts: list[RenderableType] = [_facts("run", facts)]
    if value.rejects:
        parts.append(_rejects(value.rejects))
    if value.unreadable:
        table = Table("file", "why it could not be read", title="unreadable", title_justify="left")
        for uri, detail in value.unreadable.items():
            table.add_row(escape(uri), escape(detail))
        parts.append(table)
    return Group(*parts)


def plan(value: Plan) -> RenderableType:
    """What a run would do."""
    rest = value.to_read
    facts: dict[str, object] = {
        "dataset": value.dataset,
        "documents": value.documents,
        "documents that cannot be counted": value.uncountable,
        "pages": value.pages,
        "pages to read": rest.pages,
        "shards": rest.shards,
        "replicas": rest.replicas,
        "pages/s": f"{rest.pages_per_second:,.2f}",
        "wall time": f"{rest.hours:,.2f} hours ({rest.hours / 24:,.2f} days)",
        "GPU-hours": f"{rest.gpu_hours:,.2f}",
    }
    if rest.cost is not None:
        facts["cost"] = f"{rest.cost:,.2f}"
    return _facts("plan", facts)


def verdict(value: Verdict) -> RenderableType:
    """What verify found."""
    ledger = f"{value.pages:,} = {value.samples:,} + {value.page_rejects:,}"
    facts = _facts(
        "verify",
        {
            "version": value.version,
            "documents": value.documents,
            "pages = samples + rejects": ledger,
            "crops": value.crops,
            "parts hashed": f"{value.parts:,} ({value.bytes_hashed / 1e6:,.1f} MB)",
            "orphan parts": f"{value.orphans:,} ({value.orphan_bytes / 1e6:,.1f} MB)",
            "problems": len(value.problems),
        },
    )
    return Group(
        facts,
        *(f"[red]✗[/] {escape(line)}" for line in value.problems),
        *(f"[yellow]•[/] {escape(line)}" for line in value.notes),
    )


def vacuumed(value: Vacuumed) -> RenderableType:
    """What a vacuum removed."""
    facts = {
        "dataset": value.dataset,
        "versions kept": ", ".join(map(str, value.kept_versions)),
        "versions dropped": ", ".join(map(str, value.dropped_versions)) or "none",
    }
    what = "would be removed" if value.dry_run else "removed"
    table = Table(what, "files", "MB", title_justify="left", box=None)
    rows = [(item.what, item.files, item.bytes) for item in value.removed]
    rows.append(("in all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    for name, files, size in rows:
        table.add_row(name, f"{files:,}", f"{size / 1e6:,.1f}")
    if value.waiting.files:
        waiting = value.waiting
        facts["stays for now"] = (
            f"{waiting.what}: {waiting.files:,} files, {waiting.bytes / 1e6:,.1f} MB"
        )
    return Group(_facts("vacuum", facts), table)


def inspection(value: Inspection) -> RenderableType:
    """A version at a glance."""
    tokens = value.tokens
    facts: dict[str, object] = {"dataset": value.dataset, "version": value.version}
    for name, count in value.counts.items():
        facts[name] = f"{count:,} rows, {value.bytes[name] / 1e6:,.1f} MB"
    facts["text from"] = ", ".join(f"{name} {n:,}" for name, n in value.text_sources.items())
    if value.crop_labels:
        facts["crops of"] = ", ".join(f"{label} {n:,}" for label, n in value.crop_labels.items())
    if tokens.get("vision"):
        ratio = tokens["text"] / tokens["vision"]
        facts["text tokens"] = (
            f"{tokens['text']:,} = {ratio:.2f} × {tokens['vision']:,} vision tokens"
        )
    versions = Table("version", "published", "pages", "documents", "rejects", title="versions",
                     title_justify="left", box=None)  # fmt: skip
    for row in value.versions:
        published = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(row["timestamp_ms"] / 1000))
        counts = [f"{row['counts'][name]:,}" for name in ("pages", "documents", "rejects")]
        versions.add_row(str(row["version"]), f"{published} UTC", *counts)
    columns = Table("column", "type", title="columns of pages", title_justify="left", box=None)
    for name, kind in value.columns.items():
        columns.add_row(name, escape(kind))
    return Group(
        _facts("dataset", facts),
        versions,
        _rejects(value.rejects),
        columns,
        _reject_rows(value.reject_rows),
        *(_sample(row) for row in value.samples),
    )


def _reject_rows(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("file", "page", "reason", "detail", title="rejects, the first of them",
                  title_justify="left", box=None)  # fmt: skip
    for row in rows:
        page = "all" if row["page_index"] is None else str(row["page_index"])
        detail = row["detail"] or ""
        if row["kept_id"]:
            detail += f", {row['similarity']:.3f} like {_short(row['kept_id'])}, which is kept"
        table.add_row(escape(_name(row["source_uri"])), page, row["reason"], escape(detail))
    return table


def _name(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]


def _short(row_id: str) -> str:
    doc_id, _, page = row_id.partition("/")
    return f"{doc_id[:12]}…" + (f"/{page}" if page else "")


def _sample(row: Mapping[str, Any]) -> RenderableType:
    text = row["text"]
    cut = text if len(text) <= _SAMPLE_CHARS else text[:_SAMPLE_CHARS] + " …"
    title = (
        f"{_name(row['source_uri'])} page {row['page_index']} · {row['text_source']} · "
        f"{row['language']} · {row['text_tokens']} text / {row['vision_tokens']} vision tokens"
    )
    return Panel(escape(cut), title=escape(title), title_align="left")


def corpus(value: Mapping[str, Any]) -> RenderableType:
    """The sample corpus."""
    table = Table("file", "pages", "what it is", "what becomes of it", box=None)
    for file in value["files"]:
        rejects = [
            f"{'document' if index is None else f'page {index}'}: {reason}"
            for index, reason in file["rejects"]
        ]
        table.add_row(file["name"], str(file["pages"]), file["what"], ", ".join(rejects) or "pages")
    return Group(f"sample corpus in {escape(value['folder'])}", table)
