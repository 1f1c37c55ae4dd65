"""What changed between two versions, in one line for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.changes import Counts

_SIGNS = {"added": "+", "removed": "−", "changed": "~"}


def change_line(changes: Counts | None, with_reasons: bool = False) -> str:
    """One line: pages that came and went by reason, and how many other rows; `—` for None.

    `with_reasons`: rejects by their reasons too.
    """
    if changes is None:
        return "—"
    reasoned = ("pages", "rejects") if with_reasons else ("pages",)
    parts = []
    for name in ("pages", "conversations", "documents", "rejects"):
        # An older version may lack a table.
        kinds = changes.get(name, {})
        words = _by_reason(kinds) if name in reasoned else _totals(kinds)
        parts += [f"{name} {words}"] if words else []
    return "; ".join(parts) or "no row"


def _by_reason(kinds: Mapping[str, Mapping[str, int]]) -> str:
    return ", ".join(
        f"{_SIGNS[kind]}{rows:,} {why}"
        for kind, whys in kinds.items()
        for why, rows in whys.items()
    )


def _totals(kinds: Mapping[str, Mapping[str, int]]) -> str:
    totals = {kind: sum(whys.values()) for kind, whys in kinds.items()}
    return " ".join(f"{_SIGNS[kind]}{rows:,}" for kind, rows in totals.items() if rows)
