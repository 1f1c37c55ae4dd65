"""Read a list of links: text, JSON lines or Parquet, packed or not, or a dataset's rejects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow.parquet as pq

from schemas.ids import digest
from schemas.lines import one_line
from schemas.links import Links
from schemas.provenance import Provenance
from schemas.shards import SeenFile
from workers import store
from workers.dataset import open_table
from workers.sources.beside import facts_in
from workers.sources.containers.opened import opened
from workers.sources.copies import published_pages
from workers.sources.documents import Examined
from workers.sources.links.addresses import checked, shown
from workers.sources.links.outcomes import NeverError
from workers.sources.lists import Facts, Word, readable, words_of

_URL_AT_END = re.compile(r"(?:^|[! ])(https?://[^ ]+)$")
"""Alone, or behind a container, or behind the id of a record of a WARC."""


@dataclass(frozen=True, slots=True)
class ListRead:
    """The links of a list, each once and in its order, with what the list states of them, and what
    in it is no link."""

    file: SeenFile
    links: Mapping[str, Provenance]
    rejects: tuple[Examined, ...]
    bytes_read: int


def list_rejects(datasets: Iterable[str]) -> list[SeenFile]:
    """The parts of the `rejects` tables. Raises SourceError where nothing is published."""
    listed = []
    for dataset in datasets:
        place = store.absolute(dataset)
        pages = published_pages(dataset)
        rejects = open_table(store.join(place, "rejects"), pages.metadata["versions"]["rejects"])
        if rejects is not None:
            listed += [store.stat(rejects.part_uri(part)) for part in rejects.parts]
    return listed


def read_list(file: SeenFile, settings: Links, facts: Facts = ()) -> ListRead:
    """The links in a list.

    Raises SourceError where the list cannot be read to its end.
    """
    links: dict[str, Provenance] = {}
    rejects: dict[str, Examined] = {}
    with opened(file.uri) as handle, readable("a list of links", file.uri, "links.column"):
        for word in _addresses(file.uri, handle.binary, settings, facts):
            try:
                if word.fault:
                    raise NeverError(word.fault)
                address = str(checked(word.text.strip()))
                links.setdefault(address, facts_in(word.fields, "column"))
            except NeverError as exc:
                name = f"{file.uri}!{shown(word.text.strip())}"
                rejects[name] = not_fetched(name, exc.reason, f"{word.place}: {exc.detail}")
        return ListRead(file, links, tuple(rejects.values()), handle.bytes_read)


def not_fetched(name: str, reason: str, detail: str) -> Examined:
    """The document reject of a link; the same link and detail have the same id in every run."""
    doc_id = digest(["link", name, reason, detail])
    return Examined(SeenFile(name, 0, ""), doc_id, reason=reason, detail=one_line(detail))


def _addresses(uri: str, handle: BinaryIO, settings: Links, facts: Facts) -> Iterator[Word]:
    if settings.rejects:
        return _of_rejects(handle, settings.rejects)
    return words_of(uri, handle, settings.column, _in_text, facts=facts)


def _of_rejects(handle: BinaryIO, reasons: Sequence[str]) -> Iterator[Word]:
    """The URLs of rejected documents, by which `source_uri` ends; all of it where it has none."""
    number = 0
    columns = ["level", "reason", "source_uri"]
    for batch in pq.ParquetFile(handle).iter_batches(columns=columns):
        for row in batch.to_pylist():
            if row["level"] == "document" and row["reason"] in reasons:
                found = _URL_AT_END.search(row["source_uri"])
                yield Word(f"row {number}", found[1] if found else row["source_uri"])
            number += 1


def _in_text(line: str) -> str:
    """The address in a line; `#` begins a comment at its start and behind a space."""
    line = line.strip()
    return "" if line.startswith("#") else line.partition(" #")[0].partition("\t#")[0].strip()
