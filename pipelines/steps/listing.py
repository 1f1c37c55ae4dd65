"""List what the sources name, and the files beside documents that may state something of them.

A file has a mark in its version that follows the files beside it. So a run that finds them changed
takes the file for a new one, and one that finds nothing changed opens none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from schemas.recipe import Recipe
from schemas.shards import SeenFile
from schemas.sources import DocumentSource, Source
from workers import store
from workers.sources.beside import LICENSE_NAMES, MAX_BYTES, is_beside, is_license, json_of
from workers.sources.containers import CONTAINER_SUFFIXES, TABLE_SUFFIXES
from workers.sources.links import LIST_SUFFIXES, list_rejects
from workers.synthetic.listing import list_records


@dataclass(frozen=True, slots=True)
class Listing:
    """The files that the sources name, each with its source, and what lies beside them, by URI."""

    files: Mapping[SeenFile, Source]
    beside: Mapping[str, tuple[SeenFile, ...]] = field(default_factory=dict)


def list_sources(recipe: Recipe) -> Listing:
    """All files that the sources name, each with the first source that names it.

    Files of documents come first, sorted, then files of records and generators. The dataset's own
    card and gallery are no documents of it, where it lies inside a source.
    Raises SourceError for a source that matches nothing.
    """
    dataset = store.absolute(recipe.dataset) + "/"
    files: dict[SeenFile, Source] = {}
    records: dict[SeenFile, Source] = {}
    beside: dict[str, tuple[SeenFile, ...]] = {}
    seen: set[tuple[str, int, str]] = set()
    for source in recipe.sources:
        if not isinstance(source, DocumentSource):
            for file, variant in list_records(source).items():
                records.setdefault(file, variant)
            continue
        for file, others in _list_documents(source):
            # Another source may see other files beside it: the first one decides.
            if file.uri.startswith(dataset) or file.content in seen:
                continue
            files[file] = source
            seen.add(file.content)
            if others:
                beside[file.uri] = others
    return Listing(dict(sorted(files.items(), key=lambda item: item[0].uri)) | records, beside)


def _list_documents(source: DocumentSource) -> Iterator[tuple[SeenFile, tuple[SeenFile, ...]]]:
    """The files of documents and containers; what is taken from these is part of the version."""
    if source.links is not None:
        if source.links.rejects:
            listed = list_rejects(source.documents)
        else:
            listed = store.list_documents(source.documents, LIST_SUFFIXES)
        yield from ((_selected(file, source), ()) for file in listed)
        return
    tables = TABLE_SUFFIXES if source.column or source.index else ()
    suffixes = (*store.DOCUMENT_SUFFIXES, *CONTAINER_SUFFIXES, *tables)
    if source.index is not None:
        listed = store.list_documents(source.documents, suffixes)
        yield from ((_selected(file, source), ()) for file in listed)
        return
    listed, others = store.list_with(source.documents, suffixes, is_beside)
    neighbours = _Neighbours(others)
    for file in listed:
        found = neighbours.of(file)
        selected = _selected(file, source)
        if found:
            parts = (f"{one.uri.rpartition('/')[2]} {one.size} {one.version}" for one in found)
            selected = selected.marked(parts)
        yield selected, found


def _selected(file: SeenFile, source: DocumentSource) -> SeenFile:
    return SeenFile(file.uri, file.size, file.version + source.mark)


class _Neighbours:
    """The files that may state something of documents, by their places."""

    def __init__(self, files: Iterable[SeenFile]) -> None:
        self._files = {file.uri: file for file in files if file.size <= MAX_BYTES}
        self._licenses: dict[str, SeenFile] = {}
        ranked = sorted(filter(is_license, self._files), key=_rank, reverse=True)
        for uri in ranked:
            self._licenses[_folder(uri)] = self._files[uri]

    def of(self, file: SeenFile) -> tuple[SeenFile, ...]:
        """The JSON file of a document, and the nearest licence, in its folder or above it."""
        beside = self._files.get(json_of(file.uri) or "")
        folder = _folder(file.uri) if self._licenses else ""
        while folder and folder not in self._licenses:
            folder = _folder(folder)
        found = (beside, self._licenses.get(folder))
        return tuple(other for other in found if other is not None and other.uri != file.uri)


def _folder(uri: str) -> str:
    return uri.rpartition("/")[0]


def _rank(uri: str) -> int:
    return LICENSE_NAMES.index(uri.rpartition("/")[2].lower())
