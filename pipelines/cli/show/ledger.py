"""What came in, what came out, and why the rest did not: sums that add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rich.table import Table

from schemas.reject_reasons import REJECT_REASONS


def ledger_table(
    counts: Mapping[str, int], pages: int, rejects: Mapping[str, Mapping[str, int]]
) -> Table:
    """Documents and pages: in the sources = in the dataset + rejected.

    `counts` are rows by table, `pages` those of the inventory, `rejects` by level and reason.
    """
    table = Table("", box=None, pad_edge=False)
    for heading in ("came in", "came out", "rejected"):
        table.add_column(heading, justify="right")
    for name, came, left in (
        ("documents", counts["inventory"], counts["documents"]),
        ("pages", pages, counts["pages"] + counts["conversations"]),
    ):
        rejected = sum(rejects.get(name.removesuffix("s"), {}).values())
        table.add_row(f"[dim]{name}[/]", f"{came:,}", f"[bold]{left:,}[/]", f"{rejected:,}")
    return table


def rejects_table(rejects: Mapping[str, Mapping[str, int]], most: int) -> Table:
    """Rejects by reason, with those of each level in a column; the `most` frequent reasons."""
    table = Table("rejected because", box=None, pad_edge=False)
    table.add_column("pages", justify="right")
    table.add_column("documents", justify="right")
    table.add_column("")
    pages, documents = rejects.get("page", {}), rejects.get("document", {})
    reasons = [reason for reason, _ in (Counter(pages) + Counter(documents)).most_common()]
    # One reason more takes no more room than the line that counts it.
    shown = reasons if len(reasons) <= most + 1 else reasons[:most]
    for reason in shown:
        cells = (_count(level.get(reason, 0)) for level in (pages, documents))
        table.add_row(reason, *cells, f"[dim]{REJECT_REASONS[reason]}[/]")
    if rest := reasons[len(shown) :]:
        cells = (_count(sum(level.get(r, 0) for r in rest)) for level in (pages, documents))
        table.add_row(f"{len(rest)} more reasons", *cells, "")
    return table


def _count(rows: int) -> str:
    return f"{rows:,}" if rows else ""
