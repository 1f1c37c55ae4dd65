"""Shards: lists of page ranges, and the receipt which says that a shard is done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from schemas.ids import SHARD_ID_HEX_CHARS, digest, page_id
from schemas.provenance import NOTHING, Provenance
from schemas.rows import MemberRow, SeenRow

FETCHED = "sha256:"
"""Begins the version of what was fetched from a link, in front of the SHA-256 of its bytes."""


@dataclass(frozen=True, slots=True)
class Member:
    """A document in a container: where it lies there, and by what it is known to be unchanged.

    - `name` as the container has it; in a container within a container, the names joined by `!`.
    - `form` says how its bytes lie there: a word of `workers.sources.containers.extract`.
    - `offset` and `length` are the bytes of the container that hold it, headers included; of a
      table, its row and the size of its value.
    - `version` is what the container says of the content, such as size and CRC-32; two members of
      one name and version have the same bytes. Empty where the container says nothing.
    - `within` is the member that holds it, if that is a container itself; of a table, its column.
    - `listed` is the file that a source lists, where that is an index of containers.
    - `fetched` is when a crawl fetched it, in UTC, as the container or its index says.
    """

    name: str
    form: str
    offset: int
    length: int
    version: str = ""
    within: str | None = None
    listed: str | None = None
    fetched: str | None = None


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as a source lists it, or a member of one.

    `version` is its etag, or its modification time in seconds, or of a link the SHA-256 of what was
    fetched; after a `#`, what the source takes from a container, if it says so, and after a `+`
    behind that a mark that follows `stated`. Of a member, `uri` is `container!name`, and `size`
    and `version` are the container's.

    `stated` is what is stated where it lies of the document in it. It follows from the version.
    """

    uri: str
    size: int
    version: str
    member: Member | None = None
    stated: Provenance = field(default=NOTHING, compare=False)

    @property
    def is_link(self) -> bool:
        """Whether the bytes were fetched from a URL, and are kept by their SHA-256."""
        return self.version.startswith(FETCHED)

    @property
    def sha256(self) -> str:
        """Of a link, the SHA-256 of the bytes that were fetched; of a member, the container's."""
        return self.stored.version.removeprefix(FETCHED)

    @property
    def container(self) -> str:
        """The file that holds the bytes: the container of a member, else the file itself."""
        return self.uri if self.member is None else self.uri[: -len(self.member.name) - 1]

    @property
    def container_size(self) -> int:
        """Bytes of the container, as far as they are known: an index names no sizes."""
        if self.member is not None and self.member.listed is not None:
            return self.member.offset + self.member.length
        return self.size

    @property
    def stored(self) -> SeenFile:
        """The file that holds the bytes, as its store describes it."""
        return SeenFile(self.container, self.size, self.version.partition("#")[0])

    def to_row(self) -> SeenRow:
        """A row of `schemas.tables.SEEN`."""
        return {
            "uri": self.uri,
            "size": self.size,
            "version": self.version,
            "member": None if self.member is None else cast(MemberRow, asdict(self.member)),
            "stated": self.stated.to_row(),
        }

    @property
    def content(self) -> tuple[str, int, str]:
        """What the same bytes, and the same selection of them, have in common."""
        head, sharp, marks = self.version.partition("#")
        selection = marks.partition("+")[0]
        return self.uri, self.size, head + sharp + selection if selection else head

    def marked(self, parts: Iterable[str]) -> SeenFile:
        """The file with a version that follows `parts`, by which what is stated of it is known."""
        sharp = "" if "#" in self.version else "#"
        return replace(self, version=f"{self.version}{sharp}+{digest(parts)[:8]}")

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> SeenFile:
        """The inverse of `to_row`; rows of older versions know no members and nothing stated."""
        member = fields.get("member")
        return SeenFile(
            *(fields["uri"], fields["size"], fields["version"]),
            Member(**member) if member else None,
            Provenance.from_row(fields.get("stated")),
        )


@dataclass(frozen=True, slots=True)
class PageRange:
    """Pages `start` to `stop` (exclusive) of one document, and the files that hold it."""

    doc_id: str
    start: int
    stop: int
    media_type: str
    files: tuple[SeenFile, ...]

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Shard:
    """Page ranges small enough for one replica, read under one recipe digest."""

    ranges: tuple[PageRange, ...]
    recipe_digest: str

    @property
    def shard_id(self) -> str:
        """A hash of the page ranges and the recipe digest, independent of the files' URIs."""
        parts = [self.recipe_digest]
        for r in self.ranges:
            parts += [r.doc_id, str(r.start), str(r.stop)]
        return digest(parts)[:SHARD_ID_HEX_CHARS]

    @property
    def page_count(self) -> int:
        """Pages in all ranges."""
        return sum(len(r) for r in self.ranges)

    def page_ids(self) -> Iterator[str]:
        """The ids of all pages, in order."""
        for r in self.ranges:
            for index in range(r.start, r.stop):
                yield page_id(r.doc_id, index)


@dataclass(frozen=True, slots=True)
class CropsFile:
    """The file with the rows of a shard's crops."""

    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Says that a shard is done: it is written last, so its existence means whole files.

    `outcomes` counts pages by `sample` or reject reason and adds up to the shard's pages. `crops`
    is None, and left out of the JSON, for a shard without crops.
    """

    shard_id: str
    recipe_digest: str
    ranges: tuple[tuple[str, int, int], ...]
    rows_sha256: str
    images_sha256: str
    rows_bytes: int
    images_bytes: int
    outcomes: dict[str, int]
    crops: CropsFile | None = None

    @property
    def doc_ids(self) -> frozenset[str]:
        """The documents that the shard has pages of."""
        return frozenset(doc_id for doc_id, _, _ in self.ranges)

    @property
    def staged_bytes(self) -> int:
        """The size of the shard's files without the receipt."""
        return self.rows_bytes + self.images_bytes + (self.crops.bytes if self.crops else 0)

    def to_json(self) -> str:
        """One line of JSON with sorted keys."""
        fields = asdict(self)
        if self.crops is None:
            del fields["crops"]
        return json.dumps(fields, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Receipt:
        """The receipt in a JSON text. Raises ValueError if the text is not a receipt."""
        try:
            data = json.loads(text)
            data["ranges"] = tuple((d, int(a), int(b)) for d, a, b in data["ranges"])
            if "crops" in data:
                data["crops"] = CropsFile(**data["crops"])
            return Receipt(**data)
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as exc:
            raise ValueError(f"not a receipt: {exc}") from exc
