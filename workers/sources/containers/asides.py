"""What lies beside documents in an archive: JSON files of one document, licences of folders."""

from __future__ import annotations

from schemas.provenance import NOTHING, Provenance
from workers.sources.beside import LICENSE_NAMES, MAX_BYTES, is_license, json_of, stated_by
from workers.sources.containers.entries import Entry, LostError


class Asides:
    """The files beside documents that a walk through an archive has met.

    A stream does not come again: of one that is `passing` they are read when they are met, of all
    others when they are asked for, and `bytes_read` then counts them.
    """

    def __init__(self, passing: bool) -> None:
        self.bytes_read = 0
        self._passing = passing
        self._entries: dict[str, Entry] = {}
        self._stated: dict[str, Provenance] = {}
        self._licenses: dict[str, list[str]] = {}

    def meet(self, entry: Entry) -> None:
        """Remember a file beside documents."""
        name = _plain(entry.member.name)
        if is_license(name):
            self._licenses.setdefault(_folder(name), []).append(name)
        if self._passing:
            self._stated[name] = _read(entry)
        else:
            self._entries[name] = entry

    def of(self, member: str) -> Provenance:
        """What they state of a member: its JSON file, and the nearest licence at or above it."""
        name = _plain(member)
        beside = json_of(name)
        found = self._of_file(beside) if beside else NOTHING
        folder = _folder(name)
        while self._licenses and found.license is None:
            for license_ in sorted(self._licenses.get(folder, ()), key=_rank):
                found = found.over(self._of_file(license_))
            if not folder:
                break
            folder = _folder(folder)
        return found

    def _of_file(self, name: str) -> Provenance:
        if name not in self._stated:
            entry = self._entries.get(name)
            self._stated[name] = NOTHING if entry is None else _read(entry)
            self.bytes_read += 0 if entry is None else entry.member.length
        return self._stated[name]


def _read(entry: Entry) -> Provenance:
    """What a file states; nothing where its bytes are too many or damaged."""
    if entry.chunks is None or entry.member.length > MAX_BYTES:
        return NOTHING
    data = b""
    try:
        for chunk in entry.chunks():
            data += chunk
            if len(data) > MAX_BYTES:
                return NOTHING
    except LostError:
        return NOTHING
    return stated_by(_plain(entry.member.name), data)


def _plain(name: str) -> str:
    return name.removeprefix("./").lstrip("/")


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _rank(name: str) -> int:
    return LICENSE_NAMES.index(name.rpartition("/")[2].lower())
