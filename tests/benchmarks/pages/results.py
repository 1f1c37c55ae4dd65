"""How many checks each reader passes, by kind and half, and which it fails. Pure.

Failures can be listed for the open half alone: whoever improves the reading must not see the half
that is set aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.pages.checks import KINDS, Check, Reading, passes
from tests.benchmarks.pages.sources import HALVES, Listed


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check of one page, and whether the reader passed it."""

    page: Listed
    check: Check
    passed: bool


@dataclass(frozen=True, slots=True)
class Score:
    """Passed and all checks, by kind."""

    passed: Mapping[str, int] = field(default_factory=dict)
    checks: Mapping[str, int] = field(default_factory=dict)

    def share(self, kind: str | None = None) -> float | None:
        """The share of the checks that passed, of one kind or of all; None without checks."""
        checks = sum(self.checks.values()) if kind is None else self.checks.get(kind, 0)
        passed = sum(self.passed.values()) if kind is None else self.passed.get(kind, 0)
        return passed / checks if checks else None


def judged(pages: Iterable[Listed], texts: Mapping[str, str]) -> list[Outcome]:
    """All checks of the pages against a reader's texts."""
    outcomes = []
    for page in pages:
        reading = Reading.of(texts[page.entry.page])
        outcomes += [Outcome(page, check, passes(check, reading)) for check in page.entry.checks]
    return outcomes


def score(outcomes: Iterable[Outcome]) -> Score:
    """Count outcomes by kind."""
    passed, checks = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    for outcome in outcomes:
        checks[outcome.check.kind] += 1
        passed[outcome.check.kind] += outcome.passed
    return Score(passed, checks)


def by_half(outcomes: Sequence[Outcome]) -> dict[str, Score]:
    """The scores of each half that has pages, and of both."""
    halves = {
        half: score(o for o in outcomes if o.page.half == half)
        for half in HALVES
        if any(o.page.half == half for o in outcomes)
    }
    return halves if len(halves) == 1 else {**halves, "both": score(outcomes)}


def by_group(outcomes: Sequence[Outcome]) -> dict[str, Score]:
    """The scores of each group of pages, halves together."""
    groups = sorted({outcome.page.group for outcome in outcomes})
    return {group: score(o for o in outcomes if o.page.group == group) for group in groups}


def open_failures(outcomes: Iterable[Outcome]) -> list[str]:
    """A line for each failed check of the open half."""
    return [
        f"{outcome.page.group}/{outcome.page.entry.page}: {described(outcome.check)}"
        for outcome in outcomes
        if not outcome.passed and outcome.page.half == "open"
    ]


def described(check: Check) -> str:
    """A check as a line of its kind and what it asks for."""
    fields = check.model_dump(exclude={"kind"}, exclude_none=True)
    return f"{check.kind} " + ", ".join(f"{name}: {value!r}" for name, value in fields.items())
