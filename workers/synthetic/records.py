"""Records: where they lie, how many pages each has, and their pages.

Owns that a record is still what the inventory says. What is in a file is read by `corpora`; what
is drawn from a record is decided in `making`, in the child.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from schemas.conversations import ConversationSource
from schemas.errors import AccessError, DocumentError, RequestError, StorageError
from schemas.figures import SAMPLE, ChemistrySource
from schemas.ids import digest, page_id
from schemas.lines import one_line
from schemas.pages import PageError, RasteredPage
from schemas.shards import PageRange, SeenFile, Shard
from schemas.sources import (
    MAKER_VERSION,
    DatasetSource,
    RecordPlace,
    RecordSource,
    is_generator,
    kind_of,
    listed_uri,
    locations,
    media_type,
    names_sample,
    record_id,
    record_place,
    record_uri,
    settings_digest,
    variant_for,
    variants,
)
from schemas.text_source import TextSource
from workers import store
from workers.sources import Examined, examine_copies, list_copies, take_copies
from workers.synthetic.chemistry.molecules import MOLECULES
from workers.synthetic.corpora.reading import (
    CHAT_SUFFIXES,
    SMILES_SUFFIXES,
    TEXT_SUFFIXES,
    Corpus,
    fetch_records,
    read_records,
)
from workers.synthetic.corpora.record import Record
from workers.synthetic.fenced import RecordMaker

# What the child counts in one call: enough to outweigh the call, little enough for its deadline.
_BATCH_RECORDS = 64
_BATCH_CHARS = 200_000


def list_records(source: RecordSource) -> dict[SeenFile, RecordSource]:
    """The files of a source of records, each listed with the settings of its variant of the source.

    Raises SourceError for a pattern that matches nothing, RequestError where a library that draws
    the source's pages is not installed.
    """
    if isinstance(source, DatasetSource):
        return dict(list_copies(source))
    require_libraries(source)
    version = str(MAKER_VERSION)
    if is_generator(source):
        count: int = getattr(source, kind_of(source))
        return {SeenFile(listed_uri(kind_of(source), source), count, version): source}
    listed: dict[SeenFile, RecordSource] = {}
    for file in store.list_documents(locations(source), suffixes(source)):
        variant = variant_for(source, file.uri)
        listed[SeenFile(listed_uri(file.uri, variant), file.size, file.version)] = variant
    if names_sample(source):
        listed[SeenFile(listed_uri(SAMPLE, source), len(_molecules()), version)] = source
    return listed


def suffixes(source: RecordSource) -> tuple[str, ...]:
    """How the files of a source of records end."""
    if isinstance(source, ChemistrySource):
        return SMILES_SUFFIXES
    return CHAT_SUFFIXES if isinstance(source, ConversationSource) else TEXT_SUFFIXES


# Of the optional dependencies, by the kind of the source that is drawn with them.
_LIBRARIES = {
    "charts": ("matplotlib", "vl_convert"),
    "formulas": ("matplotlib",),
    "chemistry": ("rdkit",),
}


def require_libraries(source: RecordSource) -> None:
    """Raises RequestError where a library that draws the source's pages is not installed."""
    kind = kind_of(source)
    lacking = [name for name in _LIBRARIES.get(kind, ()) if find_spec(name) is None]
    if lacking:
        raise RequestError(
            f"source `{kind}` is drawn with {lacking[0]}, which is not installed: "
            "pip install 'pagefoundry[synthetic]'"
        )


def examine_records(file: SeenFile, source: RecordSource, maker: RecordMaker) -> list[Examined]:
    """Every record of a listed file as a document; never raises for what is in the file.

    A file without a record is one document that cannot be counted, as is one that cannot be read
    as what it is named.

    Raises AccessError where the store refuses us, and not this one file only.
    """
    place = RecordPlace(file.uri.rpartition("#")[0], settings_digest(source), 0)
    try:
        if isinstance(source, DatasetSource):
            return examine_copies(file, place.file_uri, source)
        with _records(source, place.file_uri) as records:
            found = [
                one for batch in _batches(records) for one in _count(file, source, maker, batch)
            ]
    except DocumentError as exc:
        return [_unreadable(file, exc.reason, exc.detail)]
    except (StorageError, FileNotFoundError) as exc:
        if isinstance(exc, AccessError):
            store.require_listing(place.file_uri)
        return [Examined(file, reason="unreadable", detail=one_line(exc))]
    return found or [_unreadable(file, "empty_file", "the file holds no record")]


def _unreadable(file: SeenFile, reason: str, detail: str) -> Examined:
    # The file and its version stand for its bytes, which need not be read to know it again.
    doc_id = digest([file.uri, str(file.size), file.version])
    return Examined(file, doc_id, reason=reason, detail=one_line(detail))


def _count(
    file: SeenFile, source: RecordSource, maker: RecordMaker, records: Sequence[Record]
) -> Iterator[Examined]:
    texts = [record.text for record in records if record.error is None]
    counts: Iterator[int | PageError] = itertools.repeat(1)  # page of each record that is no text
    if isinstance(source, TextSource):
        counts = iter(maker.count_texts(source, texts))
    for record in records:
        uri = record_uri(file.uri, record.number, record.name)
        seen = SeenFile(uri, file.size, file.version)
        result = record.error or next(counts)
        if record.error is not None:
            doc_id = digest([file.uri, str(record.number), record.error.detail])
        else:
            doc_id = record_id(source, record.text)
        if isinstance(result, PageError):
            reason, detail = result.reason, one_line(result.detail)
            yield Examined(seen, doc_id, media_type(source), reason=reason, detail=detail)
        else:
            yield Examined(seen, doc_id, media_type(source), result)


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    chars = 0
    for record in records:
        batch.append(record)
        chars += len(record.text)
        if len(batch) == _BATCH_RECORDS or chars >= _BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


# ---- making pages -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A range of a record's pages, its place among those asked for, and the record's number."""

    number: int
    index: int
    part: PageRange


def make_records(
    ranges: Sequence[PageRange],
    sources: Iterable[RecordSource],
    maker_for: Callable[[RecordSource], RecordMaker],
) -> list[RasteredPage]:
    """The pages of the ranges, in their order; a page that cannot be made has an error.

    Each record is taken from the first of its files that is still what it was, under settings
    that a source still has. The records of a file are taken in one go.
    """
    by_settings = {
        settings_digest(variant): variant for source in sources for variant in variants(source)
    }
    made: dict[int, list[RasteredPage]] = {}
    files: dict[tuple[str, str], list[_Wanted]] = {}
    unchanged: dict[SeenFile, bool] = {}
    for index, part in enumerate(ranges):
        place, error = _place(part, by_settings, unchanged)
        if place is None:
            made[index] = _failed(part, error)
        else:
            wanted = files.setdefault((place.settings, place.file_uri), [])
            wanted.append(_Wanted(place.number, index, part))
    for (settings, file_uri), wanted in files.items():
        source = by_settings[settings]
        made |= _make_of_file(source, file_uri, wanted, maker_for(source))
    return list(itertools.chain.from_iterable(made[index] for index in range(len(ranges))))


def _make_of_file(
    source: RecordSource, file_uri: str, wanted: Sequence[_Wanted], maker: RecordMaker
) -> dict[int, list[RasteredPage]]:
    by_number: dict[int, list[_Wanted]] = {}
    for one in wanted:
        by_number.setdefault(one.number, []).append(one)
    if isinstance(source, DatasetSource):
        return _take_of_part(source, file_uri, by_number)
    made: dict[int, list[RasteredPage]] = {}
    changed = PageError("source_changed", f"{file_uri} changed after the inventory")
    try:
        with _records(source, file_uri, sorted(by_number)) as records:
            for record in records:
                doc_id = record_id(source, record.text)
                for one in by_number[record.number]:
                    part = one.part
                    if record.error is not None or doc_id != part.doc_id:
                        made[one.index] = _failed(part, changed)
                    else:
                        indices = range(part.start, part.stop)
                        pages = maker.make(source, record.text, doc_id, indices)
                        made[one.index] = list(pages)
    except FileNotFoundError:
        changed = PageError("source_missing", f"{file_uri} vanished after the inventory")
    except DocumentError as exc:
        changed = PageError("source_changed", f"{file_uri}: {exc.detail}")
    return {one.index: made.get(one.index) or _failed(one.part, changed) for one in wanted}


def _take_of_part(
    source: DatasetSource, part_uri: str, by_number: Mapping[int, Sequence[_Wanted]]
) -> dict[int, list[RasteredPage]]:
    changed = PageError("source_changed", f"{part_uri} changed after the inventory")
    taken: dict[str, RasteredPage] = {}
    try:
        taken = {page.page_id: page for page in take_copies(part_uri, sorted(by_number), source)}
    except FileNotFoundError:
        changed = PageError("source_missing", f"{part_uri} vanished after the inventory")
    made = {}
    for one in itertools.chain.from_iterable(by_number.values()):
        page = taken.get(page_id(one.part.doc_id, 0))
        made[one.index] = [page] if page else _failed(one.part, changed)
    return made


def _place(
    part: PageRange,
    by_settings: dict[str, RecordSource],
    unchanged: dict[SeenFile, bool],
) -> tuple[RecordPlace | None, PageError]:
    error = PageError("source_missing", "no source of the recipe draws the record any more")
    for file in part.files:
        place = record_place(file.uri)
        source = by_settings.get(place.settings)
        if source is None:
            continue
        listed = SeenFile(place.file_uri, file.size, file.version)
        if listed not in unchanged:
            unchanged[listed] = _is_unchanged(source, listed)
        if unchanged[listed]:
            return place, error
        error = PageError("source_changed", f"{place.file_uri} changed after the inventory")
    return None, error


def _is_unchanged(source: RecordSource, file: SeenFile) -> bool:
    if is_generator(source) or _is_sample(source, file.uri):
        return file.version == str(MAKER_VERSION)
    try:
        return store.stat(file.uri) == file
    except FileNotFoundError:
        return False


def _failed(part: PageRange, error: PageError) -> list[RasteredPage]:
    return [RasteredPage(page, error=error) for page in Shard((part,), "").page_ids()]


# ---- the records of a file --------------------------------------------------------------------


@contextmanager
def _records(
    source: RecordSource, file_uri: str, numbers: Sequence[int] | None = None
) -> Iterator[Iterator[Record]]:
    """The records of a file, or of a generator; only those with `numbers`, which are sorted.

    Raises DocumentError where the file is not what it is named.
    """
    if is_generator(source):
        count: int = getattr(source, kind_of(source))
        yield (Record(n, str(n)) for n in (range(count) if numbers is None else numbers))
    elif _is_sample(source, file_uri):
        molecules = _molecules()
        yield (molecules[n] for n in (range(len(molecules)) if numbers is None else numbers))
    else:
        with store.local_copy(file_uri) as path:
            corpus = _corpus(source, path, file_uri)
            yield read_records(corpus) if numbers is None else iter(fetch_records(corpus, numbers))


def _corpus(source: RecordSource, path: Path, file_uri: str) -> Corpus:
    if isinstance(source, TextSource | ConversationSource):
        has_chats = isinstance(source, ConversationSource)
        return Corpus(path, file_uri, source.column, source.id_column, has_chats)
    return Corpus(path, file_uri)


def _molecules() -> list[Record]:
    lines = (line.split(None, 1) for line in MOLECULES.splitlines())
    return [Record(number, smiles, name) for number, (smiles, name) in enumerate(lines)]


def _is_sample(source: RecordSource, name: str) -> bool:
    return names_sample(source) and name == SAMPLE
