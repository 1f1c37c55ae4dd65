"""How the end of a study looks in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from pipelines.cli.show.printed import facts_table
from pipelines.evaluation.study import Report
from workers import store


def report(value: Report) -> RenderableType:
    """The error rates or the compression that a study measured, and the files it wrote."""
    parts: list[RenderableType] = []
    if value.groups:
        table = Table("script", "pages", "characters", "CER", "WER", "median CER", box=None)
        for group in value.groups:
            rates = [f"{100 * rate:.2f} %" for rate in (group.cer, group.wer, group.cer_median)]
            table.add_row(escape(group.name), f"{group.pages:,}", f"{group.chars:,}", *rates)
    else:
        table = Table("mode", "pages", "vision tokens", "compression", "precision", box=None)
        for record in value.summary:
            known = record["vision_tokens"] is not None
            table.add_row(
                escape(str(record["mode"])),
                f"{record['pages']:,}",
                f"{record['vision_tokens']:,.0f}" if known else "–",
                f"{record['compression']:.1f}×" if known else "–",
                f"{record['precision']:.1%}",
            )
    parts.append(table)
    facts: dict[str, object] = {"pages": value.pages}
    if value.skipped:
        facts["left out"] = ", ".join(f"{why} {count}" for why, count in value.skipped.items())
    facts["written"] = ", ".join(store.join(value.output, name) for name in value.files)
    return Group(*parts, facts_table("study", facts))
