"""List the sources of a recipe: all files that they name, and what lists name that is no file.

A file has a mark in its version that follows the files beside it, which may state something of it.
So a run that finds them changed takes the file for a new one, and one that finds nothing changed
opens none of them.

    listing = list_sources(recipe)
    listing.files    # each with the first source that names it

Nothing is opened but lists of paths, which name files as a folder does. Lists of links and indexes
of crawls are files here: what they name is found by the inventory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.document_source import DocumentSource
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.shards import SeenFile
from schemas.sources import Source
from workers import store
from workers.sources import Examined, Naming
from workers.sources.beside import LICENSE_NAMES, MAX_BYTES, is_beside, is_license, json_of
from workers.sources.containers import CONTAINER_SUFFIXES, TABLE_SUFFIXES
from workers.sources.links import list_rejects
from workers.sources.lists import LIST_SUFFIXES
from workers.sources.paths import find_paths, read_paths
from workers.synthetic.listing import list_records


@dataclass(slots=True)
class Listing:
    """What the sources name.

    - `files`: files of documents come first, sorted, then files of records and generators.
    - `rejects` are entries of lists that can lead to no file, `missing` those whose file is not
      there, `unreadable` those whose file we may not see. `owners` has the source of each, by URI.
    - `beside` are the files that lie beside one of `files` and may state something of it, by URI.
    - `bytes_read` is what was read of lists.
    """

    files: Mapping[SeenFile, Source] = field(default_factory=dict)
    beside: Mapping[str, tuple[SeenFile, ...]] = field(default_factory=dict)
    rejects: list[Examined] = field(default_factory=list)
    missing: list[Examined] = field(default_factory=list)
    unreadable: list[Examined] = field(default_factory=list)
    owners: dict[str, Source] = field(default_factory=dict)
    bytes_read: int = 0

    @property
    def seen(self) -> list[SeenFile]:
        """All that the sources name, whether it is there or not: what makes two listings equal."""
        others = (*self.rejects, *self.missing, *self.unreadable)
        return [*self.files, *(result.file for result in others)]

    def others(
        self, known: Iterable[Document], on_missing: Literal["keep", "remove"], naming: Naming
    ) -> list[Examined]:
        """What gave no file. A document whose file is missing stays where `on_missing` keeps it.

        The files of `known` documents have their names.
        """
        kept: set[str] = set()
        if on_missing == "keep" and self.missing:
            kept = {file.container for d in known for file in d.files if file.version}
        missing = [result for result in self.missing if naming.name(result.file.uri) not in kept]
        return [*self.rejects, *missing, *self.unreadable]

    def add(self, results: Iterable[Examined], source: Source, place: list[Examined]) -> None:
        """Add results of a source to one of the lists; a URI that is known belongs to the first."""
        for result in results:
            if result.file.uri not in self.owners:
                self.owners[result.file.uri] = source
                place.append(result)


def list_sources(recipe: Recipe) -> Listing:
    """All that the sources name. What two of them name belongs to the first.

    The dataset's own card and gallery are no documents of it, where it lies inside a source.
    Raises SourceError for a source that matches nothing, and for a list that cannot be read.
    """
    dataset = store.absolute(recipe.dataset) + "/"
    listing = Listing()
    files: dict[SeenFile, Source] = {}
    records: dict[SeenFile, Source] = {}
    beside: dict[str, tuple[SeenFile, ...]] = {}
    seen: set[tuple[str, int, str]] = set()
    for source in recipe.sources:
        if not isinstance(source, DocumentSource):
            for file, variant in list_records(source).items():
                records.setdefault(file, variant)
            continue
        for file, others in _list_documents(source, listing):
            # Another source may see other files beside it: the first one decides.
            if file.uri.startswith(dataset) or file.content in seen:
                continue
            files[file] = source
            seen.add(file.content)
            if others:
                beside[file.uri] = others
    listing.files = dict(sorted(files.items(), key=lambda item: item[0].uri)) | records
    listing.beside = beside
    return listing


_WithOthers = Iterator[tuple[SeenFile, tuple[SeenFile, ...]]]


def _list_documents(source: DocumentSource, listing: Listing) -> _WithOthers:
    """The files of documents and containers, each with what lies beside it.

    What is taken from containers is part of the version, and so is what lies beside.
    """
    tables = TABLE_SUFFIXES if source.column or source.index else ()
    suffixes = (*store.DOCUMENT_SUFFIXES, *CONTAINER_SUFFIXES, *tables)
    if source.links is None and source.index is None and source.paths is None:
        yield from _with_beside(source, suffixes)
        return
    listed: Iterable[SeenFile]
    if source.links is not None and source.links.rejects:
        listed = list_rejects(source.documents)
    else:
        is_index = source.index is not None
        listed = store.list_documents(source.documents, suffixes if is_index else LIST_SUFFIXES)
    if source.paths is not None:
        listed = _named_by_lists(listed, source, listing)
    yield from ((_selected(file, source), ()) for file in listed)


def _with_beside(source: DocumentSource, suffixes: tuple[str, ...]) -> _WithOthers:
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


def _named_by_lists(
    lists: Iterable[SeenFile], source: DocumentSource, listing: Listing
) -> Iterator[SeenFile]:
    """The files that lists of paths name, each once."""
    assert source.paths is not None
    uris: dict[str, None] = {}
    for file in lists:
        read = read_paths(file, source.paths)
        listing.bytes_read += read.bytes_read
        listing.add(read.rejects, source, listing.rejects)
        uris.update(dict.fromkeys(read.uris))
    found = find_paths(list(uris))
    listing.add(found.missing, source, listing.missing)
    listing.add(found.unreadable, source, listing.unreadable)
    yield from found.files


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
