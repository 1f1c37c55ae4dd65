"""Keep: which rows stay by their values (`schemas.keep`).

    row ─► values as it was read ─► bounds on them, or on those of the text as it is by now
                                 ─► where the share of the best rows ends

Where a share ends needs the values of all rows: `pipelines.version.ranking` finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schemas.findings import Finding
from schemas.keep import OF_TEXT, Bounds, Rule, Table, columns_of, rules_for
from schemas.policies import PolicyStep
from workers.text import measures
from workers.text.heuristics import heuristics

Values = Mapping[str, float]
"""The values of a row by their names, without those that it does not have."""


@dataclass(frozen=True, slots=True)
class Standard:
    """The table whose rows are judged, and the last value in each share of them.

    `shares` are by the name of the value, then by language.
    """

    table: Table
    shares: Mapping[str, Bounds] = field(default_factory=dict)


def rules_of(steps: Iterable[PolicyStep], table: Table) -> dict[str, Rule]:
    """The rules of the policy `keep` for a table's rows, by the names of their values."""
    named = [step.keep for step in steps if step.keep is not None]
    return rules_for(named[0], table) if named else {}


# ---- values -----------------------------------------------------------------------------------


def value_columns(names: Iterable[str]) -> list[str]:
    """The columns in which tables have some values. No table has all of them."""
    return [column for name in names for column in columns_of(name)]


def values_of(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, float]:
    """The values of a row, which has its `value_columns`, `text` and `language`.

    The heuristics of a row that an earlier release wrote are counted now.
    """
    found = {name: _value(row, name) for name in names}
    missing = [name for name, value in found.items() if value is None and name in OF_TEXT]
    if missing and row.get("heuristics") is None and row.get("text") is not None:
        found |= of_text(row["text"], row["language"] or "und", missing)
    return {name: value for name, value in found.items() if value is not None}


def _value(row: Mapping[str, Any], name: str) -> float | None:
    for column in columns_of(name):
        value: Any = row
        for key in column.split("."):
            value = None if value is None else value.get(key)
        if value is not None:
            return float(value)
    return None


def of_text(text: str, language: str, names: Iterable[str]) -> dict[str, float | None]:
    """The values among `OF_TEXT` that a text has, as their columns would have them."""
    counted: dict[str, Any] = dict(heuristics(text, language))
    if "text_tokens" in names:
        counted["text_tokens"] = measures.count_tokens(text)
    return {name: _stored(counted[name]) for name in names}


def _stored(value: float | None) -> float | None:
    # Shares are stored in 32 bits: what was not must compare as they do.
    return float(np.float32(value)) if isinstance(value, float) else value


# ---- findings ---------------------------------------------------------------------------------


def find(
    rules: Mapping[str, Rule],
    shares: Mapping[str, Bounds],
    values: Values,
    language: str,
    edited: str | None = None,
) -> list[Finding]:
    """The rules that a row misses, by its values as it was read.

    Bounds are compared with the values of its `edited` text, where a policy has changed that.
    """
    now: dict[str, float | None] = dict(values)
    if edited is not None:
        again = [name for name, rule in rules.items() if rule.share is None and name in OF_TEXT]
        now |= of_text(edited, language, again)
    found = []
    for name, rule in rules.items():
        value = now.get(name)
        why = None if value is None else rule.misses(value, language, shares.get(name, {}))
        if why is not None:
            found.append(Finding(0, 0, "keep", name, detail=why))
    return found
