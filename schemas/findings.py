"""Findings: what a policy found in a row, where, and how sure it is. Pure.

A policy finds, and the recipe says what becomes of it: a tag in the row, a mask over the words, a
cut, or a reject. So the functions that find know nothing of actions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import xxhash

Action = Literal["tag", "mask", "cut", "reject"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One finding of a policy in a text.

    - `start` and `end` are characters of the text, `text[start:end]`; both are 0 for a finding
      that concerns the whole row.
    - `policy` is the recipe's key, such as `decontaminate` or `pii`; `kind` is what was found in
      the words of that policy: the name of a benchmark, `email`, `hidden_text`.
    - `certainty` is from 0 to 1, 1 where the finding is exact.
    - `detail` names the evidence, such as the item of a benchmark; never the text that was found,
      unless that is the evidence itself, as a planted trigger is.
    """

    start: int
    end: int
    policy: str
    kind: str
    certainty: float = 1.0
    detail: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the finding concerns the whole row."""
        return self.end == 0


class FindingRow(TypedDict):
    """A `schemas.tables.FINDING`: what was found, and what became of it.

    `start` and `end` are characters of the row's `text` as it is published: those of the
    placeholder after a mask, and equal after a cut.
    """

    policy: str
    kind: str
    action: str
    start: int
    end: int
    certainty: float
    detail: str | None


_IN_A_CROP = re.compile(r"crop \d{2,} at \d+")


def detail_in_crop(number: int, start: int, detail: str | None) -> str:
    """The `detail` by which a page says what was found in the text of one of its crops.

    >>> detail_in_crop(1, 12, "Visa")
    'crop 01 at 12: Visa'
    """
    place = f"crop {number:02d} at {start}"
    return place if detail is None else f"{place}: {detail}"


def is_in_crop(row: FindingRow) -> bool:
    """Whether a finding of a page is one in the text of a crop."""
    return row["end"] == 0 and _IN_A_CROP.match(row["detail"] or "") is not None


_NOTHING = 0
_CHANGES_TEXT = 1


def findings_key(rows: Sequence[FindingRow] | None) -> int:
    """A key of a row's findings: 0 for none, odd where they changed its text.

    Two rows that were made from the same row, and have the same key, are equal.
    """
    if not rows:
        return _NOTHING
    fields = [
        [
            r["policy"],
            r["kind"],
            r["action"],
            r["start"],
            r["end"],
            f"{r['certainty']:.4f}",
            r["detail"],
        ]
        for r in rows
    ]
    key = xxhash.xxh3_64_intdigest(json.dumps(fields).encode())
    is_changed = any(row["action"] in ("mask", "cut") for row in rows)
    # Not 0, which stands for none.
    return (key | 2) & ~_CHANGES_TEXT | (_CHANGES_TEXT if is_changed else 0)


def changes_text(key: int) -> bool:
    """Whether the findings of a key changed the row's text."""
    return bool(key & _CHANGES_TEXT)
