"""How the end of `verify`, `vacuum` and `sample` looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table

from pipelines.cli.show.printed import as_printed, counted, facts_table, page_number, with_names

if TYPE_CHECKING:
    from pipelines.dataset.vacuum import Vacuumed
    from pipelines.dataset.verify import Verdict
    from workers.sample.corpus import SampleFile


def verdict(value: Verdict) -> RenderableType:
    """What `verify` found."""
    ledger = f"{value.pages:,} = {value.samples:,} + {value.page_rejects:,}"
    end = "[green]sound: nothing is lost or doubled, and every file is whole[/]"
    if value.problems:
        end = f"[red]{counted(len(value.problems), 'problem')}[/]"
    facts = facts_table(
        "verify",
        {
            "version": value.version,
            "documents": value.documents,
            "pages = samples + rejects": ledger,
            "crops": value.crops,
            "parts hashed": f"{value.parts:,} ({value.bytes_hashed / 1e6:,.1f} MB)",
            "parts of no version": f"{value.orphans:,} ({value.orphan_bytes / 1e6:,.1f} MB)",
        },
    )
    return Group(
        facts,
        end,
        *(f"[red]✗[/] {_problem(line, value.names)}" for line in value.problems),
        *(f"[yellow]•[/] {as_printed(line)}" for line in value.notes),
    )


def _problem(line: str, names: Mapping[str, str]) -> str:
    """A problem with the file and the page of its row; the document's id stands behind."""
    ids = [doc_id for doc_id in names if doc_id in line]
    behind = f" [dim](doc_id {', '.join(ids)})[/]" if ids else ""
    return as_printed(with_names(line, names)) + behind


def vacuumed(value: Vacuumed) -> RenderableType:
    """What `vacuum` removed."""
    facts = {
        "dataset": value.dataset,
        "versions kept": ", ".join(map(str, value.kept_versions)),
        "versions dropped": ", ".join(map(str, value.dropped_versions)) or "none",
    }
    what = "would be removed" if value.dry_run else "removed"
    table = Table(what, "files", "MB", title_justify="left", box=None)
    rows = [(item.what, item.files, item.bytes) for item in value.removed]
    rows.append(("total", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    for name, files, size in rows:
        table.add_row(name, f"{files:,}", f"{size / 1e6:,.1f}")
    if value.waiting.files:
        waiting = value.waiting
        facts["kept for now"] = (
            f"{waiting.what}: {waiting.files:,} files, {waiting.bytes / 1e6:,.1f} MB"
        )
    return Group(facts_table("vacuum", facts), table)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A sample corpus that was written."""

    folder: str
    files: list[SampleFile]


def corpus(value: Corpus) -> RenderableType:
    """The files of a sample corpus, and the rejects that a run makes of them."""
    table = Table("file", "pages", "what it is", "rejects", box=None)
    for file in value.files:
        rejects = [
            f"{'document' if index is None else page_number(index)}: {reason}"
            for index, reason in file.rejects
        ]
        table.add_row(file.name, str(file.pages), file.what, ", ".join(rejects) or "none")
    return Group(f"sample corpus in {as_printed(value.folder)}", table)
