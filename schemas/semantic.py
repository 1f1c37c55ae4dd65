"""Semantic deduplication: the section `dedup.semantic` of a recipe, and its pinned encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.ids import canonical_json, digest
from schemas.part import Location, Part, PositiveInt


class Semantic(Part):
    """Drop rows that mean the same, by the embeddings of a text encoder.

    Whatever `exact_text`, `near` and `image` leave is compared: pages with pages, documents with
    documents.
    """

    model: Location = Field(
        description="The checkpoint of a text encoder, read with `AutoModel` of transformers: a "
        "local folder, or a model id of the Hugging Face Hub.",
    )
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None,
        description="The commit of the Hub model, 40 hex digits; a folder has none.",
    )
    similarity: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.95,
        description="Rows whose embeddings have at least this cosine count as duplicates.",
    )
    clusters: PositiveInt | None = Field(
        default=None,
        description="Into how many clusters the embeddings are parted; only rows of one cluster "
        "are compared. By default as many as the corpus needs, one for a small corpus.",
    )
    max_tokens: PositiveInt = Field(
        default=512,
        description="How many tokens of a text the model sees, from its beginning, its own marks "
        "included. Documents with more are not compared.",
    )
    dtype: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="The numbers that the model computes in; `bfloat16` is faster on a GPU and "
        "less exact.",
    )

    @model_validator(mode="after")
    def _folders_have_no_commit(self) -> Semantic:
        if self.revision is not None and self.model.startswith(("/", ".")):
            raise ValueError("`revision` is a commit of a Hub id; for a folder leave it out")
        return self


@dataclass(frozen=True, slots=True)
class PinnedEncoder:
    """The encoder of a recipe whose model is known: a Hub commit, or the digest of a folder."""

    semantic: Semantic
    revision: str

    @property
    def digest(self) -> str:
        """What its embeddings depend on besides the text: 16 hex characters."""
        fields = self.semantic.model_dump(mode="json", include={"max_tokens", "dtype"})
        return digest([canonical_json(fields | {"revision": self.revision})])[:16]

    def to_settings(self) -> dict[str, object]:
        """What the commit of a version says of it."""
        said = self.semantic.model_dump(mode="json", exclude_none=True)
        return {**said, "revision": self.revision, "digest": self.digest}
