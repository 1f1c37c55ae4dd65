"""Examine files for the inventory: chunks of them, the task of a chunk, and what it leaves staged.

    for chunk in cut_chunks(files, folder, recipe):
        findings = examine_chunk(chunk)

A chunk holds files that are opened alike: several documents, members of one container, or one file
of records. Its results are staged before they are returned, so a killed inventory goes on where it
was. What the inventory makes of them is decided in `pipelines.inventory`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipelines.steps.crawls import Crawl, crawl_at
from pipelines.steps.places import examined_folder, kept_folder, links_folder
from pipelines.steps.settings import child_limits, raster_settings
from pipelines.steps.tasks import TASK_DEADLINE_S
from schemas.document_source import DocumentSource
from schemas.ids import digest
from schemas.recipe import Recipe
from schemas.shards import SeenFile
from schemas.sources import Source
from workers import store
from workers.dataset.forgotten import NOTHING_TAKEN_DOWN, TakenDown
from workers.dataset.vacuum import remove
from workers.rasterising import NEEDS, ChildLimits, RasterSettings, shared_rasterizer
from workers.sources import Examined, examine_file
from workers.sources.containers import Contents, Examiner, Findings, Selection
from workers.store.listing import list_stored
from workers.synthetic.fenced import shared_maker
from workers.synthetic.listing import examine_records

log = logging.getLogger(__name__)

CHUNK_FILES = 32
CHUNK_BYTES = 128 * 2**20
# A text in the font and columns that take longest to lay out is examined at 26 kB/s.
_SLOWEST_BYTES_PER_S = 10_000

LISTING_SUFFIX = ".members.jsonl"
"""A staged list of a container's members: they have no ids yet, only addresses."""
_LISTING = '"members": ['


@dataclass(frozen=True, slots=True)
class Chunk:
    """Files of one source that one task examines, and the staging where it leaves the results.

    `links` is the folder with what the source's links gave, `crawl` the crawl of its index, where
    its requests are bounded. Nothing is left in staging of the documents in `forgotten`.
    """

    files: tuple[SeenFile, ...]
    staging: str | None
    settings: RasterSettings
    limits: ChildLimits
    source: Source
    forgotten: TakenDown = NOTHING_TAKEN_DOWN
    links: str | None = None
    crawl: Crawl | None = None


def cut_chunks(
    files: Mapping[SeenFile, Source],
    staging: str | None,
    recipe: Recipe,
    forgotten: TakenDown = NOTHING_TAKEN_DOWN,
    crawls: Sequence[Crawl] = (),
) -> Iterator[Chunk]:
    """Chunks of files: each file of records by itself, then several documents together."""

    def chunk(part: tuple[SeenFile, ...], source: Source) -> Chunk:
        settings, limits = raster_settings(recipe), child_limits(recipe)
        links = source.links if isinstance(source, DocumentSource) else None
        kept = links_folder(recipe, links) if links else None
        crawl = crawl_at(crawls, source.index) if isinstance(source, DocumentSource) else None
        return Chunk(part, staging, settings, limits, source, forgotten, kept, crawl)

    documents: dict[Selection, list[SeenFile]] = {}
    sources: dict[Selection, Source] = {}
    for file, source in files.items():
        if isinstance(source, DocumentSource):
            selection = Selection.of(source)
            documents.setdefault(selection, []).append(file)
            sources.setdefault(selection, source)
        else:
            yield chunk((file,), source)
    for selection, alike in documents.items():
        for part in _cut_documents(alike):
            yield chunk(part, sources[selection])


def _cut_documents(files: Iterable[SeenFile]) -> Iterator[tuple[SeenFile, ...]]:
    part: list[SeenFile] = []
    size = 0
    for file in files:
        if part and (len(part) == CHUNK_FILES or size + _length(file) > CHUNK_BYTES):
            yield tuple(part)
            part, size = [], 0
        part.append(file)
        size += _length(file)
    if part:
        yield tuple(part)


def split_chunk(chunk: Chunk) -> Sequence[Chunk]:
    """Two chunks of half the files each; a chunk of one file is returned alone."""
    if len(chunk.files) < 2:
        return [chunk]
    half = len(chunk.files) // 2
    return [replace(chunk, files=files) for files in (chunk.files[:half], chunk.files[half:])]


def chunk_deadline_s(chunk: Chunk) -> float:
    """Longest time of a task: longer for a large file of records, which is not split, and where
    requests are bounded."""
    waits_s = chunk.crawl.longest_wait_s(chunk.files) if chunk.crawl else 0
    return TASK_DEADLINE_S + waits_s + sum(map(_length, chunk.files)) / _SLOWEST_BYTES_PER_S


def _length(file: SeenFile) -> int:
    """The bytes that a task reads of a file, or of a member by itself."""
    return file.member.length if file.member else file.size


def examine_chunk(chunk: Chunk) -> Findings:
    """Examine the files of a chunk; the results are staged before they are returned."""
    source = chunk.source
    if isinstance(source, DocumentSource):
        examiner = Examiner(
            Selection.of(source),
            shared_rasterizer(chunk.settings, chunk.limits),
            kept_folder(chunk.staging) if chunk.staging else None,
            chunk.forgotten.ids(),
            chunk.links,
            chunk.crawl.turn if chunk.crawl else None,
        )
        found = [examine_file(file, examiner) for file in chunk.files]
    else:
        maker = shared_maker(chunk.settings, chunk.limits)
        found = [Findings(tuple(examine_records(file, source, maker))) for file in chunk.files]
    if chunk.staging is not None:
        _stage(chunk, found)
    return Findings.joined(found)


# ---- what is staged --------------------------------------------------------------------------


def _stage(chunk: Chunk, found: Sequence[Findings]) -> None:
    """Write what a chunk found.

    Unreadable files are left out: the next run tries them again. So are those for which this
    machine lacks a program, unless a container that passed by holds them.
    """
    assert chunk.staging is not None
    # A list of members says that the documents beside it are all there, so they are in one file.
    listings = [contents.to_json() for findings in found for contents in findings.contents]
    forgotten = chunk.forgotten.ids()
    lines = [
        result.to_json()
        for findings in found
        for result in findings.documents
        if result.doc_id is not None
        and result.doc_id not in forgotten
        and (listings or result.reason not in NEEDS)
    ]
    name = digest(part for file in chunk.files for part in _identity(file))[:32]
    suffix = LISTING_SUFFIX if listings else ".jsonl"
    uri = store.join(examined_folder(chunk.staging), f"{name}{suffix}")
    store.write_bytes(uri, "\n".join([*lines, *listings]).encode())


def _identity(file: SeenFile) -> tuple[str, ...]:
    place = () if file.member is None else (str(file.member.offset),)
    return file.uri, file.version, *place


@dataclass(frozen=True, slots=True)
class Staged:
    """What earlier tasks have found and no version holds yet."""

    documents: list[Examined] = field(default_factory=list)
    contents: list[Contents] = field(default_factory=list)

    @staticmethod
    def read(staging: str) -> Staged:
        """All results in staging. A damaged file is left out: its files are examined again."""
        staged = Staged()
        uris = store.list_names(examined_folder(staging), ".jsonl")
        for uri, data in zip(uris, store.read_many(uris), strict=True):
            try:
                results = list(map(_parsed, data.decode().splitlines()))
            except ValueError as exc:
                log.warning("%s is damaged (%s): its files are examined again", uri, exc)
                continue
            for result in results:
                if isinstance(result, Contents):
                    staged.contents.append(result)
                else:
                    staged.documents.append(result)
        return staged


def _parsed(line: str) -> Examined | Contents:
    """One staged result. Raises ValueError for any other line."""
    return Contents.from_json(line) if _LISTING in line else Examined.from_json(line)


def forget_examined(staging: str) -> None:
    """Delete the staged results, and the kept members: a version that holds them is published."""
    kept = f"{kept_folder(staging)}/"
    staged = list_stored(examined_folder(staging))
    remove([item for item in staged if item.name.endswith(".jsonl") or item.uri.startswith(kept)])
