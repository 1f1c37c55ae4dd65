"""List the records of a source, and count the pages of each, for the inventory.

Owns how records are listed, named and identified. `records` reads them from their files; their
pages are counted in the child of a `RecordMaker`, and made by `pages`.

    for file, variant in list_records(source).items():
        for document in examine_records(file, variant, shared_maker(settings, limits)):
            document.doc_id, document.page_count
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec

from schemas.conversations import ConversationSource
from schemas.errors import AccessError, DocumentError, RequestError, StorageError
from schemas.figures import SAMPLE, ChemistrySource
from schemas.ids import digest
from schemas.pages import PageError
from schemas.shards import SeenFile
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
    record_uri,
    settings_digest,
    variant_for,
)
from schemas.text_source import TextSource
from workers import store
from workers.sources import Examined, examine_copies, list_copies
from workers.synthetic.corpora.reading import CHAT_SUFFIXES, SMILES_SUFFIXES, TEXT_SUFFIXES
from workers.synthetic.corpora.record import Record
from workers.synthetic.fenced import RecordMaker
from workers.synthetic.records import draw_count, open_records, sample_molecules
from workers.text import one_line

# The child counts this much in one call: enough to outweigh the call, little enough for its
# deadline.
_BATCH_RECORDS = 64
_BATCH_CHARS = 200_000


def list_records(source: RecordSource) -> dict[SeenFile, RecordSource]:
    """The files of a source, each with the settings under which its records are drawn.

    A generator, and the molecules that come with this program, are listed as one file each.

    Raises SourceError for a pattern that matches nothing, RequestError where a library that draws
    the source's pages is not installed.
    """
    if isinstance(source, DatasetSource):
        return dict(list_copies(source))
    require_libraries(source)
    version = str(MAKER_VERSION)
    if is_generator(source):
        uri = listed_uri(kind_of(source), source)
        return {SeenFile(uri, draw_count(source), version): source}
    listed: dict[SeenFile, RecordSource] = {}
    for file in store.list_documents(locations(source), suffixes(source)):
        variant = variant_for(source, file.uri)
        listed[SeenFile(listed_uri(file.uri, variant), file.size, file.version)] = variant
    if names_sample(source):
        listed[SeenFile(listed_uri(SAMPLE, source), len(sample_molecules()), version)] = source
    return listed


def suffixes(source: RecordSource) -> tuple[str, ...]:
    """The suffixes of a source's files, in lower case."""
    if isinstance(source, ChemistrySource):
        return SMILES_SUFFIXES
    return CHAT_SUFFIXES if isinstance(source, ConversationSource) else TEXT_SUFFIXES


# The optional dependencies that draw the pages of a kind of source.
_LIBRARIES = {
    "charts": ("matplotlib", "vl_convert"),
    "formulas": ("matplotlib",),
    "chemistry": ("rdkit",),
}


def require_libraries(source: RecordSource) -> None:
    """Raises RequestError where a library that draws the source's pages is not installed."""
    kind = kind_of(source)
    missing = [name for name in _LIBRARIES.get(kind, ()) if find_spec(name) is None]
    if missing:
        raise RequestError(
            f"source `{kind}` is drawn with {missing[0]}, which is not installed: "
            "pip install 'pagefoundry[synthetic]'"
        )


def examine_records(file: SeenFile, source: RecordSource, maker: RecordMaker) -> list[Examined]:
    """Every record of a listed file as a document; never raises for what is in the file.

    A file without records, and one whose contents do not fit its name, are one document each,
    which cannot be counted.

    Raises AccessError where the store refuses access to more than this one file.
    """
    place = RecordPlace(file.uri.rpartition("#")[0], settings_digest(source), 0)
    try:
        if isinstance(source, DatasetSource):
            return examine_copies(file, place.file_uri, source)
        with open_records(source, place.file_uri) as records:
            documents = [
                document
                for batch in _batches(records)
                for document in _count(file, source, maker, batch)
            ]
    except DocumentError as exc:
        return [_unreadable(file, exc.reason, exc.detail)]
    except (StorageError, FileNotFoundError) as exc:
        if isinstance(exc, AccessError):
            store.require_listing(place.file_uri)
        return [Examined(file, reason="unreadable", detail=one_line(exc))]
    return documents or [_unreadable(file, "empty_file", "the file holds no record")]


def _unreadable(file: SeenFile, reason: str, detail: str) -> Examined:
    # Identified by the file's size and version, not its bytes, which are not read again.
    doc_id = digest([file.uri, str(file.size), file.version])
    return Examined(file, doc_id, reason=reason, detail=one_line(detail))


def _count(
    file: SeenFile, source: RecordSource, maker: RecordMaker, records: Sequence[Record]
) -> Iterator[Examined]:
    texts = [record.text for record in records if record.error is None]
    counts: Iterator[int | PageError] = itertools.repeat(1)  # only texts have more than one page
    if isinstance(source, TextSource):
        counts = iter(maker.count_texts(source, texts))
    for record in records:
        uri = record_uri(file.uri, record.number, record.name)
        place = SeenFile(uri, file.size, file.version)
        count = record.error or next(counts)
        if record.error is not None:
            # The detail is part of the id: a record that fails in another way is another document.
            doc_id = digest([file.uri, str(record.number), record.error.detail])
        else:
            doc_id = record_id(source, record.text)
        if isinstance(count, PageError):
            reason, detail = count.reason, one_line(count.detail)
            yield Examined(place, doc_id, media_type(source), reason=reason, detail=detail)
        else:
            yield Examined(place, doc_id, media_type(source), count)


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
