"""The policy `keep`: bounds on the values of rows, and shares of the rows with the best values.

A **value** is a number that a row has: a heuristic of its text, a part of its quality, its tokens.
`columns_of` says by which names values are known, and in which columns they are.
"""

from __future__ import annotations

import difflib
import math
import struct
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue

from schemas.heuristics import HeuristicsRow
from schemas.part import OrOne, OrPercent, Part, share_of
from schemas.rows import QualityRow
from schemas.scores import score_columns

Table = Literal["pages", "documents"]
OTHER = "other"
"""The languages that bounds do not name, in the place of a language."""

_HEURISTICS = tuple(HeuristicsRow.__annotations__)
_OF_PAGES = (
    "language_score",
    *(f"quality.{name}" for name in QualityRow.__annotations__ if name != "score"),
)
OF_TEXT = (*_HEURISTICS, "text_tokens")
"""The values that can be counted again of a text that a policy has changed."""
VALUES = (*OF_TEXT, "quality.score", *_OF_PAGES)

Bounds = Mapping[str, float]
"""A number for each language, and one for the languages that are not named, by `OTHER`."""


def columns_of(name: str) -> tuple[str, ...]:
    """In which columns a value is; a table has one of them, or none. None for an unknown name."""
    if name in _HEURISTICS:
        return (f"heuristics.{name}",)
    if name == "quality.score":
        return (name, "quality_score")
    if score_columns([name]):
        return (name,)
    return (name,) if name in VALUES else ()


# ---- what a recipe says -----------------------------------------------------------------------


def _for_all(value: object) -> object:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {OTHER: value} if is_number else value


class _OrNumber:
    """Metadata: the JSON Schema also accepts one number for all languages."""

    def __get_pydantic_json_schema__(
        self, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the mapping, or of a number."""
        return {"anyOf": [{"type": "number"}, handler(core_schema)]}


def _share(value: object) -> object:
    share = share_of(value)
    if share is None or not 0 < share <= 1:
        raise ValueError(f"a share of the rows belongs here, such as `10 %` or 0.1, not {value!r}")
    return float(share)


def _in_a_tuple(value: object) -> object:
    if not isinstance(value, (Mapping, list, tuple)):
        raise ValueError(f"a rule belongs here, such as {{min: 50}}, not {value!r}")
    return (value,) if isinstance(value, Mapping) else value


_Number = Annotated[float, Field(allow_inf_nan=False)]
_Bound = Annotated[dict[str, _Number], BeforeValidator(_for_all), Field(min_length=1), _OrNumber()]
_Share = Annotated[float, BeforeValidator(_share), Field(gt=0, le=1), OrPercent()]


class Rule(Part):
    """Which rows stay, by one of their values.

    A row without the value stays. `min` and `max` see the text as the policies before `keep` left
    it; `top` and `bottom` compare rows as they were read, after deduplication.
    """

    min: _Bound | None = Field(
        default=None,
        description="The least value of a row that stays: a number, or one for each language by "
        "its code, as in `{en: 50, th: 200, other: 80}`.",
    )
    max: _Bound | None = Field(default=None, description="The largest value of a row that stays.")
    top: _Share | None = Field(
        default=None,
        description="The share of the rows that stays: those with the largest values, such as "
        "`10 %`. Rows that equal the last of them stay, too.",
    )
    bottom: _Share | None = Field(
        default=None, description="The same of the rows with the smallest values."
    )
    by: Literal["language"] | None = Field(
        default=None,
        description="`language`: the share is taken of the rows of each language by itself.",
    )
    of: Table | None = Field(
        default=None,
        description="The rows that the rule is for: `pages`, to which conversations belong, or "
        "`documents`. Without it each of the two by itself.",
    )

    @model_validator(mode="after")
    def _is_one(self) -> Rule:
        has_bounds = self.min is not None or self.max is not None
        shares = [name for name in ("top", "bottom") if getattr(self, name) is not None]
        if len(shares) + has_bounds != 1:
            raise ValueError("a rule has `min`, `max` or both, or `top`, or `bottom`")
        if self.by is not None and not shares:
            raise ValueError(
                "`by: language` goes with `top` or `bottom`; give `min` and `max` a number for "
                "each language instead, as in {en: 50, other: 80}"
            )
        return self

    @property
    def share(self) -> float | None:
        """The share of the rows that stays; None for bounds."""
        return self.bottom if self.top is None else self.top

    def is_for(self, table: Table) -> bool:
        """Whether the rule is for a table's rows."""
        return self.of in (None, table)

    def group(self, language: str) -> str:
        """The rows among which one of this language is compared."""
        return language if self.by == "language" else OTHER

    def count(self, rows: int) -> int:
        """How many of some rows stay, at least one.

        >>> Rule(top=0.1).count(30), Rule(top=0.1).count(31)
        (3, 4)
        """
        assert self.share is not None
        return math.ceil(Fraction(str(self.share)) * rows)

    def is_past(self, value: float, bound: float) -> bool:
        """Whether a value is past the last one of a share."""
        return value > bound if self.top is None else value < bound

    def misses(self, value: float, language: str, bounds: Bounds) -> str | None:
        """Why a row with this value does not stay, or None. `bounds` are those of a share."""
        if self.share is not None:
            bound = bounds.get(self.group(language))
            if bound is None or not self.is_past(value, bound):
                return None
            side, among = "bottom" if self.top is None else "top", f" of {language}"
            share = f"{side} {_percent(self.share)}{among if self.by else ''}"
            return f"{value:.6g} is not in the {share}"
        least, most = bound_of(self.min, language), bound_of(self.max, language)
        if least is not None and value < _stored(least):
            return f"{value:.6g} is under {least:.6g}"
        if most is not None and value > _stored(most):
            return f"{value:.6g} is over {most:.6g}"
        return None


def bound_of(bounds: Bounds | None, language: str) -> float | None:
    """The bound for a language, None where there is none.

    >>> bound_of({"en": 50, "other": 80}, "de")
    80
    """
    return None if bounds is None else bounds.get(language, bounds.get(OTHER))


def _stored(bound: float) -> float:
    """A bound as a column would store it: in 32 bits, in which 0.7 is a little less."""
    if bound.is_integer():
        return bound
    single: float = struct.unpack("f", struct.pack("f", bound))[0]
    return single


def _percent(share: float) -> str:
    return f"{float(100 * Fraction(str(share))):g} %"


def _known(rules: dict[str, tuple[Rule, ...]]) -> dict[str, tuple[Rule, ...]]:
    for name, of_value in rules.items():
        if not columns_of(name):
            close = difflib.get_close_matches(name, VALUES, n=1)
            guess = f"did you mean {close[0]!r}?" if close else f"name one of: {', '.join(VALUES)}"
            raise ValueError(f"no value {name!r}; {guess}")
        if name in _OF_PAGES and any(rule.of == "documents" for rule in of_value):
            raise ValueError(f"{name}: documents have no such value; leave `of: documents` out")
        tables: tuple[Table, ...] = ("pages", "documents")
        for table in tables:
            if sum(rule.is_for(table) for rule in of_value) > 1:
                raise ValueError(f"{name}: several rules are for {table}; give each another `of`")
    return rules


Rules = Annotated[
    dict[
        str,
        Annotated[tuple[Rule, ...], BeforeValidator(_in_a_tuple), Field(min_length=1), OrOne()],
    ],
    Field(min_length=1),
    AfterValidator(_known),
]
"""The rules of `keep` by the name of their value; several of one value are for different tables."""


def rules_for(rules: Rules, table: Table) -> dict[str, Rule]:
    """The rules that are for a table's rows, by the names of their values."""
    return {
        name: rule for name, of_value in rules.items() for rule in of_value if rule.is_for(table)
    }
