"""The mix: groups of sources by weight in one dataset."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import Field, model_validator

from schemas.part import Part, PositiveInt


class Mix(Part):
    """In which proportions the groups of sources are mixed.

    Every version has exactly these proportions of samples, and as many samples as the scarcest
    group and the limits allow. A mix needs `on_missing: remove`.
    """

    weights: dict[str, PositiveInt] = Field(
        min_length=1,
        description="A whole number for each group. Every source names its group by `group`.",
    )
    samples: PositiveInt | None = Field(
        default=None, description="The most samples that a version has, all groups together."
    )

    tokens: PositiveInt | None = Field(
        default=None,
        description="The most tokens that a version has, all groups together: the trainer's own, "
        "`trainer_tokens`, where the recipe names a `tokenizer`, else `text_tokens`.",
    )

    @model_validator(mode="after")
    def _samples_reach_all(self) -> Mix:
        least = sum(self.weights.values()) // math.gcd(*self.weights.values())
        if self.samples is not None and self.samples < least:
            raise ValueError(
                f"`samples: {self.samples}` are too few for one of each weight; give {least} or "
                "more, or smaller weights"
            )
        return self

    def counts(self, available: Mapping[str, int]) -> dict[str, int]:
        """How many samples of each group, of those available, are taken.

        >>> Mix(weights={"ocr": 70, "vision": 20, "text": 10}).counts(
        ...     {"ocr": 99, "vision": 25, "text": 40}
        ... )
        {'ocr': 84, 'vision': 24, 'text': 12}
        """
        shared = math.gcd(*self.weights.values())
        units = {group: weight // shared for group, weight in self.weights.items()}
        times = min(available.get(group, 0) // unit for group, unit in units.items())
        if self.samples is not None:
            times = min(times, self.samples // sum(units.values()))
        return {group: times * unit for group, unit in units.items()}
