"""Sources of a recipe: documents, and the kinds whose pages are made.

A **record** is a document that is not a file of its own: a text of a corpus, a line of a SMILES
file, the n-th draw of a generator, a page of a finished dataset. The settings of its source belong
to its identity, not to the recipe digest: other settings make other documents and leave the
readings of all documents as they are.

The place of a record is written `URI#SETTINGS/NUMBER`: its file, the digest of its source's
settings, and its number from 0. A second slash may be followed by its name. For a generator the
URI is the kind of the source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote, unquote

from pydantic import Discriminator, Field, Tag

from schemas.charts import ChartSource, FormulaSource
from schemas.conversations import ConversationSource
from schemas.document_source import DocumentSource
from schemas.figures import SAMPLE, ChemistrySource, GeometrySource, TableSource
from schemas.ids import canonical_json, digest
from schemas.part import Grouped, Locations, Named, Part, PositiveInt
from schemas.shards import SeenFile
from schemas.text_source import TextSource

# Raise it whenever the same settings and the same record draw another page.
MAKER_VERSION = 1


class DatasetSource(Grouped):
    """Finished datasets; their pages are taken over as they are, with the same texts and bytes."""

    dataset: Locations = Field(description="Datasets, by folder or URL.")
    version: PositiveInt | None = Field(
        default=None,
        description="The version to take of each named dataset; by default the latest.",
    )


_MODELS: dict[str, type[Part]] = {
    "documents": DocumentSource,
    "text": TextSource,
    "charts": ChartSource,
    "formulas": FormulaSource,
    "chemistry": ChemistrySource,
    "geometry": GeometrySource,
    "tables": TableSource,
    "conversations": ConversationSource,
    "dataset": DatasetSource,
}
KINDS = tuple(_MODELS)
_FROM_FILES = {"documents", "text", "chemistry", "conversations", "dataset"}
_MEDIA_TYPE = "made/"
# These keys decide which records a source has and where they belong, not how one is drawn.
_NO_SETTINGS = {"group", "version", "as_"}
_PLACES = {"links": "kept", "index": "base", "paths": "base"}
_HOW_BYTES_COME = {
    "links": {"interval_s", "connections", "timeout_s", "contact", "kept"},
    "index": {"requests_per_s"},
}

RecordSource = (
    TextSource
    | ChartSource
    | FormulaSource
    | ChemistrySource
    | GeometrySource
    | TableSource
    | ConversationSource
    | DatasetSource
)
"""A source whose pages are made, or taken over."""


def _kind_given(value: Any) -> str | None:
    """The kind that a source's keys name, so that pydantic reports the errors of that kind only."""
    if isinstance(value, Part):
        value = type(value).model_fields
    keys = value.keys() if isinstance(value, Mapping) else ()
    return next((kind for kind in KINDS if kind in keys), None)


Source = Annotated[
    Annotated[DocumentSource, Tag("documents")]
    | Annotated[TextSource, Tag("text")]
    | Annotated[ChartSource, Tag("charts")]
    | Annotated[FormulaSource, Tag("formulas")]
    | Annotated[ChemistrySource, Tag("chemistry")]
    | Annotated[GeometrySource, Tag("geometry")]
    | Annotated[TableSource, Tag("tables")]
    | Annotated[ConversationSource, Tag("conversations")]
    | Annotated[DatasetSource, Tag("dataset")],
    Discriminator(
        _kind_given,
        custom_error_type="source_kind",
        custom_error_message=f"a source names one of: {', '.join(KINDS)}",
    ),
]


def kind_of(source: Part) -> str:
    """The kind of a source, a word of `KINDS`."""
    return next(kind for kind, model in _MODELS.items() if isinstance(source, model))


def is_generator(source: Part) -> bool:
    """Whether the records of a source are drawn by a generator instead of read from files."""
    return kind_of(source) not in _FROM_FILES


def names_links(sources: Iterable[Part]) -> bool:
    """Whether any of the sources is a list of links, which every run asks for again."""
    return any(isinstance(s, DocumentSource) and s.links is not None for s in sources)


def names_sample(source: Part) -> bool:
    """Whether a chemistry source names the molecules that come with this program."""
    return isinstance(source, ChemistrySource) and SAMPLE in source.chemistry


def locations(source: Part) -> tuple[str, ...]:
    """The locations that a source names; empty for a generator."""
    if is_generator(source):
        return ()
    named: tuple[str, ...] = getattr(source, kind_of(source))
    return tuple(name for name in named if not (names_sample(source) and name == SAMPLE))


def bases(source: Part) -> tuple[str, ...]:
    """The places below which files are that a source's lists or indexes name."""
    if not isinstance(source, DocumentSource):
        return ()
    parts = (source.index, source.paths)
    return tuple(part.base for part in parts if part is not None and part.base is not None)


def named_places(source: Part) -> tuple[str, ...]:
    """The places that the name of a source stands for; of a list of paths, its `base`."""
    is_list = isinstance(source, DocumentSource) and source.paths is not None
    return bases(source) if is_list else locations(source)


def name_of(source: Part) -> str | None:
    """The name (`as`) that a source of files gives to its folder, or None."""
    return source.as_ if isinstance(source, Named) else None


def license_of(source: Part) -> str | None:
    """The licence that a source of files states for its documents, or None."""
    return source.license if isinstance(source, Named) else None


def source_settings(source: Part) -> dict[str, Any]:
    """The settings of a source for the commit metadata; its name replaces its location.

    How slowly documents are fetched, and where they are kept, changes none.
    """
    settings = source.model_dump(mode="json", exclude={"as_": True, **_HOW_BYTES_COME})
    if name := name_of(source):
        settings[kind_of(source)] = [name]
        if settings.get("paths"):
            settings["paths"]["base"] = None
    return settings


def check_names(sources: Sequence[Source]) -> None:
    """Raises ValueError where one name covers several places, or lies within another name."""
    names: list[str] = []
    for number, source in enumerate(sources):
        if (name := name_of(source)) is None:
            continue
        if len(named_places(source)) != 1:
            raise ValueError(
                f"sources.{number}: `as` names one folder, file or glob; give only one"
            )
        for other in names:
            if f"{name}/".startswith(f"{other}/") or f"{other}/".startswith(f"{name}/"):
                raise ValueError(
                    f"sources.{number}: `as` {name!r} is not apart from {other!r}; "
                    "give each source a name of its own"
                )
        names.append(name)


def relocated(source: Source, move: Callable[[str], str]) -> Source:
    """The same source with its locations moved."""
    if is_generator(source):
        return source
    kept = [SAMPLE] if names_sample(source) else []
    moved = (*kept, *map(move, locations(source)))
    changes: dict[str, Any] = {kind_of(source): moved}
    for field, key in _PLACES.items() if isinstance(source, DocumentSource) else ():
        part: Part | None = getattr(source, field)
        if part is not None and (place := getattr(part, key)) is not None:
            changes[field] = part.model_copy(update={key: move(place)})
    return source.model_copy(update=changes)


def kept_places(sources: Iterable[Part]) -> tuple[str, ...]:
    """The places that the sources name to keep what links gave."""
    links = (source.links for source in sources if isinstance(source, DocumentSource))
    return tuple(part.kept for part in links if part is not None and part.kept is not None)


def variants(source: RecordSource) -> tuple[RecordSource, ...]:
    """The concrete forms of a source: one for each format where the format is `auto`."""
    if isinstance(source, TextSource) and source.format == "auto":
        formats = ("plain", "markdown")
        return tuple(source.model_copy(update={"format": name}) for name in formats)
    return (source,)


def variant_for(source: RecordSource, file_uri: str) -> RecordSource:
    """The variant of a source that is drawn from one of its files."""
    plain, *markdown = variants(source)
    is_markdown = file_uri.lower().endswith((".md", ".markdown"))
    return markdown[0] if markdown and is_markdown else plain


def settings_digest(source: Part) -> str:
    """16 hex characters over the settings that decide how a record of `source` is drawn.

    File names and the number of draws are left out, so a record keeps its identity when others
    are added.
    """
    kind = kind_of(source)
    settings = source.model_dump(mode="json", exclude={kind, "license", *_NO_SETTINGS})
    return digest([kind, str(MAKER_VERSION), canonical_json(settings)])[:16]


def media_type(source: Part) -> str:
    """The media type of a record's document, as `made/charts`."""
    return _MEDIA_TYPE + kind_of(source)


def is_conversation(media_type: str | None) -> bool:
    """Whether a document of this media type is a conversation, whose page has several images."""
    return media_type == _MEDIA_TYPE + "conversations"


def is_copied(media_type: str | None) -> bool:
    """Whether a document of this media type is a page that was taken over from a dataset."""
    return media_type == _MEDIA_TYPE + "dataset"


def is_made(media_type: str | None) -> bool:
    """Whether a document of this media type is a record."""
    return media_type is not None and media_type.startswith(_MEDIA_TYPE)


def record_id(source: Part, content: str) -> str:
    """The `doc_id` of a record, from its source's kind and settings and its own content."""
    return digest([kind_of(source), settings_digest(source), content])


def copy_name(page: str, source_uri: str) -> str:
    """The name of a page of a finished dataset: its id, and its source there."""
    return f"{page} {source_uri}"


def source_named(uri: str, media_type: str | None) -> str:
    """The `source_uri` of a document; a page that was taken over keeps its original one."""
    if not is_copied(media_type):
        return uri
    _, _, source_uri = unquote(uri.rpartition("/")[2]).partition(" ")
    return source_uri or uri


class RecordPlace(NamedTuple):
    """The parts of a record's place."""

    file_uri: str
    settings: str
    number: int


_PLACE = re.compile(r"(?P<uri>.+)#(?P<settings>[0-9a-f]{16})/(?P<number>[0-9]+)(/[^#/]*)?", re.S)


def listed_uri(file_uri: str, source: Part) -> str:
    """The URI under which a file of records is listed."""
    return f"{file_uri}#{settings_digest(source)}"


def record_uri(listed: str, number: int, name: str | None = None) -> str:
    """The URI of a record of a listed file; its name is quoted, so that the last `#` is the one
    before the settings."""
    return f"{listed}/{number}" + ("" if name is None else f"/{quote(name, safe='')}")


def record_place(uri: str) -> RecordPlace:
    """The inverse of `record_uri`. Raises ValueError where `uri` is not the place of a record.

    >>> record_place("corpus.jsonl#0123456789abcdef/17/wiki%2F5")
    RecordPlace(file_uri='corpus.jsonl', settings='0123456789abcdef', number=17)
    """
    match = _PLACE.fullmatch(uri)
    if match is None:
        raise ValueError(f"not the place of a record: {uri!r}")
    return RecordPlace(match["uri"], match["settings"], int(match["number"]))


def listed_as(file: SeenFile, media_type: str | None) -> str:
    """The URI under which a listing names the file that contains a document."""
    if file.member is not None:
        return file.member.listed or file.container
    if not is_made(media_type):
        return file.uri
    place = record_place(file.uri)
    return f"{place.file_uri}#{place.settings}"


def listed_file(file: SeenFile, media_type: str | None) -> SeenFile:
    """The file that contains a document, as a listing has it."""
    return SeenFile(listed_as(file, media_type), file.size, file.version)
