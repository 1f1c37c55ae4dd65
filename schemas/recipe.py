"""The recipe: one YAML file that says what dataset to make, as frozen pydantic models.

Unknown keys are refused. So are settings that contradict each other: work that no run could do, or
that every run would leave undone. A limit that is never reached is not a contradiction. Whatever
depends on an engine, a checkpoint or a place is checked by `pipelines.planning.check`.

`reading_settings` is the part that decides the reading of a page; its digest names the staging
folder and is written into every row. Sources, `dedup`, `policies`, `scores`, `mix`, `tokenizer`,
`rights`, `limits`, `publish`, `placement` and `storage` are not part of it: changing them never
makes a page be read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from schemas.dedup import Dedup, NearImage, NearText
from schemas.document_source import DocumentSource
from schemas.engine_spec import WAY_TO_SERVERS, EngineSpec, Task
from schemas.errors import RecipeError
from schemas.ids import canonical_json, digest
from schemas.limits import Limits
from schemas.mix import Mix
from schemas.part import Location, Part, Share
from schemas.personal import People
from schemas.policies import PolicyStep, check_policies
from schemas.recipe_errors import problems
from schemas.recipe_sections import (
    Placement,
    Publish,
    Quality,
    Raster,
    Rights,
    Storage,
    TextLayer,
)
from schemas.scores import Score, check_scores, score_column, score_columns
from schemas.sources import DatasetSource, RecordSource, Source, check_names
from schemas.tokenizer import Tokenizer
from schemas.tokens import ReferenceMode
from schemas.yaml_text import parse_yaml

__all__ = [
    "Dedup", "EngineSpec", "NearImage", "NearText", "Placement", "Publish", "Quality", "Raster",
    "Recipe", "Rights", "Storage", "Task", "TextLayer", "differences", "parse_recipe",
]  # fmt: skip

_TAKE_BATCHES = {"transformers", "vllm"}
_TAKE_NO_THREADS = {"vllm", "endpoint"}


class Recipe(Part):
    """What dataset to make, from which sources, and how."""

    dataset: Location = Field(
        description="The dataset that is made: a folder, or a place on `s3://`, `gs://` or `az://`."
    )
    sources: tuple[Source, ...] = Field(
        description="Where the input comes from. A plain path stands for `documents: path`."
    )
    license: str = Field(
        default="other", description="The licence of the documents, for the dataset card."
    )
    on_missing: Literal["keep", "remove"] = Field(
        default="keep", description="What happens to documents whose files are gone."
    )
    max_removed: Share = Field(
        default=0.2,
        description="A run that would remove a larger share of the documents or of the pages stops "
        "before it reads anything.",
    )
    raster: Raster = Field(default=Raster(), description="How a page becomes an image.")
    routing: Literal["prefer", "never", "only"] = Field(
        default="prefer",
        description="Whether a page's text layer is used: `prefer` uses it where it is good, "
        "`never` reads every page with the engine, `only` never uses an engine.",
    )
    text_layer: TextLayer = Field(
        default=TextLayer(), description="When a text layer is too poor to be used."
    )
    layout: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="When the layout model looks at a page: `auto` where rules cannot tell what a "
        "region is, `always`, or `never`.",
    )
    furniture: Literal["drop", "keep"] = Field(
        default="drop",
        description="Whether running heads and feet, page numbers, stamps, watermarks and margin "
        "line numbers stay out of `text`. `blocks` keep them either way.",
    )
    engine: EngineSpec = Field(
        default=EngineSpec(), description="The engine that reads page images."
    )
    fallback: EngineSpec | None = Field(
        default=None,
        description="An engine for pages that the first one could not read, even under stronger "
        "settings.",
    )
    rotate: bool = Field(
        default=True, description="Try a page that reads badly turned by 90, 270 and 180 degrees."
    )
    deep: bool = Field(
        default=False,
        description="Cut out figures, charts and formulas, and read each of them by itself.",
    )
    vision_mode: ReferenceMode = Field(
        default="base",
        description="The mode of DeepSeek-OCR by which vision tokens are counted for engines that "
        "have none of their own.",
    )
    quality: Quality = Field(
        default=Quality(), description="Limits that a reading must keep to become a sample."
    )
    dedup: Dedup = Field(default=Dedup(), description="What counts as a duplicate.")
    policies: tuple[PolicyStep, ...] = Field(
        default=(),
        description="What must not be in a version, as policies in the order in which they are "
        "applied, after deduplication: `- trust: {}`. Changing them reads no page again.",
    )
    scores: tuple[Score, ...] = Field(
        default=(),
        description="What classification models say of each text, as columns: "
        "`- {name: edu, model: …}` makes `score_edu`. Changing them reads no page again.",
    )
    mix: Mix | None = Field(
        default=None, description="The proportions in which groups of sources are mixed."
    )
    tokenizer: Tokenizer | None = Field(
        default=None,
        description="A second tokenizer, whose counts stand in `trainer_tokens` beside "
        "`text_tokens`. Changing it reads no page again.",
    )
    rights: Rights = Field(
        default=Rights(), description="What is left out because its owners reserve something."
    )
    limits: Limits = Field(
        default=Limits(), description="How many documents may come from one source."
    )
    publish: Publish = Field(default=Publish(), description="How rows become parts.")
    placement: Placement = Field(
        default=Placement(), description="Where the work runs and how wide."
    )
    storage: Storage = Field(default=Storage(), description="Where `s3://` is.")

    @field_validator(
        "sources",
        mode="before",
        json_schema_input_type=Location
        | Source
        | Annotated[tuple[Location | Source, ...], Field(min_length=1)],
    )
    @classmethod
    def _words_are_documents(cls, value: object) -> object:
        sources = [value] if isinstance(value, (str, Mapping)) else value
        if not isinstance(sources, (list, tuple)):
            return sources
        return tuple({"documents": one} if isinstance(one, str) else one for one in sources)

    @field_validator("sources")
    @classmethod
    def _any(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        # A `min_length` of the tuple would be reported again when its only source is wrong.
        if not sources:
            raise ValueError("name at least one source")
        return sources

    @model_validator(mode="after")
    def _names_are_apart(self) -> Recipe:
        check_names(self.sources)
        return self

    @field_validator("policies")
    @classmethod
    def _each_once(cls, policies: tuple[PolicyStep, ...]) -> tuple[PolicyStep, ...]:
        check_policies(policies)
        return policies

    @field_validator("scores")
    @classmethod
    def _names_once(cls, scores: tuple[Score, ...]) -> tuple[Score, ...]:
        check_scores(scores)
        return scores

    @model_validator(mode="after")
    def _keeps_by_its_scores(self) -> Recipe:
        there = {score_column(score.name) for score in self.scores}
        for number, step in enumerate(self.policies):
            for name in score_columns(step.keep or ()):
                if name not in there:
                    raise ValueError(
                        f"policies.{number}.keep: no score `{name.removeprefix('score_')}` in "
                        f"`scores` gives the value {name!r}"
                    )
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
        """Settings that other settings rule out. The sources do not matter here: they are not
        reading settings, and the digest must not change with them."""
        placement = self.placement
        specs = (self.engine, *([self.fallback] if self.fallback else []))
        names = {spec.name for spec in specs}
        if self.routing == "only":
            for field, is_given in {
                "engine": self.engine != EngineSpec(),
                "fallback": self.fallback is not None,
                "deep": self.deep,
                "placement.gpus_per_replica": placement.gpus_per_replica > 0
                and not self.reads_texts,
                "placement.threads_per_replica": placement.threads_per_replica is not None
                and not self.reads_texts,
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
        if self.fallback and self.fallback.what_reads == self.engine.what_reads:
            yield "fallback: it is the engine itself; name another one, or leave it out"
        if placement.batch_pages is not None and not names & _TAKE_BATCHES:
            yield (
                f"placement.batch_pages: {' or '.join(sorted(names))} sizes its batches itself; "
                "leave it out"
            )
        if (
            placement.threads_per_replica is not None
            and names <= _TAKE_NO_THREADS
            and not self.deep
            and not self.reads_texts
        ):
            takers = " and ".join(sorted(names))
            yield f"placement.threads_per_replica: {takers} takes none; leave it out"
        if placement.gpus_per_replica > 0 and names == {"endpoint"} and not self.reads_texts:
            yield (
                "placement.gpus_per_replica: the servers of `endpoint` have the GPUs, and a "
                "replica that asks them needs none; leave it out"
            )

    def _same_places(self) -> Iterator[str]:
        """Places that are named twice, although each must be different."""
        if self.placement.staging == self.dataset:
            yield "placement.staging: it is the dataset itself; name another folder"
        for number, source in enumerate(self.sources):
            if (first := self.sources.index(source)) < number:
                yield f"sources.{number}: it is the same as sources.{first}; leave it out"
            if isinstance(source, DatasetSource) and self.dataset in source.dataset:
                yield f"sources.{number}.dataset: it is the dataset that is made; name another one"

    def reading_settings(self) -> dict[str, Any]:
        """The settings that a reading depends on, as plain JSON values."""
        # Not with the recipe: the tables import pyarrow, and a mistake in a recipe is told at once.
        from schemas.tables import SCHEMA_VERSION

        fields = {
            *("raster", "routing", "text_layer", "engine", "fallback", "rotate", "deep"),
            *("vision_mode", "quality", "layout", "furniture"),
        }
        settings = self.model_dump(
            mode="json",
            include=fields,
            exclude={"engine": set(WAY_TO_SERVERS), "fallback": set(WAY_TO_SERVERS)},
        )
        # Signatures are made while pages are read, so their length is a reading setting.
        return {"schema_version": SCHEMA_VERSION, "permutations": self.permutations} | settings

    @property
    def record_sources(self) -> tuple[RecordSource, ...]:
        """The sources whose pages are made."""
        return tuple(s for s in self.sources if not isinstance(s, DocumentSource))

    @property
    def needs_engine(self) -> bool:
        """Whether any page can need an engine; pages of records come with their text."""
        return self.routing != "only" and len(self.record_sources) < len(self.sources)

    @property
    def needs_replicas(self) -> bool:
        """Whether replicas are placed: to read pages, or for what models say of texts."""
        return self.needs_engine or self.reads_texts

    @property
    def people(self) -> People | None:
        """The model that finds names and addresses; None without one."""
        named = (step.pii.people for step in self.policies if step.pii is not None)
        return next((people for people in named if people is not None), None)

    @property
    def reads_texts(self) -> bool:
        """Whether models read texts when a version is made: for scores, to find people, or for
        semantic deduplication."""
        return bool(self.scores) or self.people is not None or self.dedup.semantic is not None

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
    """The leaves in which two settings differ, such as `raster.quality: 92 -> 80`, sorted."""
    lines: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += differences(before, after, f"{prefix}{key}.")
        elif before != after:
            lines.append(f"{prefix}{key}: {before!r} -> {after!r}")
    return lines
