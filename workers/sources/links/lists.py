"""Read a list of links: text, JSON lines or Parquet, packed or not, or a dataset's rejects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

import pyarrow.parquet as pq

from schemas.errors import SourceError
from schemas.ids import digest
from schemas.lines import one_line
from schemas.links import Links
from schemas.provenance import Provenance
from schemas.shards import SeenFile
from workers import store
from workers.dataset import open_table
from workers.sources.beside import facts_in
from workers.sources.containers.kinds import lines_or_table
from workers.sources.containers.opened import opened
from workers.sources.containers.streams import DAMAGE, Forward, lines_of
from workers.sources.containers.tables import TABLE_DAMAGE
from workers.sources.copies import published_pages
from workers.sources.documents import Examined
from workers.sources.links.addresses import checked, shown
from workers.sources.links.outcomes import NeverError

LIST_SUFFIXES = (".txt", ".jsonl", ".parquet", ".txt.gz", ".jsonl.gz")
"""Names under which lists are found in folders."""

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


Facts = Sequence[tuple[str, str]]
"""Pairs of a fact and the field that states it."""


def read_list(file: SeenFile, settings: Links, facts: Facts = ()) -> ListRead:
    """The links in a list.

    Raises SourceError where the list cannot be read to its end: links that vanish with a half of it
    would take their documents out of the dataset.
    """
    links: dict[str, Provenance] = {}
    rejects: dict[str, Examined] = {}
    with opened(file.uri) as handle:
        try:
            for place, address, fields in _addresses(file.uri, handle.binary, settings, facts):
                try:
                    links.setdefault(str(checked(address)), facts_in(fields, "column"))
                except NeverError as exc:
                    name = f"{file.uri}!{shown(address)}"
                    rejects[name] = not_fetched(name, exc.reason, f"{place}: {exc.detail}")
        except (*TABLE_DAMAGE, *DAMAGE) as exc:
            raise SourceError(
                f"{file.uri} cannot be read as a list of links ({one_line(exc)}); "
                "give text, JSON lines or Parquet with the field `links.column`"
            ) from exc
        return ListRead(file, links, tuple(rejects.values()), handle.bytes_read)


def not_fetched(name: str, reason: str, detail: str) -> Examined:
    """The document reject of a link; the same link and detail have the same id in every run."""
    doc_id = digest(["link", name, reason, detail])
    return Examined(SeenFile(name, 0, ""), doc_id, reason=reason, detail=one_line(detail))


_Named = Iterator[tuple[str, str, Mapping[str, object]]]
"""A line or row, the address in it, and what it states by facts."""


def _addresses(uri: str, handle: BinaryIO, settings: Links, facts: Facts) -> _Named:
    """What a list names."""
    if settings.rejects:
        yield from _of_rejects(handle, settings.rejects)
        return
    column = settings.column
    with lines_or_table(uri, handle) as stream:
        if stream is None:
            yield from _of_table(handle, column, facts)
        else:
            yield from _of_lines(stream, column, facts)


def _of_table(handle: BinaryIO, column: str, facts: Facts) -> _Named:
    file = pq.ParquetFile(handle)
    wanted = [column, *(name for _, name in facts)]
    for name in wanted:
        if name not in file.schema_arrow.names:
            raise ValueError(f"no column {name!r} among {', '.join(file.schema_arrow.names)}")
    number = 0
    for batch in file.iter_batches(columns=wanted):
        for row in batch.to_pylist():
            if row[column] is not None:
                yield f"row {number}", str(row[column]), {fact: row[name] for fact, name in facts}
            number += 1


def _of_rejects(handle: BinaryIO, reasons: Sequence[str]) -> _Named:
    """The URLs of rejected documents, by which `source_uri` ends; all of it where it has none."""
    number = 0
    columns = ["level", "reason", "source_uri"]
    for batch in pq.ParquetFile(handle).iter_batches(columns=columns):
        for row in batch.to_pylist():
            if row["level"] == "document" and row["reason"] in reasons:
                found = _URL_AT_END.search(row["source_uri"])
                yield f"row {number}", found[1] if found else row["source_uri"], {}
            number += 1


def _of_lines(stream: BinaryIO | Forward, column: str, facts: Facts) -> _Named:
    """A list whose first line begins with a brace is JSON lines, any other is plain text."""
    lines = enumerate((line.decode("utf-8", "replace").strip() for line in lines_of(stream)), 1)
    first = next(((number, line) for number, line in lines if line), None)
    if first is None:
        return
    is_json = first[1].lstrip("\ufeff").startswith("{")
    for number, line in chain([first], lines):
        given = line.lstrip("\ufeff")
        if is_json and given:
            yield f"line {number}", *_in_json(given, column, facts)
        elif not is_json and (address := _in_text(given)):
            yield f"line {number}", address, {}


def _in_text(line: str) -> str:
    """The address in a line; `#` begins a comment at its start and behind a space."""
    return "" if line.startswith("#") else line.partition(" #")[0].partition("\t#")[0].strip()


def _in_json(line: str, column: str, facts: Facts) -> tuple[str, Mapping[str, object]]:
    """The address in a line of JSON; the line itself, which is no URL, where it has none."""
    try:
        fields = json.loads(line)
        value = fields[column]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return line[:200], {}
    if not isinstance(value, str):
        return line[:200], {}
    return value, {fact: fields.get(name) for fact, name in facts}
