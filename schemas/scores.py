"""Scores: what a model says of each text, as columns that the recipe names.

A score is applied when a version is published, never at reading, so adding one reads no page
again. Its values depend on the text and on what `PinnedScore.digest` covers, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator, model_validator

from schemas.ids import canonical_json, digest
from schemas.part import Location, Part, PositiveInt

if TYPE_CHECKING:
    import pyarrow as pa

SCORED_TABLES = ("pages", "conversations", "documents", "rejects")
"""The tables with a column for each score. A reject has a value if it was scored before a policy or
the mix left it out."""

_PREFIX = "score_"


class Score(Part):
    """A column `score_NAME` with what a model says of each text: a number of its classes, or how
    well a language model foresees it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = Field(
        description="The name of the score; its column is `score_` and this name."
    )
    model: Location = Field(
        description="The checkpoint, which must have a sequence-classification head, or with "
        "`perplexity` be a causal language model: a local folder, or a model id of the Hugging "
        "Face Hub."
    )
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None,
        description="The commit of the Hub model, 40 hex digits; a folder has none.",
    )
    max_tokens: PositiveInt = Field(
        default=512,
        description="How many tokens of a text the model sees, from its beginning, its own marks "
        "included.",
    )
    label: Location | None = Field(
        default=None,
        description="Of a model with several outputs the one whose probability is the value, by "
        "its number or its name. A model with one output gives that output as it is.",
    )
    perplexity: bool = Field(
        default=False,
        description="The value is the perplexity of the text by a causal language model: e to the "
        "mean of what each token after the first surprises it by. Low is what it expects.",
    )
    dtype: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="The numbers that the model computes in; `bfloat16` is faster on a GPU and "
        "less exact.",
    )

    @field_validator("label", mode="before", json_schema_input_type=int | Location | None)
    @classmethod
    def _a_number_is_a_word(cls, value: object) -> object:
        return str(value) if type(value) is int else value

    @model_validator(mode="after")
    def _folders_have_no_commit(self) -> Score:
        if self.revision is not None and self.model.startswith(("/", ".")):
            raise ValueError("`revision` is a commit of a Hub id; for a folder leave it out")
        return self

    @model_validator(mode="after")
    def _perplexity_is_of_tokens(self) -> Score:
        if self.perplexity and self.label is not None:
            raise ValueError("`perplexity` is of a language model, which has no `label`")
        if self.perplexity and self.max_tokens < 2:
            raise ValueError("`perplexity` needs `max_tokens: 2` or more")
        return self


def check_scores(scores: Sequence[Score]) -> None:
    """Raise ValueError where two scores have one name."""
    names = [score.name for score in scores]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the score `{name}` stands there twice; give each a name of its own")


@dataclass(frozen=True, slots=True)
class PinnedScore:
    """A score whose model is known: `revision` is a Hub commit, or the digest of a folder."""

    score: Score
    revision: str

    @property
    def column(self) -> str:
        """The name of its column."""
        return score_column(self.score.name)

    @property
    def digest(self) -> str:
        """What its values depend on besides the text: 16 hex characters.

        Not the name, nor the place of the model, so renaming and moving score nothing again.
        """
        fields = self.score.model_dump(mode="json", include={"max_tokens", "label", "dtype"})
        fields["revision"] = self.revision
        if self.score.perplexity:  # without it the digests are those of earlier releases
            fields["perplexity"] = True
        return digest([canonical_json(fields)])[:16]

    def to_settings(self) -> dict[str, object]:
        """What the commit of a version says of the score."""
        excluded = set() if self.score.perplexity else {"perplexity"}
        said = self.score.model_dump(mode="json", exclude_none=True, exclude=excluded)
        return {**said, "revision": self.revision, "digest": self.digest}


# ---- columns ------------------------------------------------------------------------------------


def score_column(name: str) -> str:
    """The column of a score."""
    return f"{_PREFIX}{name}"


def score_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Those of some column names that are scores', in their order.

    >>> score_columns(["page_id", "score_edu", "quality_score"])
    ('score_edu',)
    """
    return tuple(name for name in names if name.startswith(_PREFIX))


def schema_with(table: str, columns: Iterable[str]) -> pa.Schema:
    """The schema of a table with the columns of scores, which come last: float32, null without."""
    # A recipe is read without pyarrow, so that a mistake in it is told at once.
    import pyarrow as pa

    from schemas.tables import SCHEMAS

    schema = SCHEMAS[table]
    for column in columns if table in SCORED_TABLES else ():
        schema = schema.append(pa.field(column, pa.float32()))
    return schema
