"""How the end of a run, of `verify`, `vacuum` and `sample` looks; and what all tables share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from pipelines.dataset.vacuum import Vacuumed
from pipelines.dataset.verify import Verdict
from pipelines.run import Report
from pipelines.version.story import change_line
from schemas.decontaminate import ItemCounts
from schemas.funnel import FunnelStep
from schemas.keep import OTHER, Bounds
from schemas.limits import SourcesRecord
from schemas.reject_reasons import REJECT_REASONS
from schemas.triggers import TriggerRow

if TYPE_CHECKING:
    from workers.sample.corpus import SampleFile

# Control characters other than tab and line feed, lone surrogates, changes of writing direction.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def as_printed(text: str) -> str:
    """Text from a file or a document, made safe to print: without markup or terminal commands.

    >>> as_printed("a\\x1b[2J.pdf")
    'a\\\\x1b[2J.pdf'
    """
    return escape(_COMMANDS.sub(lambda match: f"\\x{ord(match[0]):02x}", text))


def facts_table(title: str, facts: Mapping[str, object]) -> Table:
    """Named facts, one a line."""
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(
            f"[dim]{name}[/]", as_printed(f"{value:,}" if isinstance(value, int) else str(value))
        )
    return table


def rejects_table(rejects: Mapping[str, int]) -> Table:
    """The number of rejects for each reason, most frequent first."""
    table = Table("reason", "rows", "meaning", title="rejects", title_justify="left", box=None)
    for reason, count in sorted(rejects.items(), key=lambda pair: -pair[1]):
        table.add_row(reason, f"{count:,}", REJECT_REASONS[reason])
    return table


def report(value: Report) -> RenderableType:
    """The end of a run."""
    what = "published now" if value.committed else "nothing changed, so there is no new version"
    facts: dict[str, object] = {
        "dataset": value.dataset,
        "version": f"{value.version} ({what})",
        "documents": value.documents,
        "pages in the inventory": value.pages,
        "pages read in this run": value.pages_read,
        "image–text pairs": value.counts["pages"],
        "whole documents": value.counts["documents"],
        "crops": value.counts["crops"],
        "conversations": value.counts["conversations"],
        "rejects": value.counts["rejects"],
    }
    if value.changes is not None:
        facts["changed"] = change_line(value.changes, with_reasons=True)
    if value.seconds:
        stages = [
            f"{name} {time_s:,.1f}" for name, time_s in value.seconds.items() if name != "all"
        ]
        facts["seconds"] = f"{value.seconds['all']:,.1f} ({', '.join(stages)})"
    if value.pages_per_second is not None:
        facts["rate"] = f"{value.pages_per_second:,.1f} pages/s"
    parts: list[RenderableType] = [facts_table("run", facts)]
    if value.funnel:
        parts.append(funnel_table(value.funnel))
    if value.mix:
        parts.append(mix_table(value.mix))
    if any(row["taken"] < row["documents"] for row in value.by_source["largest"]):
        parts.append(sources_table(value.by_source))
    parts += found_tables(value.benchmarks, value.triggers)
    if value.rejects:
        parts.append(rejects_table(value.rejects))
    if value.unreadable:
        table = Table(
            "file", "why it could not be read", title="unreadable files", title_justify="left"
        )
        for uri, detail in value.unreadable.items():
            table.add_row(as_printed(uri), as_printed(detail))
        parts.append(table)
    return Group(*parts)


def funnel_table(steps: Sequence[FunnelStep]) -> Table:
    """What each step left of documents, pages and tokens; shares are of what the step before left.

    Tokens are those of pages; the last step also has them in the trainer's own.
    """
    table = Table("after", "pages", "of these", "tokens", "documents", title="what is left",
                  title_justify="left", box=None)  # fmt: skip
    has_trainer = any("trainer_tokens" in step for step in steps)
    if has_trainer:
        table.add_column("trainer tokens")
    before = 0
    for step in steps:
        share = f"{100 * step['pages'] / before:.2f} %" if before else ""
        tokens = "" if step["tokens"] is None else f"{step['tokens']:,}"
        row = [step["step"], f"{step['pages']:,}", share, tokens, f"{step['documents']:,}"]
        if has_trainer:
            own = step.get("trainer_tokens")
            row.append("" if own is None else f"{own:,}")
        table.add_row(*row)
        before = step["pages"]
    return table


def shares_table(tables: Mapping[str, Mapping[str, Bounds]]) -> Table:
    """The last value that is in each share of the policy `keep`."""
    table = Table("table", "value", "language", "last", title="where the shares of `keep` end",
                  title_justify="left", box=None)  # fmt: skip
    for name, shares in tables.items():
        for value, bounds in shares.items():
            for language, bound in bounds.items():
                words = "all" if language == OTHER else language
                table.add_row(name, value, words, f"{bound:.6g}")
    return table


def mix_table(groups: Mapping[str, Mapping[str, int]]) -> Table:
    """The samples of each group of a mix, and how many were available."""
    total = sum(counts["samples"] for counts in groups.values())
    table = Table("group", "weight", "samples", "share", "available",
                  title="mix", title_justify="left", box=None)  # fmt: skip
    has_budget = any("tokens" in counts for counts in groups.values())
    if has_budget:
        table.add_column("tokens")
    for name, counts in groups.items():
        share = f"{100 * counts['samples'] / total:.2f} %"
        numbers = [f"{counts[column]:,}" for column in ("weight", "samples", "available")]
        tokens = [f"{counts['tokens']:,}"] if has_budget else []
        table.add_row(as_printed(name), *numbers[:2], share, numbers[2], *tokens)
    return table


def sources_table(value: SourcesRecord) -> Table:
    """The sources with the most documents: how many the limits leave, and how many are alike."""
    rows, total = value["largest"], value["sources"]
    title = "sources" if len(rows) == total else f"sources, the largest {len(rows)} of {total:,}"
    table = Table("source", "documents", "taken", "families of near duplicates", "largest family",
                  title=title, title_justify="left", box=None)  # fmt: skip
    for row in rows:
        numbers = row["documents"], row["taken"], row["families"], row["largest_family"]
        table.add_row(as_printed(row["source"]), *(f"{number:,}" for number in numbers))
    return table


def found_tables(
    benchmarks: Mapping[str, ItemCounts], triggers: Sequence[TriggerRow]
) -> list[RenderableType]:
    """What policies looked for: benchmarks with their items, and the triggers of the corpus."""
    parts: list[RenderableType] = []
    if benchmarks:
        table = Table("benchmark", "items", "too short to be found", title="benchmarks",
                      title_justify="left", box=None)  # fmt: skip
        for name, counts in benchmarks.items():
            table.add_row(as_printed(name), f"{counts['items']:,}", f"{counts['too_short']:,}")
        parts.append(table)
    if triggers:
        table = Table("trigger", "pages", "documents", "certainty", title="triggers",
                      title_justify="left", box=None)  # fmt: skip
        for row in triggers:
            numbers = f"{row['pages']:,}", f"{row['documents']:,}", f"{row['certainty']:.1f}"
            table.add_row(as_printed(row["shown"]), *numbers)
        parts.append(table)
    return parts


def verdict(value: Verdict) -> RenderableType:
    """What `verify` found."""
    ledger = f"{value.pages:,} = {value.samples:,} + {value.page_rejects:,}"
    facts = facts_table(
        "verify",
        {
            "version": value.version,
            "documents": value.documents,
            "pages = samples + rejects": ledger,
            "crops": value.crops,
            "parts hashed": f"{value.parts:,} ({value.bytes_hashed / 1e6:,.1f} MB)",
            "parts of no version": f"{value.orphans:,} ({value.orphan_bytes / 1e6:,.1f} MB)",
            "problems": len(value.problems),
        },
    )
    return Group(
        facts,
        *(f"[red]✗[/] {as_printed(line)}" for line in value.problems),
        *(f"[yellow]•[/] {as_printed(line)}" for line in value.notes),
    )


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
            f"{'document' if index is None else f'page {index}'}: {reason}"
            for index, reason in file.rejects
        ]
        table.add_row(file.name, str(file.pages), file.what, ", ".join(rejects) or "none")
    return Group(f"sample corpus in {as_printed(value.folder)}", table)
