"""How two versions of a dataset look side by side: what differs, document by document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table

from pipelines.cli.show.printed import (
    as_printed,
    common_folder,
    listing,
    nearest,
    one_line,
    page_number,
    with_names,
)
from schemas.changes import REASONS
from schemas.ids import PAGE_ID
from schemas.reject_reasons import REJECT_REASONS

if TYPE_CHECKING:
    from pipelines.dataset.diff import Diff

Row = Mapping[str, Any]  # a change, as `schemas.rows.ChangeRow`
_SIGNS = {"added": "[green]+[/]", "removed": "[red]−[/]", "changed": "[yellow]~[/]"}
# In the order of the tables: what is said of each document.
_ONE = {"pages": "page", "conversations": "conversation", "documents": "document",
        "rejects": "reject", "inventory": "source"}  # fmt: skip


def diff(value: Diff) -> RenderableType:
    """Two versions side by side."""
    dataset = as_printed(nearest(value.dataset))
    parts: list[RenderableType] = [
        f"[bold]{dataset}[/] · from version {value.old} to version {value.new}"
    ]
    parts += [f"[yellow]•[/] {as_printed(line)}" for line in value.settings]
    counts = _counts(value.summary)
    if not counts.row_count:
        return Group(*parts, "the versions have the same rows")
    parts += ["", counts]
    rows = [(table, row) for table, rows in value.rows.items() for row in rows]
    if rows:
        total = sum(_total(kinds) for kinds in value.summary.values())
        parts += ["", _by_document(rows, total, value.names)]
    return Group(*parts)


def _counts(summary: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, kinds in summary.items():
        for kind, whys in kinds.items():
            for why, rows in whys.items():
                meaning = REASONS.get(why) if name != "rejects" or kind == "changed" else None
                meaning = meaning or REJECT_REASONS.get(why, "")
                count = f"{_SIGNS[kind]}{rows:,}"
                table.add_row(name, count, why, f"[dim]{meaning}[/]")
    return table


def _total(kinds: Mapping[str, Mapping[str, int]]) -> int:
    return sum(sum(whys.values()) for whys in kinds.values())


def _by_document(rows: Sequence[tuple[str, Row]], total: int, names: Mapping[str, str]) -> Table:
    """The changes of each document together: the document first, then its pages."""
    folder = common_folder([row["source_uri"] for _, row in rows])
    title = "by document" if len(rows) == total else f"by document, {len(rows):,} of {total:,} rows"
    title += f", in {as_printed(folder)}" if folder else ""
    table = listing(title, 4)
    last = None
    for name, row in sorted(rows, key=_place):
        file = row["source_uri"].removeprefix(folder)
        detail = with_names(row["detail"] or "", names, folder)
        table.add_row(
            "" if file == last else as_printed(file),
            _SIGNS[row["change"]],
            _what(name, row["id"]),
            row["why"],
            one_line(detail, "dim"),
        )
        last = file
    return table


def _place(named: tuple[str, Row]) -> tuple[str, int, int, str]:
    """The order of changes: by document, then by page, then in the order of the tables."""
    name, row = named
    match = PAGE_ID.fullmatch(row["id"])
    page = -1 if match is None else int(match[2])
    return row["source_uri"], page, list(_ONE).index(name), row["change"]


def _what(name: str, row_id: str) -> str:
    """What a row is: `page 3`, or `reject of page 3`."""
    match = PAGE_ID.fullmatch(row_id)
    if match is None:
        return "reject of document" if name == "rejects" else _ONE[name]
    page = page_number(int(match[2]))
    return {"pages": page, "rejects": f"reject of {page}"}.get(name, _ONE[name])
