"""How the end of a run looks: one screen, from what came in to what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.cli.show.ledger import ledger_table, rejects_table
from pipelines.cli.show.policies import mix_table
from pipelines.cli.show.printed import as_printed, counted, nearest, unmarked
from schemas.changes_in_words import change_line

if TYPE_CHECKING:
    from pipelines.version.report import Report

_MOST_REASONS = 6
_MOST_FILES = 3
_MOST_GROUPS = 8


def report(value: Report) -> RenderableType:
    """The end of a run."""
    levels = value.rejects_by_level
    counts = {"inventory": value.documents, **value.counts}
    parts: list[RenderableType] = [
        _headline(value),
        "",
        ledger_table(counts, value.pages, levels),
        "",
        _facts(value),
    ]
    if len(value.mix) in range(1, _MOST_GROUPS + 1):
        parts += ["", mix_table(value.mix)]
    if value.rejects:
        parts += ["", rejects_table(levels, _MOST_REASONS)]
    if value.unreadable:
        parts += ["", *_unreadable(value)]
    return Group(*parts, "", *_next(value))


def _headline(value: Report) -> Text:
    dataset = nearest(value.dataset)
    seconds = f" in {value.seconds['all']:,.1f} s" if value.seconds else ""
    if value.committed:
        end = f"version {value.version} is published{seconds}"
    else:
        end = f"nothing is new: version {value.version} is still the newest"
    return Text.from_markup(f"[bold]{as_printed(dataset)}[/] · [green]{end}[/]")


def _facts(value: Report) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, fact in _named_facts(value):
        table.add_row(f"[dim]{name}[/]", as_printed(fact))
    return table


def _named_facts(value: Report) -> Iterator[tuple[str, str]]:
    rows = [
        counted(value.counts[name], name.removesuffix("s"))
        for name in ("pages", "conversations", "crops")
        if value.counts[name] or name == "pages"
    ]
    tokens = value.funnel[-1]["tokens"] if value.funnel else None
    yield "samples", ", ".join(rows) + (f"; {tokens:,} tokens" if tokens is not None else "")
    if value.funnel:
        yield "pages left", " → ".join(f"{step['pages']:,} {step['step']}" for step in value.funnel)
    if value.changes is not None and value.version > 1:
        yield "changed", change_line(value.changes)
    if value.committed:
        yield "this run", _work(value)


def _work(value: Report) -> str:
    read = f"{counted(value.pages_read, 'page')} read"
    if value.pages_per_second is not None:
        read += f", {value.pages_per_second:,.1f} pages/s"
    stages = [f"{name} {time_s:,.1f} s" for name, time_s in value.seconds.items() if name != "all"]
    return "; ".join([read, ", ".join(stages)]) if stages else read


def _unreadable(value: Report) -> list[RenderableType]:
    files = list(value.unreadable.items())
    lines = [f"[red]{counted(len(files), 'file')} could not be read;[/] the next run tries again"]
    lines += [f"  {as_printed(uri)}: {as_printed(detail)}" for uri, detail in files[:_MOST_FILES]]
    if len(files) > _MOST_FILES:
        lines.append(f"  and {len(files) - _MOST_FILES:,} more, which `--json` lists")
    return list(lines)


def _next(value: Report) -> list[RenderableType]:
    """Commands to copy, so they are never broken into lines."""
    dataset = shlex.quote(nearest(value.dataset))
    commands = [(f"pagefoundry {words}", why) for words, why in _next_commands(value, dataset)]
    width = max(len(command) for command, _ in commands)
    lines: list[RenderableType] = ["next"]
    for command, why in commands:
        line = Text.assemble(f"  {unmarked(command):{width}}  ", (f"# {why}", "dim"))
        line.no_wrap, line.overflow = True, "ignore"
        lines.append(line)
    return lines


def _next_commands(value: Report, dataset: str) -> Iterator[tuple[str, str]]:
    if value.rejects:
        yield f"inspect {dataset} --rejects 20", "look at what was rejected, by document"
    else:
        yield f"inspect {dataset}", "look at counts and a sample"
    is_limited = any(row["taken"] < row["documents"] for row in value.by_source["largest"])
    if value.benchmarks or value.triggers or is_limited:
        yield f"inspect {dataset} --policies", "see what limits and policies left"
    if value.committed and value.version > 1:
        yield f"diff {dataset} {value.version - 1} {value.version}", "see what changed, by document"
    elif value.counts["pages"]:
        yield f"view {dataset}", "see pages beside their text, in a browser"
    yield f"verify {dataset}", "prove that nothing is lost"
