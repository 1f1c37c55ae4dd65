"""Findings: what a policy found in a row, where, and how sure it is. Pure.

A policy finds, and the recipe says what becomes of it: a tag in the row, a mask over the words, a
cut, or a reject. So the functions that find know nothing of actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["tag", "mask", "cut", "reject"]
ACTIONS: tuple[Action, ...] = ("tag", "mask", "cut", "reject")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One finding of a policy in a text.

    - `start` and `end` are characters of the text, `text[start:end]`; both are 0 for a finding
      that concerns the whole row.
    - `policy` is the recipe's key, such as `decontaminate` or `pii`; `kind` is what was found in
      the words of that policy: the name of a benchmark, `email`, `hidden_text`.
    - `certainty` is from 0 to 1, 1 where the finding is exact.
    - `detail` names the evidence, such as the item of a benchmark; never the text that was found.
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
