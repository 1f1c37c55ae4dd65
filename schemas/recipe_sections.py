"""The sections of a recipe that concern all pages: raster, text layer, quality, rights, publish,
placement and storage. `schemas.recipe` puts them together."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from schemas.part import Location, OrPercent, Part, PositiveInt, Share, share_of


class Raster(Part):
    """How a page becomes an image. Pages beyond the limits are rejects `page_too_large`."""

    longest_edge_px: Annotated[int, Field(ge=64, le=8192)] = Field(
        default=1280, description="The longest edge of a page image, in pixels."
    )
    format: Literal["jpeg", "png", "webp"] = Field(
        default="jpeg", description="The format of the stored images."
    )
    quality: Annotated[int, Field(ge=1, le=100)] = Field(
        default=92, description="The quality of JPEG and WebP. PNG loses nothing and takes none."
    )
    max_page_points: Annotated[float, Field(gt=0)] = Field(
        default=20_000,  # 277 inches, larger than any real sheet
        description="The longest side of a page that is read, in points of 1/72 inch.",
    )
    max_aspect: Annotated[float, Field(ge=1)] = Field(
        default=20, description="The largest ratio of a page's long side to its short side."
    )
    max_image_pixels: PositiveInt = Field(
        default=200_000_000, description="The most pixels of an image file that is decoded."
    )

    @model_validator(mode="after")
    def _quality_of_lossy(self) -> Raster:
        if self.format == "png" and self.quality != type(self).model_fields["quality"].default:
            raise ValueError(
                f"`quality: {self.quality}` means nothing to `format: png`, which loses nothing; "
                "leave it out, or set `format: jpeg` or `webp`"
            )
        return self


class TextLayer(Part):
    """When the text layer of a page is too poor to be used instead of a reading.

    Each limit belongs to one finding, such as `garbled`. `workers.textlayer.signals` says how each
    is measured.
    """

    min_chars: int = Field(
        default=16, description="A layer with fewer characters counts as `missing`."
    )
    max_hidden_share: Share = Field(
        default=0.3, description="The largest share of hidden characters before it is `invisible`."
    )
    max_garbled_share: Share = Field(
        default=0.1, description="The largest share of broken characters before it is `garbled`."
    )
    max_lost_word_share: Share = Field(
        default=0.03,
        description="The largest share of words with a broken character before it is `garbled`.",
    )
    min_vowel_share: Share = Field(
        default=0.2,
        description="The smallest share of vowels among Latin letters; with less it is `garbled`.",
    )
    min_judged_letters: int = Field(
        default=200, description="With fewer Latin letters, vowels are not counted."
    )
    max_image_share: Share = Field(
        default=0.5,
        description="The largest share of the page that an image may cover before it is `scanned`.",
    )
    min_chars_over_image: int = Field(
        default=150, description="With more characters a page is never `scanned`."
    )
    max_paths: int = Field(
        default=200,
        description="The most drawn paths before the page is `outlined`: its letters may be paths.",
    )
    min_chars_over_paths: int = Field(
        default=50, description="With more characters a page is never `outlined`."
    )
    max_single_letter_share: Share = Field(
        default=0.6,
        description="The largest share of words of one letter, four or more in a row, before it is "
        "`misspaced`.",
    )
    max_glued_share: Share = Field(
        default=0.3,
        description="The largest share of letters in runs of over 30 before it is `misspaced`.",
    )
    min_judged_words: int = Field(
        default=20,
        description="With fewer words a page is never `misspaced`, nor are lost words counted.",
    )


class Quality(Part):
    """Limits that a reading must keep to become a sample; otherwise it is a reject."""

    min_text_tokens: int = Field(
        default=1, ge=1, description="A page with fewer text tokens is a reject `no_text`."
    )
    min_confidence: Share = Field(
        default=0.5,
        description="A page with a lower mean confidence of its engine is a reject "
        "`low_confidence`.",
    )
    max_repetition: Share = Field(
        default=0.7,
        description="A page with a larger share of repeated lines or 5-grams is a reject "
        "`repetition`.",
    )
    max_symbol_share: Share = Field(
        default=0.7,
        description="A page with a larger share of characters that are not letters is a reject "
        "`garbage`.",
    )
    min_coverage: Share = Field(
        default=0.5,
        description="A text layer that accounts for a smaller share of the page's print is not "
        "taken. A page whose reading does is read again larger, where it has more to show, and "
        "else is a reject `incomplete`.",
    )
    min_ink_share: Share = Field(
        default=2e-5,
        description="A page with a smaller share of marked pixels is a reject `blank`.",
    )


class Rights(Part):
    """What is left out for its rights. A change of it reads no page again."""

    reserved: Literal["keep", "drop"] = Field(
        default="keep",
        description="What becomes of documents with a reservation in `source.reserved`: `drop` "
        "makes them and their pages rejects `reserved`.",
    )


_LARGEST_VALIDATION = Fraction(1, 2)


def _validation_share(value: object) -> object:
    share = share_of(value)
    if share is None or not 0 < share <= _LARGEST_VALIDATION:
        raise ValueError(
            "a share of the documents, of at most 50 %, belongs here, such as `1 %` or 0.01, not "
            f"{value!r}"
        )
    return float(share)


_ValidationShare = Annotated[
    float, BeforeValidator(_validation_share), Field(gt=0, le=0.5), OrPercent()
]


class Publish(Part):
    """How rows are written into Parquet parts."""

    seed: int = Field(default=0, description="Changes the shuffled order of the rows.")
    part_bytes: PositiveInt = Field(
        default=500_000_000, description="The size that a part file aims at, in bytes."
    )
    row_group_bytes: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        default=64_000_000, description="The size that a row group aims at, in bytes."
    )
    validation: _ValidationShare | None = Field(
        default=None,
        description="The share of the documents that are for validation, such as `1 %`: each row "
        "then says its `split`. Documents with near duplicates of each other are in one split. A "
        "change of it reads no page again.",
    )


class Placement(Part):
    """Where the work runs and how wide; it never changes the published bytes."""

    replicas: tuple[PositiveInt, PositiveInt] = Field(
        default=(1, 1),
        description="The fewest and the most engine replicas; one number is the most, and the "
        "fewest is then 1. A run asks for the most and works with those that are ready. It stops "
        "when fewer than the fewest are ready for `replica_start_timeout_s`, or can be had at all.",
    )
    gpus_per_replica: Annotated[float, Field(ge=0)] = Field(
        default=0,
        description="The GPUs of a replica; less than 1 shares a GPU between replicas.",
    )
    batch_pages: PositiveInt | None = Field(
        default=None,
        description="How many pages the engine `transformers` or `vllm` reads at once; by default "
        "what fits the device, and 256.",
    )
    threads_per_replica: PositiveInt | None = Field(
        default=None, description="The CPU threads of a replica; by default all cores."
    )
    shard_pages: PositiveInt = Field(
        default=64, description="The most pages of a shard, the unit of work and of retries."
    )
    page_timeout_s: Annotated[float, Field(gt=0)] = Field(
        default=60,
        description="The longest time for rasterising a page, in seconds; a page that takes longer "
        "is a reject `timeout`.",
    )
    page_memory_bytes: PositiveInt = Field(
        default=3 * 2**30,
        description="The most memory of the child process that rasterises pages, in bytes; a page "
        "that needs more is a reject `memory_limit`.",
    )
    read_timeout_s: Annotated[float, Field(gt=0)] = Field(
        default=120,
        description="The longest time for reading a page, in seconds; a replica that takes longer "
        "is replaced.",
    )
    replica_start_timeout_s: Annotated[float, Field(gt=0)] = Field(
        default=1800,
        description="The longest time with too few ready replicas, and the longest time for a "
        "replica to load on its device, in seconds.",
    )
    staging: str | None = Field(
        default=None,
        description="A folder or URL for what is read and not yet published; each dataset has a "
        "folder of its own there. By default it is `staging/` in the dataset.",
    )
    staging_days: Annotated[float, Field(ge=0)] | None = Field(
        default=7,
        description="A run that ends well removes what was staged longer ago, in days; `null` "
        "keeps everything.",
    )

    @field_validator(
        "replicas",
        mode="before",
        json_schema_input_type=PositiveInt | tuple[PositiveInt, PositiveInt],
    )
    @classmethod
    def _one_number(cls, value: object) -> object:
        return (1, value) if type(value) is int else value

    @model_validator(mode="after")
    def _ordered(self) -> Placement:
        if self.replicas[0] > self.replicas[1]:
            raise ValueError(
                f"replicas {list(self.replicas)}: the first must not exceed the second"
            )
        return self

    @field_validator("gpus_per_replica")
    @classmethod
    def _whole_gpus(cls, value: float) -> float:
        if value > 1 and value != int(value):
            raise ValueError(
                f"{value:g}: Ray has no part of a second GPU; give a whole number, or less than 1"
            )
        return value


class Storage(Part):
    """Where `s3://` is. What is left out comes from the environment; keys never stand here."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^/@?#\s]+/?$")] | None = Field(
        default=None,
        description="`https://host:port` of an S3-compatible store; by default AWS.",
    )
    region: Location | None = Field(default=None, description="The region of the store.")
    profile: Location | None = Field(
        default=None, description="A profile of the AWS configuration files."
    )
