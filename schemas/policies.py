"""Policies: what must not be in a version, as an ordered list in the recipe.

A policy finds something in a row (`schemas.findings`), and its settings say what becomes of it. It
is applied when a version is published, after deduplication, so changing one reads no page again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.decontaminate import Benchmark, check_benchmarks
from schemas.findings import Action
from schemas.keep import Rules
from schemas.part import Part
from schemas.personal import Personal
from schemas.scores import score_columns
from schemas.shared_lines import SharedLines

TextAction = Literal["keep", "tag", "cut", "reject"]


class Trust(Part):
    """What a reader does not see in a text, or what addresses a model instead of a reader."""

    hidden: Literal["keep", "tag", "reject"] = Field(
        default="tag",
        description="Pages whose PDF says more than a reader sees: text in the colour of its "
        "ground, under a picture, off the page, too small, not painted. It is never in `text`.",
    )
    hidden_share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="The share of a page's characters that must be hidden for `hidden` to act.",
    )
    invisible: TextAction = Field(
        default="tag",
        description="Characters that show nothing and change what is read: of no width, of "
        "direction, tags. Those that a script needs are no finding.",
    )
    mixed_scripts: Literal["keep", "tag", "reject"] = Field(
        default="tag",
        description="Words in which letters of two scripts look like one: `pаypal` with a "
        "Cyrillic `а`.",
    )
    instructions: TextAction = Field(
        default="tag",
        description="Sentences that tell a model what to do, such as «ignore all previous "
        "instructions».",
    )
    trigger: Literal["keep", "tag", "reject"] = Field(
        default="keep",
        description="Strings that at least 20 documents share and that noise follows. Other than "
        "`keep`, each run that brings or loses pages searches all pages for them.",
    )

    def action_of(self, kind: str) -> Action | None:
        """What becomes of a finding of this kind; None where it is kept without a word."""
        action: TextAction = self.hidden if kind == "hidden_text" else getattr(self, kind)
        return None if action == "keep" else action


Settings = Trust | Personal | SharedLines | tuple[Benchmark, ...] | Rules
"""The settings of a policy."""


class PolicyStep(Part):
    """One policy, by its name and settings."""

    trust: Trust | None = Field(
        default=None, description="Hidden text and characters, and sentences that address a model."
    )
    decontaminate: Annotated[tuple[Benchmark, ...], Field(min_length=1)] | None = Field(
        default=None, description="Benchmarks whose items must not be in the dataset."
    )
    pii: Personal | None = Field(
        default=None, description="Personal data, by kind; `pii: mask` masks all kinds."
    )
    lines: SharedLines | None = Field(
        default=None, description="Lines that many documents share, such as licences and banners."
    )
    keep: Rules | None = Field(
        default=None,
        description="Rules by which rows stay, by the name of a value: bounds, or a share of the "
        "rows with the best values.",
    )

    @model_validator(mode="after")
    def _is_one(self) -> PolicyStep:
        if len(self.model_fields_set) != 1 or self.settings is None:
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"a policy names one of: {names}; give each an entry of its own")
        return self

    @property
    def name(self) -> str:
        """The policy's name, which is the stage of its rejects."""
        return next(iter(self.model_fields_set))

    @property
    def settings(self) -> Settings | None:
        """The policy's settings."""
        named: Settings | None = getattr(self, next(iter(self.model_fields_set), "trust"))
        return named

    def action_of(self, kind: str) -> Action | None:
        """What becomes of a finding of this kind; None where it is kept without a word."""
        settings = self.settings
        assert settings is not None
        if isinstance(settings, dict):
            return "reject"
        if isinstance(settings, tuple):
            return next(benchmark.action for benchmark in settings if benchmark.name == kind)
        return settings.action_of(kind)

    @property
    def files(self) -> tuple[str, ...]:
        """The locations of the lists that the policy looks for."""
        return tuple(file for benchmark in self.decontaminate or () for file in benchmark.file)

    def relocated(self, move: Callable[[str], str]) -> PolicyStep:
        """The same policy with the locations of its files moved."""
        if self.decontaminate is None:
            return self
        moved = tuple(
            benchmark.model_copy(update={"file": tuple(map(move, benchmark.file))})
            for benchmark in self.decontaminate
        )
        return self.model_copy(update={"decontaminate": moved})

    @property
    def reason(self) -> str:
        """The reason of the policy's rejects, a word of `schemas.reject_reasons.POLICY_REASONS`."""
        return _REASONS[self.name]


def keeps_by_scores(policies: Iterable[PolicyStep]) -> bool:
    """Whether any of the policies keeps rows by the recipe's scores."""
    return any(score_columns(step.keep or ()) for step in policies)


def searches_for_triggers(policies: Iterable[PolicyStep]) -> bool:
    """Whether any of the policies needs the triggers of the corpus."""
    return any(step.trust is not None and step.trust.trigger != "keep" for step in policies)


_REASONS = {
    "trust": "untrusted",
    "decontaminate": "contaminated",
    "pii": "personal_data",
    "lines": "boilerplate",
    "keep": "out_of_range",
}


def check_policies(policies: tuple[PolicyStep, ...]) -> None:
    """Raises ValueError where one policy, or the name of a benchmark, stands twice."""
    for number, step in enumerate(policies):
        names = [other.name for other in policies[:number]]
        if step.name in names:
            raise ValueError(
                f"policies.{number}: {step.name!r} is already policies.{names.index(step.name)}; "
                "give each policy once"
            )
        check_benchmarks(step.decontaminate or (), f"policies.{number}.")
