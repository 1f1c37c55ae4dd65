"""Inventory: list the sources, examine what is new, merge it with what is known.

    list ─► [ examine: hash, sniff, count ] per chunk of new files ─► merge

Unchanged files (same URI, size and version) are not opened. A file of records is listed with its
source's settings, as a generator is, and is a chunk of its own; each of its records is a document.
Results of chunks are kept in `staging/inventory`, so a killed inventory goes on where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cluster.pool import Policy, run_pool
from cluster.progress import Meter
from cluster.runtime import Step
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
from workers.dataset.vacuum import remove
from workers.rasterising import NEEDS, ChildLimits, RasterSettings, shared_rasterizer
from workers.sources import Examined, Naming, examine
from workers.store.listing import list_stored
from workers.synthetic.fenced import shared_maker
from workers.synthetic.listing import examine_records, list_records

log = logging.getLogger(__name__)

CHUNK_FILES = 32
CHUNK_BYTES = 128 * 2**20
# A text in the font and columns that take longest to lay out is examined at 26 kB/s.
_SLOWEST_BYTES_PER_S = 10_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Files that one task examines, and the folder in which it leaves the results."""

    files: tuple[SeenFile, ...]
    staging: str | None
    settings: RasterSettings
    limits: ChildLimits
    source: RecordSource | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """The present documents, the files that could not be read, and how many files were examined.

    `groups` is the group of the mix that a listed file belongs to, by its URI.
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

    With `staging` None nothing is written and no staged result is used. `placed` is the result of
    `list_sources`, if it was called just before. The files of documents have the names that the
    recipe gives them.

    Raises SourceError for a source that matches nothing, or of which no file fits its kind.
    """
    # 1. List the sources. A file is known by the recipe's name for it, and opened where it lies.
    placed = list_sources(recipe) if placed is None else placed
    naming = Naming.of(recipe.sources)
    known = naming.renamed(known)
    listed = {naming.named(file): source for file, source in placed.items()}

    # 2. Leave out the files that are unchanged, and those that a killed inventory has examined.
    unchanged = {
        replace(file, uri=listed_as(file.uri, document.media_type))
        for document in known
        if document.reason not in NEEDS  # this machine may have it by now
        for file in document.files
    }
    new = [file for file in listed if file not in unchanged]
    folder = store.join(staging, "inventory") if staging is not None else None
    staged = _staged(folder, naming) if new and folder else {}
    results = [result for file in new for result in staged.get(file, ())]
    todo = {
        file: source
        for file, source in placed.items()
        if (name := naming.named(file)) not in unchanged and name not in staged
    }

    # 3. Examine the others, a chunk a task.
    meter.total = len(todo)
    meter.show()
    chunks = (
        Chunk(files, folder, raster_settings(recipe), child_limits(recipe), source)
        for files, source in _cut(todo)
    )
    if todo:
        results += _examined(chunks, session, meter)
    _require_fitting(placed, results)

    # 4. Merge the results with what is known.
    examined = [
        (naming.named(result.file), _document(result))
        for result in results
        if result.doc_id is not None
    ]
    unreadable = [result for result in results if result.doc_id is None]
    unreadable_names = frozenset(naming.name(result.file.uri) for result in unreadable)
    documents = update_inventory(known, listed, examined, recipe.on_missing, unreadable_names)
    groups = {file.uri: source.group for file, source in listed.items() if source.group}
    return Inventory(documents, unreadable, len(todo), groups)


def _examined(chunks: Iterable[Chunk], session: Session, meter: Meter) -> Iterator[Examined]:
    """The results of examining chunks. A chunk that fails is split, down to single files."""
    with session.runtime() as runtime:
        policy = Policy(_split, _deadline_s)
        for done in run_pool(chunks, [Step(examine_chunk)], runtime, policy):
            if done.error is not None:
                raise done.error
            yield from done.value
            meter.add(len(done.item.files))


def list_sources(recipe: Recipe) -> dict[SeenFile, Source]:
    """All files that the sources name, each with the first source that names it.

    Files of documents come first, sorted, then files of records and generators. The dataset's own
    card and gallery are no documents of it, where it lies inside a source.
    Raises SourceError for a source that matches nothing.
    """
    dataset = store.absolute(recipe.dataset) + "/"
    files: dict[SeenFile, Source] = {}
    records: dict[SeenFile, Source] = {}
    for source in recipe.sources:
        if isinstance(source, DocumentSource):
            for file in store.list_documents(source.documents):
                if not file.uri.startswith(dataset):
                    files.setdefault(file, source)
        else:
            for file, variant in list_records(source).items():
                records.setdefault(file, variant)
    return dict(sorted(files.items(), key=lambda item: item[0].uri)) | records


def _require_fitting(listed: Mapping[SeenFile, Source], results: Iterable[Examined]) -> None:
    """Raises SourceError for a source of records of which no file has the kind that it names.

    That is the recipe's fault; one such file among others is a reject.
    """
    unfit = {result.file: result for result in results if result.reason == "no_corpus"}
    if not unfit:
        return
    files: dict[str, list[SeenFile]] = {}
    for file, source in listed.items():
        if not isinstance(source, DocumentSource):
            # A source with `auto` for a format is listed as one for each format.
            settings = canonical_json(source.model_dump(mode="json", exclude={"format"}))
            files.setdefault(settings, []).append(file)
    for of_source in files.values():
        if all(file in unfit for file in of_source):
            raise SourceError(unfit[of_source[0]].detail)


def examine_chunk(chunk: Chunk) -> list[Examined]:
    """Examine the files of a chunk; the results are staged before they are returned."""
    if chunk.source is None:
        rasterizer = shared_rasterizer(chunk.settings, chunk.limits)
        results = [examine(file, rasterizer) for file in chunk.files]
    else:
        maker = shared_maker(chunk.settings, chunk.limits)
        results = [
            result for file in chunk.files for result in examine_records(file, chunk.source, maker)
        ]
    if chunk.staging is None:
        return results
    # Unreadable files are not staged: the next run tries them again. So are those for which this
    # machine lacks a program.
    readable = [
        result.to_json()
        for result in results
        if result.doc_id is not None and result.reason not in NEEDS
    ]
    name = digest(part for file in chunk.files for part in (file.uri, file.version))[:32]
    store.write_bytes(store.join(chunk.staging, f"{name}.jsonl"), "\n".join(readable).encode())
    return results


def forget_examined(staging: str) -> None:
    """Delete the staged results of examining files: a version that holds them is published."""
    staged = list_stored(store.join(staging, "inventory"))
    remove([item for item in staged if item.name.endswith(".jsonl")])


def _staged(folder: str, naming: Naming) -> dict[SeenFile, list[Examined]]:
    """Staged results, by the named file as it was listed."""
    staged: dict[SeenFile, list[Examined]] = {}
    for result in _read_staged(folder):
        listed = replace(result.file, uri=listed_as(result.file.uri, result.media_type))
        staged.setdefault(naming.named(listed), []).append(result)
    return staged


def _read_staged(folder: str) -> Iterator[Examined]:
    uris = store.list_names(folder, ".jsonl")
    for uri, data in zip(uris, store.read_many(uris), strict=True):
        try:
            results = [Examined.from_json(line) for line in data.decode().splitlines()]
        except ValueError as exc:
            log.warning("%s is damaged (%s): its files are examined again", uri, exc)
            continue
        yield from results


def _cut(
    files: Mapping[SeenFile, Source],
) -> Iterator[tuple[tuple[SeenFile, ...], RecordSource | None]]:
    """Chunks of files: each file of records with its source, then several documents together."""
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
    """Longest time of a task: longer for a large file of records, which is not split."""
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
