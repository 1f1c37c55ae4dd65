"""The recipe: one YAML file that says what dataset to make, as frozen pydantic models.

Unknown keys are refused, and so are settings that ask for work that others rule out: what no run
could do, or what every run would leave undone. A limit that is never reached is no such thing.
What depends on an engine, a checkpoint or a place is for `pipelines.planning.check`.

`reading_settings` is the part that decides what a page's reading is; its digest names the staging
folder and stamps every row. Sources, `dedup`, `publish`, `placement` and `storage` are left out of
it: changing them never makes a page be read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from schemas.dedup import Dedup, NearImage, NearText
from schemas.engine_spec import EngineSpec, Task
from schemas.errors import RecipeError
from schemas.ids import canonical_json, digest
from schemas.mix import Mix
from schemas.part import Location, Part, PositiveInt, Share
from schemas.recipe_errors import problems
from schemas.sources import DatasetSource, DocumentSource, RecordSource, Source, check_names
from schemas.tables import SCHEMA_VERSION
from schemas.tokens import ReferenceMode
from schemas.yaml_text import parse_yaml

__all__ = [
    "Dedup", "EngineSpec", "NearImage", "NearText", "Placement", "Publish", "Quality", "Raster",
    "Recipe", "Storage", "Task", "TextLayer", "differences", "parse_recipe",
]  # fmt: skip


class Raster(Part):
    """How a page becomes an image. Pages past the limits are rejects `page_too_large`."""

    longest_edge_px: Annotated[int, Field(ge=64, le=8192)] = 1280
    format: Literal["jpeg", "png", "webp"] = "jpeg"
    quality: Annotated[int, Field(ge=1, le=100)] = 92
    max_page_points: Annotated[float, Field(gt=0)] = 20_000  # 277 inches, past any real sheet
    max_aspect: Annotated[float, Field(ge=1)] = 20
    max_image_pixels: PositiveInt = 200_000_000

    @model_validator(mode="after")
    def _quality_of_lossy(self) -> Raster:
        if self.format == "png" and self.quality != type(self).model_fields["quality"].default:
            raise ValueError(
                f"`quality: {self.quality}` means nothing to `format: png`, which loses nothing; "
                "leave it out, or set `format: jpeg` or `webp`"
            )
        return self


class TextLayer(Part):
    """When the text layer of a page is not good enough to stand for a reading.

    Each field names the reason that it gives; `workers.textlayer.signals` says how it is measured.
    """

    min_chars: int = Field(default=16, description="`missing`")
    max_hidden_share: Share = Field(default=0.3, description="`invisible`")
    max_garbled_share: Share = Field(default=0.1, description="`garbled`")
    min_vowel_share: Share = Field(default=0.2, description="`garbled`")
    min_judged_letters: int = Field(default=200, description="fewer do not count as `garbled`")
    max_image_share: Share = Field(default=0.5, description="`scanned`")
    min_chars_over_image: int = Field(default=150, description="more is never `scanned`")
    max_paths: int = Field(default=200, description="`outlined`: letters drawn as paths")
    min_chars_over_paths: int = Field(default=50, description="more is never `outlined`")
    max_jump_share: Share = Field(default=0.4, description="`disordered`")
    min_judged_blocks: int = Field(default=10, description="fewer are never `disordered`")
    max_single_letter_share: Share = Field(default=0.6, description="`misspaced`")
    max_glued_share: Share = Field(default=0.3, description="`misspaced`")
    min_judged_words: int = Field(default=20, description="fewer are never `misspaced`")


class Quality(Part):
    """Floors for a sample; what falls below is a reject with its reason and its scores."""

    min_text_tokens: int = Field(default=1, ge=1, description="fewer: `no_text`")
    min_confidence: Share = Field(
        default=0.5, description="mean engine confidence: `low_confidence`"
    )
    max_repetition: Share = Field(default=0.7, description="share of repeated lines or 5-grams")
    max_symbol_share: Share = Field(default=0.7, description="share of non-letters: `garbage`")
    min_ink_share: Share = Field(default=2e-5, description="share of marked pixels: `blank`")


class Publish(Part):
    """How rows become parts."""

    seed: int = 0
    part_bytes: PositiveInt = 500_000_000
    row_group_bytes: Annotated[int, Field(ge=1, le=100_000_000)] = 64_000_000


class Placement(Part):
    """Where and how wide the work runs; never changes the published bytes."""

    replicas: tuple[PositiveInt, PositiveInt] = Field(
        default=(1, 1),
        description="[fewest, most]: a run asks for the most, works with those that are ready, and "
        "stops where fewer than the fewest are ready for replica_start_timeout_s, or can be had; "
        "one number is the most, and the fewest is 1",
    )
    gpus_per_replica: Annotated[float, Field(ge=0)] = 0
    batch_pages: PositiveInt | None = Field(
        default=None, description="pages that a model reads at once; default: by the device"
    )
    threads_per_replica: PositiveInt | None = Field(default=None, description="default: all cores")
    shard_pages: PositiveInt = 64
    page_timeout_s: Annotated[float, Field(gt=0)] = 60
    page_memory_bytes: PositiveInt = 3 * 2**30
    read_timeout_s: Annotated[float, Field(gt=0, description="longest reading of a page")] = 120
    replica_start_timeout_s: Annotated[
        float,
        Field(
            gt=0,
            description="longest time with fewer replicas than asked for, and longest loading of "
            "one that has its device",
        ),
    ] = 1800
    staging: str | None = Field(
        default=None,
        description="each dataset has a folder of its own there; default: <dataset>/staging",
    )
    staging_days: Annotated[float, Field(ge=0)] | None = Field(
        default=7, description="what is staged longer goes when a run ends well; `null` keeps it"
    )

    @field_validator("replicas", mode="before")
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
    """Where `s3://` is; what is left out comes from the environment. Keys never stand here."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^/@?#\s]+/?$")] | None = Field(
        default=None, description="`https://host:port` of an S3-compatible store; default: AWS"
    )
    region: Location | None = None
    profile: Location | None = Field(default=None, description="of the AWS configuration files")


class Recipe(Part):
    """What dataset to make, of what, and how."""

    dataset: Location
    sources: tuple[Source, ...]
    license: str = Field(default="other", description="licence of the documents, for the card")
    on_missing: Literal["keep", "remove"] = "keep"
    max_removed: Share = Field(
        default=0.2,
        description="share of the documents, or of the pages, over which a run stops rather than "
        "publish a version without them",
    )
    raster: Raster = Raster()
    routing: Literal["prefer", "never", "only"] = "prefer"
    text_layer: TextLayer = TextLayer()
    engine: EngineSpec = EngineSpec()
    fallback: EngineSpec | None = Field(
        default=None, description="reads what the engine failed on, also under stronger settings"
    )
    rotate: bool = Field(default=True, description="try a page that reads badly turned")
    deep: bool = Field(
        default=False, description="cut figures, charts and formulas out and read each by itself"
    )
    vision_mode: ReferenceMode = Field(
        default="base", description="counts vision tokens for engines that see none of their own"
    )
    quality: Quality = Quality()
    dedup: Dedup = Dedup()
    mix: Mix | None = Field(default=None, description="groups of sources by weight")
    publish: Publish = Publish()
    placement: Placement = Placement()
    storage: Storage = Storage()

    @field_validator("sources", mode="before")
    @classmethod
    def _words_are_documents(cls, value: object) -> object:
        sources = [value] if isinstance(value, (str, Mapping)) else value
        if not isinstance(sources, (list, tuple)):
            return sources
        return tuple({"documents": one} if isinstance(one, str) else one for one in sources)

    @field_validator("sources")
    @classmethod
    def _any(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        # Asked of the tuple itself, it would be told again of a tuple whose one source is wrong.
        if not sources:
            raise ValueError("name at least one source")
        return sources

    @model_validator(mode="after")
    def _names_are_apart(self) -> Recipe:
        check_names(self.sources)
        return self

    @model_validator(mode="after")
    def _sources_fit_the_mix(self) -> Recipe:
        groups = [source.group for source in self.sources]
        weights = self.mix.weights if self.mix else {}
        for number, group in enumerate(groups):
            if group is None and weights:
                raise ValueError(f"sources.{number}: with a mix, each source names its `group`")
            if group is not None and group not in weights:
                raise ValueError(f"sources.{number}: group {group!r} has no weight in `mix`")
        for group in weights:
            if group not in groups:
                raise ValueError(f"mix: no source is of group {group!r}")
        if self.mix and self.on_missing == "keep":
            raise ValueError("a mix needs `on_missing: remove`: what no source has is of no group")
        return self

    @model_validator(mode="after")
    def _asks_for_what_is_done(self) -> Recipe:
        lines = [*self._left_undone(), *self._same_places()]
        if lines:
            raise ValueError("\n".join(lines))
        return self

    def _left_undone(self) -> Iterator[str]:
        """Settings that others rule out, whatever the sources are: these are no reading settings,
        and a dataset must not need another digest when they change."""
        placement = self.placement
        specs = (self.engine, *([self.fallback] if self.fallback else []))
        names = {spec.name for spec in specs}
        if self.routing == "only":
            for field, is_given in {
                "engine": self.engine != EngineSpec(),
                "fallback": self.fallback is not None,
                "deep": self.deep,
                "placement.gpus_per_replica": placement.gpus_per_replica > 0,
                "placement.threads_per_replica": placement.threads_per_replica is not None,
                "placement.batch_pages": placement.batch_pages is not None,
            }.items():
                if is_given:
                    yield (
                        f"{field}: no engine reads with `routing: only`; leave it out, or set "
                        "`routing: prefer`"
                    )
            return
        if self.routing == "never" and self.text_layer != TextLayer():
            yield (
                "text_layer: no text layer is taken with `routing: never`; leave it out, or set "
                "`routing: prefer`"
            )
        if self.fallback == self.engine:
            yield "fallback: it is the engine itself; name another one, or leave it out"
        if placement.batch_pages is not None and "transformers" not in names:
            yield (
                f"placement.batch_pages: {' or '.join(sorted(names))} sizes its batches itself; "
                "leave it out"
            )
        if placement.threads_per_replica is not None and names == {"vllm"} and not self.deep:
            yield "placement.threads_per_replica: vllm takes none; leave it out"

    def _same_places(self) -> Iterator[str]:
        """Places that are named twice, where each would have to be one of its own."""
        if self.placement.staging == self.dataset:
            yield "placement.staging: it is the dataset itself; name another folder"
        for number, source in enumerate(self.sources):
            if (first := self.sources.index(source)) < number:
                yield f"sources.{number}: it is the same as sources.{first}; leave it out"
            if isinstance(source, DatasetSource) and self.dataset in source.dataset:
                yield f"sources.{number}.dataset: it is the dataset that is made; name another one"

    def reading_settings(self) -> dict[str, Any]:
        """The settings a reading depends on, as plain JSON values."""
        fields = {
            *("raster", "routing", "text_layer", "engine", "fallback", "rotate", "deep"),
            *("vision_mode", "quality"),
        }
        settings = self.model_dump(mode="json", include=fields)
        # Signatures are made while reading, so their length is a reading's setting.
        return {"schema_version": SCHEMA_VERSION, "permutations": self.permutations} | settings

    @property
    def record_sources(self) -> tuple[RecordSource, ...]:
        """The sources whose pages are made."""
        return tuple(s for s in self.sources if not isinstance(s, DocumentSource))

    @property
    def needs_engine(self) -> bool:
        """Whether any page can come to an engine: pages of records have their text."""
        return self.routing != "only" and len(self.record_sources) < len(self.sources)

    @property
    def permutations(self) -> int:
        """MinHash permutations of the stored signatures, also when `dedup.near` is off."""
        return (self.dedup.near or NearText()).permutations

    def digest(self) -> str:
        """The recipe digest: 16 hex characters over `reading_settings`."""
        return digest([canonical_json(self.reading_settings())])[:16]


def parse_recipe(text: str, origin: str = "recipe") -> Recipe:
    """Parse a recipe's YAML. Raises RecipeError, one line a problem, each naming its field."""
    try:
        data = parse_yaml(text)
    except ValueError as exc:
        raise RecipeError(f"{origin}: not YAML: {exc}") from exc
    if not isinstance(data, dict):
        raise RecipeError(f"{origin}: a recipe is a mapping with `dataset:` and `sources:`")
    try:
        return Recipe.model_validate(data)
    except ValidationError as exc:
        lines = problems(exc, Recipe)
        raise RecipeError("\n".join(f"{origin}: {line}" for line in lines)) from exc


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """The leaves in which two settings differ, as `raster.quality: 92 -> 80`, sorted."""
    lines: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += differences(before, after, f"{prefix}{key}.")
        elif before != after:
            lines.append(f"{prefix}{key}: {before!r} -> {after!r}")
    return lines
