"""The section `dedup` of a recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from schemas.part import Part, PositiveInt
from schemas.semantic import Semantic

_LEAST_FOUND = 0.1
"""Settings that would find a smaller share of the pairs that are just similar enough are refused.
The default settings find 95 % of them."""


class NearText(Part):
    """Settings of near-duplicate detection on text: MinHash signatures and LSH banding."""

    jaccard: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.8,
        description="Pages whose word 5-grams have at least this Jaccard similarity count as "
        "duplicates.",
    )
    permutations: PositiveInt = Field(
        default=128,
        description="The number of MinHash values in a page's signature. Signatures are made while "
        "pages are read, so another value makes every page be read again.",
    )
    bands: PositiveInt = Field(
        default=16,
        description="The number of LSH bands that a signature is cut into; it must divide "
        "`permutations`. More bands compare more pairs.",
    )
    min_text_tokens: int = Field(
        default=32,
        ge=0,
        description="Pages with fewer text tokens are compared by their pictures instead.",
    )

    @model_validator(mode="after")
    def _bands_divide(self) -> NearText:
        if self.permutations % self.bands:
            raise ValueError(f"bands ({self.bands}) must divide permutations ({self.permutations})")
        return self

    @model_validator(mode="after")
    def _pairs_are_met(self) -> NearText:
        # Leskovec et al., Mining of Massive Datasets, section 3.4: the chance to share a band.
        rows = self.permutations // self.bands
        found = 1 - (1 - self.jaccard**rows) ** self.bands
        if found < _LEAST_FOUND:
            raise ValueError(
                f"with bands: {self.bands} of {rows} permutations only {found:.1%} of the pairs at "
                f"jaccard {self.jaccard:g} would be compared; give more `bands`"
            )
        return self


class NearImage(Part):
    """Settings of near-duplicate detection on pictures, for pages with too little text for `near`.

    Such pages are duplicates when they have the same words and similar pictures.
    """

    max_distance_bits: Annotated[int, Field(ge=0, le=256)] = Field(
        default=16,
        description="The most bits, of 256, in which the perceptual hashes of two duplicates "
        "differ.",
    )


class Dedup(Part):
    """What counts as a duplicate. Files with equal bytes are always read only once."""

    exact_text: bool = Field(
        default=True, description="Drop pages whose normalised text is exactly that of another."
    )
    near: NearText | None = Field(
        default=NearText(), description="Drop pages with similar text; `null` switches this off."
    )
    image: NearImage | None = Field(
        default=NearImage(),
        description="Drop pages with little text and similar pictures; `null` switches this off.",
    )
    semantic: Semantic | None = Field(
        default=None,
        description="Drop rows that mean the same, by the embeddings of a text encoder; off by "
        "default.",
    )
    copies: bool = Field(
        default=False,
        description="Write in each row how many it stands for: itself, and the duplicates that are "
        "dropped for it. A duplicate that comes or goes then makes the part of its keeper be "
        "written again.",
    )

    @model_validator(mode="after")
    def _image_has_pages(self) -> Dedup:
        is_given = "image" in self.model_fields_set and self.image is not None
        if is_given and self.near is not None and self.near.min_text_tokens == 0:
            raise ValueError(
                "`image` compares pages of fewer than near.min_text_tokens, which is 0; raise "
                "near.min_text_tokens, or set `image: null`"
            )
        return self
