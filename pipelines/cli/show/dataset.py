"""How one version of a dataset looks in a terminal: on one screen what its reader asks first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import shorten
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.cli.show.ledger import ledger_table, rejects_table
from pipelines.cli.show.policies import (
    found_tables,
    funnel_table,
    mix_table,
    shared_lines_table,
    shares_table,
    sources_table,
)
from pipelines.cli.show.printed import (
    as_printed,
    common_folder,
    counted,
    cut,
    in_one_line,
    listing,
    nearest,
    page_number,
    with_names,
    without_folder,
)
from pipelines.cli.show.sample import sample
from schemas.changes_in_words import change_line
from schemas.splits import VALIDATION

if TYPE_CHECKING:
    from pipelines.dataset.overview import Overview, RejectLine, VersionLine

_MOST_REASONS = 3
_MOST_LANGUAGES = 6
_MOST_DETAIL_CHARS = 100
_NOT_WHOLE = "cannot be read: parts were erased on request"


@dataclass(frozen=True, slots=True)
class View:
    """Which parts of an overview are shown besides what every reader asks for."""

    columns: bool = True
    policies: bool = True


EVERYTHING = View()


def overview(value: Overview, view: View = EVERYTHING) -> RenderableType:
    """One version: counts, versions, rejects and some rows."""
    parts: list[RenderableType] = [
        _headline(value),
        ledger_table(value.counts, value.inventory_pages, value.rejects_by_level),
        _facts(value),
    ]
    if value.rejects:
        parts += ["", rejects_table(value.rejects_by_level, _MOST_REASONS)]
    if value.reject_rows:
        parts += ["", *_reject_rows(value)]
    if value.versions:
        parts += ["", *_versions(value.versions, value.versions_published)]
    if view.policies:
        parts += [part for table in _policies(value) for part in ("", table)]
    if view.columns:
        parts += ["", _columns(value.columns)]
    for row in value.samples:
        parts += ["", *sample(row)]
    return Group(*parts)


def _headline(value: Overview) -> Text:
    dataset = as_printed(nearest(value.dataset))
    newest = max((row["version"] for row in value.versions), default=value.version)
    which = "the newest" if value.version >= newest else f"the newest is {newest}"
    return Text.from_markup(f"[bold]{dataset}[/] · version {value.version}, {which}")


def _facts(value: Overview) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    for name, fact in _named_facts(value):
        table.add_row(f"[dim]{name}[/]", as_printed(fact))
    return table


def _named_facts(value: Overview) -> Iterator[tuple[str, str]]:
    sizes = value.bytes
    tables = [
        f"{counted(value.counts[name], name.removesuffix('s'))} ({sizes[name] / 1e6:,.1f} MB)"
        for name in ("pages", "documents", "conversations", "crops")
        if value.counts[name]
    ]
    yield "rows", ", ".join(tables) or "none"
    if value.splits:
        yield (
            "validation",
            ", ".join(
                f"{of_splits[VALIDATION]:,} of {sum(of_splits.values()):,} {name}"
                for name, of_splits in value.splits.items()
                if sum(of_splits.values())
            ),
        )
    tokens = value.tokens
    if tokens.get("vision_tokens"):
        text, vision = tokens["text_tokens"], tokens["vision_tokens"]
        yield "tokens", f"{text:,} of text = {text / vision:.2f} × {vision:,} of images"
    if value.tokenizer:
        sums = ", ".join(f"{name} {count:,}" for name, count in value.trainer_tokens.items())
        yield "trainer tokens", f"{sums}, counted with {value.tokenizer}"
    if value.conversation_tokens.get("tokens_after"):
        before, after = (
            value.conversation_tokens[f"tokens_{when}"] for when in ("before", "after")
        )
        yield (
            "conversations",
            f"{before:,} tokens as text = {before / after:.2f} × {after:,} tokens with images",
        )
    for name, counts in (
        ("languages", value.languages),
        ("text from", value.text_sources),
        ("crops of", value.crop_labels),
    ):
        if counts:
            yield name, _most_frequent(counts)


def _most_frequent(counts: Mapping[str, int]) -> str:
    ordered = Counter(counts).most_common()
    words = [f"{name or 'none'} {rows:,}" for name, rows in ordered[:_MOST_LANGUAGES]]
    rest = ordered[_MOST_LANGUAGES:]
    if rest:
        words.append(f"{len(rest)} more {sum(rows for _, rows in rest):,}")
    return ", ".join(words)


def _policies(value: Overview) -> Iterator[RenderableType]:
    if value.funnel:
        yield funnel_table(value.funnel)
    if value.shares:
        yield shares_table(value.shares)
    if value.mix:
        yield mix_table(value.mix)
    if value.by_source["sources"]:
        yield sources_table(value.by_source)
    yield from found_tables(value.benchmarks, value.triggers)
    if value.lines:
        yield shared_lines_table(value.lines)


def _columns(columns: Mapping[str, str]) -> Table:
    table = Table("column", "type", title="columns of pages", title_justify="left", box=None)
    for name, kind in columns.items():
        table.add_row(name, as_printed(kind))
    return table


def _reject_rows(value: Overview) -> list[RenderableType]:
    """The first rejects by document, each with its page, and with its keeper's file and page."""
    rows = sorted(value.reject_rows, key=_place)
    folder = common_folder([row["source_uri"] for row in rows])
    total = sum(value.rejects.values())
    title = "rejects" if len(rows) == total else f"rejects, {len(rows)} of {total:,}"
    title += f", in {as_printed(nearest(folder))}" if folder else ""
    table = listing(3)
    for uri, group in groupby(rows, key=lambda row: row["source_uri"]):
        name = as_printed(uri.removeprefix(folder))
        for row in group:
            index = row["page_index"]
            page = "" if index is None else page_number(index)
            why = _why(row, value.names, folder)
            table.add_row(name, page, row["reason"], Text(in_one_line(why), "dim"))
            name = ""
    return [f"[italic]{title}[/]", table]


def _place(row: RejectLine) -> tuple[str, int]:
    return row["source_uri"], -1 if row["page_index"] is None else row["page_index"]


def _why(row: RejectLine, names: Mapping[str, str], folder: str) -> str:
    detail = row["detail"] or ""
    if not row["kept_id"]:
        return shorten(detail, _MOST_DETAIL_CHARS, placeholder=" …")
    kept = without_folder(with_names(row["kept_id"], names), folder)
    return f"kept: {kept} ({detail} {row['similarity']:.3f})"


def _versions(rows: Sequence[VersionLine], total: int) -> list[RenderableType]:
    """The history of a dataset, newest version first."""
    title = "versions" if len(rows) == total else f"versions, the newest {len(rows)} of {total}"
    table = listing(5)
    for row in rows:
        published = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(row["timestamp_ms"] / 1000))
        counts = [
            counted(row["counts"][f"{name}s"], name) for name in ("page", "document", "reject")
        ]
        changed = change_line(row["changes"]) if row["whole"] else _NOT_WHOLE
        table.add_row(str(row["version"]), published, *counts, cut(changed))
    return [f"[italic]{title}[/]", table]
