"""The section `dedup` of a recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from schemas.part import Part, PositiveInt

_LEAST_FOUND = 0.1
"""Of the pairs that are just similar enough; the default finds 95 % of them."""


class NearText(Part):
    """MinHash and LSH settings; bands x rows must equal the permutations."""

    jaccard: Annotated[float, Field(gt=0, le=1)] = 0.8
    permutations: PositiveInt = 128
    bands: PositiveInt = 16
    min_text_tokens: int = Field(default=32, ge=0, description="shorter pages compare by image")

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
    """For pages with too little text for `near`: the same words, and pictures that differ in at
    most this many of the 256 bits of their perceptual hashes."""

    max_distance_bits: Annotated[int, Field(ge=0, le=256)] = 16


class Dedup(Part):
    """What counts as a duplicate. `null` switches a stage off."""

    exact_text: bool = True
    near: NearText | None = NearText()
    image: NearImage | None = NearImage()

    @model_validator(mode="after")
    def _image_has_pages(self) -> Dedup:
        is_given = "image" in self.model_fields_set and self.image is not None
        if is_given and self.near is not None and self.near.min_text_tokens == 0:
            raise ValueError(
                "`image` compares pages of fewer than near.min_text_tokens, which is 0; raise "
                "near.min_text_tokens, or set `image: null`"
            )
        return self
