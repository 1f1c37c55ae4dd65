"""How a takedown, and the search for what is left of it, look in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table

from pipelines.cli.show.printed import as_printed, facts_table
from pipelines.takedown import Searched, Takedown

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Undone:
    """How many documents were taken off the list."""

    dataset: str
    documents: int


def undone(value: Undone) -> RenderableType:
    """The end of `forget --undo`."""
    return f"documents taken off the list: {value.documents:,}; the next run reads them again"


def takedown(value: Takedown) -> RenderableType:
    """What left a dataset, or would leave it."""
    if value.version is not None:
        version = f"{value.version}, after {value.version_before}"
    elif value.dry_run:
        version = f"none (dry run); the newest is {value.version_before}"
    else:
        version = f"none: version {value.version_before} had none of them"
    facts = {
        "dataset": value.dataset,
        "documents asked for": value.asked,
        "new on the list": f"{value.listed:,} of {value.on_list:,}",
        "new version": version,
        "documents": value.documents,
        "pages": value.pages,
    }
    verb = "would leave" if value.dry_run else "left"
    tables = Table(f"what {verb}", "rows", "parts that had them", "MB of these parts", box=None)
    for loss in value.tables:
        tables.add_row(loss.table, f"{loss.rows:,}", f"{loss.parts:,}", f"{loss.bytes / 1e6:,.1f}")
    parts: list[RenderableType] = [facts_table("forget", facts), tables]
    if value.removed:
        parts.append(_erased(value))
    return Group(*parts, *(f"[yellow]•[/] {as_printed(line)}" for line in _notes(value)))


def _erased(value: Takedown) -> Table:
    table = Table("would be erased" if value.dry_run else "erased", "files", "MB", box=None)
    for kind in value.removed:
        table.add_row(kind.what, f"{kind.files:,}", f"{kind.bytes / 1e6:,.1f}")
    return table


def _notes(value: Takedown) -> Iterator[str]:
    if value.unmatched:
        names = ", ".join(value.unmatched[:3])
        yield f"no document is at {len(value.unmatched):,} of the addresses, such as {names}"
    if value.keeperless:
        names = " ".join(f"--doc {name}" for name in value.keeperless_documents[:3])
        verb, others = "would lose" if value.dry_run else "lost", len(value.keeperless_documents)
        yield (
            f"{value.keeperless:,} rows of {others:,} other documents were "
            f"left out as duplicates and {verb} their keeper: the next run may bring them back. "
            f"If they are copies of what was to go, take them down too: {names}"
        )
    if value.removed and not value.dry_run:
        yield f"prove it: pagefoundry verify {value.dataset} --forgotten"
        if value.dataset.startswith("s3://"):
            yield (
                "a bucket that keeps old versions of objects still has what was erased: remove "
                "these with a lifecycle rule"
            )
    elif value.on_list and not value.removed:
        yield "old versions and staging still hold these documents; --erase removes them there"


def searched(value: Searched) -> RenderableType:
    """What `verify --forgotten` found."""
    facts = {
        "dataset": value.dataset,
        "documents on the list": value.documents,
        "files searched": f"{value.files:,} ({value.bytes / 1e6:,.1f} MB)",
        "Parquet files among them": value.parquet_files,
        "files of images of searched rows": value.image_files,
        "problems": len(value.problems),
    }
    lines = [f"[red]✗[/] {as_printed(line)}" for line in value.problems[:_MOST_LINES]]
    if len(value.problems) > _MOST_LINES:
        lines.append(f"[red]✗[/] … and {len(value.problems) - _MOST_LINES:,} more; --json has all")
    return Group(facts_table("forgotten", facts), *lines)
