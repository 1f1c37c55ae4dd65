"""Which documents a takedown means: by their ids, or by the addresses at which they were seen."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from fsspec.utils import glob_translate

from schemas.errors import RequestError
from schemas.ids import DOC_ID
from schemas.shards import SeenFile
from schemas.sources import is_made, record_place, source_named
from workers import store

_GLOB_CHAR = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The documents of a request: ids, and addresses or globs of addresses, as they were given."""

    ids: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A document and its files, as an inventory has them."""

    doc_id: str
    files: Sequence[SeenFile]
    media_type: str | None

    def names(self) -> Iterator[str]:
        """All names by which it can be asked for.

        A record also has that of its whole file, a member that of its container, and of the index
        of a crawl that named it.
        """
        for file in self.files:
            yield file.uri
            yield source_named(file.uri, self.media_type)
            if is_made(self.media_type):
                yield record_place(file.uri).file_uri
            if file.member is not None:
                yield file.container
                yield file.member.listed or file.container


def wanted_of(
    doc_ids: Iterable[str], addresses: Iterable[str], lines: Iterable[str] = ()
) -> Wanted:
    """A request for documents by id, by address, and by lines of which each is either.

    Raises RequestError for an id that is not one, and where nothing is asked for.
    """
    ids = {_doc_id(value) for value in doc_ids}
    others = [value for value in addresses if value]
    for line in filter(None, map(str.strip, lines)):
        if DOC_ID.fullmatch(line.lower()):
            ids.add(line.lower())
        else:
            others.append(line)
    if not ids and not others:
        raise RequestError("no document is named; give --doc, --url or --list")
    return Wanted(frozenset(ids), tuple(dict.fromkeys(others)))


def _doc_id(value: str) -> str:
    lower = value.strip().lower()
    if DOC_ID.fullmatch(lower):
        return lower
    hint = "it is the part before the slash" if "/" in value else "that has 64 hex digits"
    raise RequestError(
        f"--doc {value!r} is not the id of a document; {hint}, as in the column `doc_id`"
    )


_AS_GIVEN, _ABSOLUTE, _GLOB = 0, 1, 2


@dataclass(slots=True)
class Addresses:
    """Finds documents by addresses.

    An address that is there as written means no other, and one that is there at all is no glob.

        addresses = Addresses(wanted.addresses)
        for seen in inventory:
            addresses.look_at(seen)
        addresses.found(), addresses.unmatched()
    """

    given: Sequence[str]
    _wholes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _globs: list[tuple[str, re.Pattern[str]]] = field(default_factory=list)
    _ids: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        for address in self.given:
            whole = _absolute(address)
            self._wholes[address].add(address)
            self._wholes[whole].add(address)
            if _GLOB_CHAR.search(address):
                # Names that a recipe gives with `as` are no paths, so both forms are tried.
                for form in dict.fromkeys((address, whole)):
                    self._globs.append((address, _pattern(address, form)))

    def look_at(self, seen: Seen) -> None:
        """Remember the document if an address means it."""
        for name in seen.names():
            for address in self._wholes.get(name, ()):
                way = _AS_GIVEN if address == name else _ABSOLUTE
                self._ids[address, way].add(seen.doc_id)
            for address, pattern in self._globs:
                if pattern.match(name):
                    self._ids[address, _GLOB].add(seen.doc_id)

    def found(self) -> frozenset[str]:
        """The ids of the documents that were found."""
        return frozenset().union(*map(self._of, self.given))

    def unmatched(self) -> tuple[str, ...]:
        """The addresses at which there was no document."""
        return tuple(address for address in self.given if not self._of(address))

    def _of(self, address: str) -> set[str]:
        """The documents that are at an address, in the first way in which any is."""
        ways = (self._ids.get((address, way)) for way in (_AS_GIVEN, _ABSOLUTE, _GLOB))
        return next(filter(None, ways), set())


def _absolute(address: str) -> str:
    if address.startswith(("http://", "https://")):
        return address  # what a link gave
    return store.absolute(address.replace("s3a://", "s3://", 1))


def _pattern(address: str, form: str) -> re.Pattern[str]:
    try:
        return re.compile(glob_translate(form))
    except (ValueError, re.error) as exc:
        raise RequestError(f"{address!r} is not a glob: {exc}") from exc
