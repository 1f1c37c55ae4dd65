"""Inventory: list the sources, examine what is new, merge it with what is known.

    list ─► [ examine: hash, sniff, count ] per chunk of new files ─► merge

Unchanged files (same URI, size and version) are not opened. A file of records, and a generator, is
listed with its source's settings and examined alone; each of its records is a document. Results of
chunks are kept in `staging/inventory`, so an inventory that was killed goes on where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cluster.pool import Policy, Step, run_pool
from cluster.progress import Meter
from cluster.session import Session
from pipelines.steps.settings import child_limits, raster_settings
from pipelines.steps.tasks import TASK_DEADLINE_S
from schemas.errors import SourceError
from schemas.ids import canonical_json, digest
from schemas.inventory import Document, update_inventory
from schemas.recipe import Recipe
from schemas.shards import SeenFile
from schemas.sources import DocumentSource, RecordSource, Source, listed_as
from workers import store
from workers.rasterising import ChildLimits, RasterSettings, shared_rasterizer
from workers.sources import Examined, Naming, examine
from workers.synthetic.fenced import shared_maker
from workers.synthetic.listing import examine_records, list_records

log = logging.getLogger(__name__)

CHUNK_FILES = 32
CHUNK_BYTES = 128 * 2**20
_SLOWEST_BYTES_PER_S = (
    10_000  # of a text in the font and columns that take longest to lay out: 26 k
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Files that one task examines, and where it leaves what it found."""

    files: tuple[SeenFile, ...]
    staging: str | None
    settings: RasterSettings
    limits: ChildLimits
    source: RecordSource | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """The documents of now, and the files that could not be read.

    `groups` says of which group of the mix a listed file is, by its URI.
    """

    documents: list[Document]
    unreadable: list[Examined]
    examined: int
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def page_count(self) -> int:
        """Pages of all countable documents."""
        return sum(document.page_count or 0 for document in self.documents)


def take_inventory(
    recipe: Recipe,
    known: Sequence[Document],
    staging: str | None,
    session: Session,
    meter: Meter,
    placed: Mapping[SeenFile, Source] | None = None,
) -> Inventory:
    """Bring the inventory up to date with the recipe's sources.

    With `staging` None nothing is written, and nothing that was staged is used. `placed` is what
    `list_sources` found just now, where that was asked already. Documents have their files by the
    names that the recipe gives.

    Raises SourceError for a source that matches nothing, or nothing that it could be made of.
    """
    naming = Naming.of(recipe.sources)
    known = naming.renamed(known)
    placed = list_sources(recipe) if placed is None else placed
    listed = {naming.named(file): source for file, source in placed.items()}
    settled = {
        replace(file, uri=listed_as(file.uri, document.media_type))
        for document in known
        for file in document.files
    }
    new = [file for file in listed if file not in settled]
    folder = store.join(staging, "inventory") if staging is not None else None
    staged = _staged(folder, naming) if new and folder else {}
    results = [result for file in new for result in staged.get(file, ())]
    todo = {
        file: source
        for file, source in placed.items()
        if (named := naming.named(file)) not in settled and named not in staged
    }
    meter.total = len(todo)
    meter.show()
    chunks = (
        Chunk(files, folder, raster_settings(recipe), child_limits(recipe), source)
        for files, source in _cut(todo)
    )
    if todo:
        with session.runtime() as runtime:
            policy = Policy(_split, _deadline_s)
            for done in run_pool(chunks, [Step(examine_chunk)], runtime, policy):
                if done.error is not None:
                    raise done.error
                results += done.value
                meter.add(len(done.item.files))
    _require_fitting(placed, results)
    unreadable = [result for result in results if result.doc_id is None]
    found = [
        (naming.named(result.file), _document(result))
        for result in results
        if result.doc_id is not None
    ]
    lost = frozenset(naming.name(result.file.uri) for result in unreadable)
    documents = update_inventory(known, listed, found, recipe.on_missing, lost)
    groups = {file.uri: source.group for file, source in listed.items() if source.group}
    return Inventory(documents, unreadable, len(todo), groups)


def list_sources(recipe: Recipe) -> dict[SeenFile, Source]:
    """All that the sources name, each with the first source that names it: files, sorted, and then
    what holds records.

    Raises SourceError for a source that matches nothing.
    """
    files: dict[SeenFile, Source] = {}
    records: dict[SeenFile, Source] = {}
    for source in recipe.sources:
        if isinstance(source, DocumentSource):
            for file in store.list_documents(source.documents):
                files.setdefault(file, source)
        else:
            for file, variant in list_records(source).items():
                records.setdefault(file, variant)
    return dict(sorted(files.items(), key=lambda item: item[0].uri)) | records


def _require_fitting(listed: Mapping[SeenFile, Source], results: Iterable[Examined]) -> None:
    """Raises SourceError for a source of records none of whose files is what it is said to be: that
    is the recipe's fault. One file among others is a reject."""
    unfit = {result.file: result for result in results if result.reason == "no_corpus"}
    if not unfit:
        return
    files: dict[str, list[SeenFile]] = {}
    for file, source in listed.items():
        if not isinstance(source, DocumentSource):
            # A source with `auto` for a format is listed as one for each format.
            said = canonical_json(source.model_dump(mode="json", exclude={"format"}))
            files.setdefault(said, []).append(file)
    for of_source in files.values():
        if all(file in unfit for file in of_source):
            raise SourceError(unfit[of_source[0]].detail)


def examine_chunk(chunk: Chunk) -> list[Examined]:
    """Examine the files of a chunk; what was found is staged before it is returned."""
    if chunk.source is None:
        rasterizer = shared_rasterizer(chunk.settings, chunk.limits)
        results = [examine(file, rasterizer) for file in chunk.files]
    else:
        maker = shared_maker(chunk.settings, chunk.limits)
        results = [
            found for file in chunk.files for found in examine_records(file, chunk.source, maker)
        ]
    if chunk.staging is None:
        return results
    lasting = [result.to_json() for result in results if result.doc_id is not None]
    name = digest(part for file in chunk.files for part in (file.uri, file.version))[:32]
    store.write_bytes(store.join(chunk.staging, f"{name}.jsonl"), "\n".join(lasting).encode())
    return results


def forget_examined(staging: str) -> None:
    """Delete what was found of files: a version that holds them all is published."""
    for uri in store.list_names(store.join(staging, "inventory"), ".jsonl"):
        store.delete(uri)


def _staged(folder: str, naming: Naming) -> dict[SeenFile, list[Examined]]:
    """What was found before, by the file as it was listed, by name."""
    staged: dict[SeenFile, list[Examined]] = {}
    for found in _read_staged(folder):
        listed = replace(found.file, uri=listed_as(found.file.uri, found.media_type))
        staged.setdefault(naming.named(listed), []).append(found)
    return staged


def _read_staged(folder: str) -> Iterator[Examined]:
    uris = store.list_names(folder, ".jsonl")
    for uri, data in zip(uris, store.read_many(uris), strict=True):
        try:
            found = [Examined.from_json(line) for line in data.decode().splitlines()]
        except ValueError as exc:
            log.warning("%s is damaged (%s): its files are examined again", uri, exc)
            continue
        yield from found


def _cut(
    files: Mapping[SeenFile, Source],
) -> Iterator[tuple[tuple[SeenFile, ...], RecordSource | None]]:
    for file, source in files.items():
        if not isinstance(source, DocumentSource):
            yield (file,), source
    whole = (file for file, source in files.items() if isinstance(source, DocumentSource))
    yield from ((part, None) for part in _cut_documents(whole))


def _cut_documents(files: Iterable[SeenFile]) -> Iterator[tuple[SeenFile, ...]]:
    part: list[SeenFile] = []
    size = 0
    for file in files:
        if part and (len(part) == CHUNK_FILES or size + file.size > CHUNK_BYTES):
            yield tuple(part)
            part, size = [], 0
        part.append(file)
        size += file.size
    if part:
        yield tuple(part)


def _deadline_s(chunk: Chunk) -> float:
    """A file of records is one task, however large it is."""
    return TASK_DEADLINE_S + sum(file.size for file in chunk.files) / _SLOWEST_BYTES_PER_S


def _split(chunk: Chunk) -> Sequence[Chunk]:
    if len(chunk.files) < 2:
        return [chunk]
    half = len(chunk.files) // 2
    return [replace(chunk, files=files) for files in (chunk.files[:half], chunk.files[half:])]


def _document(result: Examined) -> Document:
    assert result.doc_id is not None
    return Document(
        result.doc_id, (), result.media_type, result.page_count, result.reason, result.detail
    )
