"""What publishing left of the pages, step by step, and what its policies looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table

from pipelines.cli.show.printed import as_printed
from schemas.decontaminate import ItemCounts
from schemas.funnel import FunnelStep
from schemas.keep import OTHER, Bounds
from schemas.limits import SourcesRecord
from schemas.shared_lines import LineCount
from schemas.triggers import TriggerRow


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


def shared_lines_table(lines: Sequence[LineCount]) -> Table:
    """The first of the lines that many documents share."""
    table = Table("documents", "line", title="lines that many documents share",
                  title_justify="left", box=None)  # fmt: skip
    for count in lines:
        table.add_row(f"{count['documents']:,}", as_printed(count["line"]))
    return table
