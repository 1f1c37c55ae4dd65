"""Make the pages of records that the inventory has listed, in the order of a shard's ranges.

Owns the check that a file is still what the inventory listed: a page of a file that changed or
vanished is a page with an error. What is drawn is decided in `making`, in the child of a
`RecordMaker`.

    pages = make_records(shard.ranges, sources, lambda source: shared_maker(settings, limits))
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.errors import DocumentError
from schemas.ids import page_id
from schemas.pages import PageError, RasteredPage
from schemas.shards import PageRange, SeenFile, Shard
from schemas.sources import (
    MAKER_VERSION,
    DatasetSource,
    RecordPlace,
    RecordSource,
    is_generator,
    record_id,
    record_place,
    settings_digest,
    variants,
)
from workers import store
from workers.sources import take_copies
from workers.synthetic.fenced import RecordMaker
from workers.synthetic.records import is_sample, open_records


@dataclass(frozen=True, slots=True)
class _Request:
    """Wanted pages of a record; `number` is the record's, `index` that of `pages` in the shard."""

    number: int
    index: int
    pages: PageRange


def make_records(
    ranges: Sequence[PageRange],
    sources: Iterable[RecordSource],
    maker_for: Callable[[RecordSource], RecordMaker],
) -> list[RasteredPage]:
    """The pages of the ranges, in their order; a page that cannot be made has an error.

    A record is read from the first of its files that is unchanged and whose settings a source
    still has. Each file is opened once, for all of its records.
    """
    by_settings = {
        settings_digest(variant): variant for source in sources for variant in variants(source)
    }
    made: dict[int, list[RasteredPage]] = {}
    files: dict[tuple[str, str], list[_Request]] = {}
    unchanged: dict[SeenFile, bool] = {}
    for index, pages in enumerate(ranges):
        place, error = _place(pages, by_settings, unchanged)
        if place is None:
            made[index] = _failed(pages, error)
        else:
            requests = files.setdefault((place.settings, place.file_uri), [])
            requests.append(_Request(place.number, index, pages))
    for (settings, file_uri), requests in files.items():
        source = by_settings[settings]
        made |= _make_of_file(source, file_uri, requests, maker_for(source))
    return list(itertools.chain.from_iterable(made[index] for index in range(len(ranges))))


def _make_of_file(
    source: RecordSource, file_uri: str, requests: Sequence[_Request], maker: RecordMaker
) -> dict[int, list[RasteredPage]]:
    by_number: dict[int, list[_Request]] = {}
    for request in requests:
        by_number.setdefault(request.number, []).append(request)
    if isinstance(source, DatasetSource):
        return _take_of_part(source, file_uri, by_number)
    made: dict[int, list[RasteredPage]] = {}
    error = PageError("source_changed", f"{file_uri} changed after the inventory")
    try:
        with open_records(source, file_uri, sorted(by_number)) as records:
            for record in records:
                doc_id = record_id(source, record.text)
                for request in by_number[record.number]:
                    pages = request.pages
                    if record.error is not None or doc_id != pages.doc_id:
                        made[request.index] = _failed(pages, error)
                    else:
                        indices = range(pages.start, pages.stop)
                        made[request.index] = list(maker.make(source, record.text, doc_id, indices))
    except FileNotFoundError:
        error = PageError("source_missing", f"{file_uri} vanished after the inventory")
    except DocumentError as exc:
        error = PageError("source_changed", f"{file_uri}: {exc.detail}")
    return {
        request.index: made.get(request.index) or _failed(request.pages, error)
        for request in requests
    }


def _take_of_part(
    source: DatasetSource, part_uri: str, by_number: Mapping[int, Sequence[_Request]]
) -> dict[int, list[RasteredPage]]:
    error = PageError("source_changed", f"{part_uri} changed after the inventory")
    copies: dict[str, RasteredPage] = {}
    try:
        copies = {page.page_id: page for page in take_copies(part_uri, sorted(by_number), source)}
    except FileNotFoundError:
        error = PageError("source_missing", f"{part_uri} vanished after the inventory")
    made = {}
    for request in itertools.chain.from_iterable(by_number.values()):
        page = copies.get(page_id(request.pages.doc_id, 0))
        made[request.index] = [page] if page else _failed(request.pages, error)
    return made


def _place(
    pages: PageRange,
    by_settings: dict[str, RecordSource],
    unchanged: dict[SeenFile, bool],
) -> tuple[RecordPlace | None, PageError]:
    """Where the record of `pages` lies unchanged; without such a place, the error says why.

    `unchanged` keeps the answers for files that were checked before.
    """
    error = PageError("source_missing", "no source of the recipe draws the record any more")
    for file in pages.files:
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
    if is_generator(source) or is_sample(source, file.uri):
        return file.version == str(MAKER_VERSION)
    try:
        return store.stat(file.uri) == file
    except FileNotFoundError:
        return False


def _failed(pages: PageRange, error: PageError) -> list[RasteredPage]:
    return [RasteredPage(page, error=error) for page in Shard((pages,), "").page_ids()]
