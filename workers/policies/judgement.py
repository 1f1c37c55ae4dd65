"""Put texts through the policies, in their order: what was found, and what becomes of each text.

Each policy sees the text as the ones before it left it. The first that rejects a text ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from schemas.findings import Finding, FindingRow, findings_key
from schemas.hidden_text import HiddenRow
from schemas.policies import PolicyStep
from workers.policies import trust
from workers.policies.editing import Applied, Edit, after, edited, edits_of, place_after

Find = Callable[[Sequence["Passage"]], list[list[Finding]]]
"""The findings of a policy in each of some passages."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What policies see of a row: its text, its language as the row says, and its hidden text.

    `hidden` is None for a row whose page has no text layer, and for documents.
    """

    text: str
    language: str = "und"
    hidden: HiddenRow | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """A policy that is ready to find: its settings in the recipe, and what it has loaded."""

    step: PolicyStep
    find: Find


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a text.

    `applied` are the findings at their places in `text`. `barred_by` is the number of the policy
    that rejects it, None for a text that stays; `text` is then as that policy saw it. `edits` are
    those of each policy, in order.
    """

    text: str
    applied: tuple[Applied, ...] = ()
    barred_by: int | None = None
    edits: tuple[tuple[Edit, ...], ...] = ()

    def rows(self) -> list[FindingRow] | None:
        """The findings as a row has them; None where there are none."""
        return [item.to_row() for item in self.applied] or None

    @property
    def key(self) -> int:
        """The findings' `schemas.findings.findings_key`."""
        return findings_key(self.rows())

    def places(self, before: Sequence[int]) -> list[int]:
        """Where places of the text before all edits are in it now."""
        now = list(before)
        for edits in self.edits:
            now = [place_after(place, edits, is_end=False) for place in now]
        return now

    @property
    def is_edited(self) -> bool:
        """Whether a policy changed the text."""
        return any(self.edits)


def load(steps: Sequence[PolicyStep]) -> list[Judge]:
    """The policies of a recipe, ready to find."""
    return [Judge(step, _LOADERS[step.name](step)) for step in steps]


def judge(passages: Sequence[Passage], judges: Sequence[Judge]) -> list[Judgement]:
    """What becomes of each passage."""
    results = [Judgement(passage.text) for passage in passages]
    for number, policy in enumerate(judges):
        alive = [place for place, result in enumerate(results) if result.barred_by is None]
        seen = [replace(passages[place], text=results[place].text) for place in alive]
        for place, findings in zip(alive, policy.find(seen), strict=True):
            results[place] = _after(results[place], findings, policy.step, number)
    return results


def _after(before: Judgement, findings: Sequence[Finding], step: PolicyStep, n: int) -> Judgement:
    """What becomes of a text after one more policy."""
    applied = [
        Applied(finding, action)
        for finding in findings
        if (action := step.action_of(finding.kind)) is not None
    ]
    if any(item.action == "reject" for item in applied):
        return replace(before, applied=(*before.applied, *applied), barred_by=n)
    edits = edits_of(before.text, applied)
    text = edited(before.text, edits)
    moved = after((*before.applied, *applied), edits)
    # Nothing is left to learn from, so the row is not worth its place.
    barred_by = n if edits and not text.strip() else None
    return Judgement(text, tuple(moved), barred_by, (*before.edits, tuple(edits)))


def _trust(step: PolicyStep) -> Find:
    floor = step.settings.hidden_share if step.settings is not None else 0.0

    def find(passages: Sequence[Passage]) -> list[list[Finding]]:
        return [
            [*trust.hidden_text(passage.hidden, floor), *trust.find(passage.text)]
            for passage in passages
        ]

    return find


_LOADERS: dict[str, Callable[[PolicyStep], Find]] = {"trust": _trust}
