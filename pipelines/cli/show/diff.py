"""How two versions of a dataset look side by side: what differs, document by document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.cli.show.printed import (
    as_printed,
    common_folder,
    in_one_line,
    listing,
    nearest,
    page_numbers,
    with_names,
    without_folder,
)
from schemas.changes import REASONS
from schemas.ids import PAGE_ID
from schemas.reject_reasons import REJECT_REASONS

if TYPE_CHECKING:
    from pipelines.dataset.diff import Diff

Row = Mapping[str, Any]  # a change, as `schemas.rows.ChangeRow`
_SIGNS = {"added": "[green]+[/]", "removed": "[red]−[/]", "changed": "[yellow]~[/]"}
# What a row of each table is called, in the order in which a document's are named.
_ONE = {"inventory": "source", "documents": "document", "conversations": "conversation",
        "pages": "page", "rejects": "reject"}  # fmt: skip


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
        parts += ["", *_by_document(rows, total, value.names)]
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


def _by_document(
    rows: Sequence[tuple[str, Row]], total: int, names: Mapping[str, str]
) -> list[RenderableType]:
    """The changes of each document together: a line for all that changed alike."""
    folder = common_folder([row["source_uri"] for _, row in rows])
    title = f"by document, in {as_printed(nearest(folder))}" if folder else "by document"
    if len(rows) < total:
        title += f" · {len(rows):,} of {total:,} rows, `--limit` shows more"
    table = listing(3)
    ordered = sorted(rows, key=_place)
    for uri, of_document in groupby(ordered, key=lambda named: named[1]["source_uri"]):
        alike: dict[tuple[str, str, str], list[tuple[str, Row]]] = {}
        for name, row in of_document:
            detail = _detail(row, names, folder)
            alike.setdefault((row["change"], row["why"], detail), []).append((name, row))
        file = as_printed(uri.removeprefix(folder))
        for (change, why, detail), changed in alike.items():
            words = Text.assemble(why, (f" {detail}", "dim") if detail else "")
            table.add_row(file, _SIGNS[change], _what(changed), words)
            file = ""
    return [f"[italic]{title}[/]", table]


def _detail(row: Row, names: Mapping[str, str], folder: str) -> str:
    return in_one_line(without_folder(with_names(row["detail"] or "", names), folder))


def _place(named: tuple[str, Row]) -> tuple[str, int, int, str]:
    """The order of changes: by document, then by page, then in the order of the tables."""
    name, row = named
    page = _page_index(row)
    return row["source_uri"], -1 if page is None else page, list(_ONE).index(name), row["change"]


def _page_index(row: Row) -> int | None:
    match = PAGE_ID.fullmatch(row["id"])
    return None if match is None else int(match[2])


def _what(changed: Sequence[tuple[str, Row]]) -> str:
    """What rows are, in words: `document, pages 1–3`, or `reject of page 2`."""
    words = []
    for name, rows in groupby(sorted(changed, key=_table), key=lambda named: named[0]):
        pages = [page for _, row in rows if (page := _page_index(row)) is not None]
        if name == "rejects":
            words.append(f"reject of {page_numbers(pages) if pages else 'document'}")
        else:
            words.append(page_numbers(pages) if name == "pages" else _ONE[name])
    return ", ".join(words)


def _table(named: tuple[str, Row]) -> int:
    return list(_ONE).index(named[0])
