"""The folder that keeps what was fetched: bodies under their SHA-256, and a record of each link.

    bodies/<sha256>                  what a link gave, once for all links that give the same
    links/<sha256 of the URL>.json   when it came, under which etag and date, and which body it is

A body is written before its record, so a record means a whole body. Several datasets may share a
folder. Nothing is removed from it; it is safe to delete when nothing runs.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from schemas.shards import SeenFile
from workers import store
from workers.dataset.forgotten import NOTHING_TAKEN_DOWN, TakenDown

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """What a link gave when it last gave something, and how to ask whether that has changed.

    `final` is the URL that gave it, behind all redirects, and `reserved` what its headers reserve.
    """

    url: str
    final: str
    status: int
    etag: str
    last_modified: str
    media_type: str
    fetched: str
    sha256: str
    size: int
    reserved: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The folder or prefix at `folder`. Nothing is kept of the documents in `forgotten`."""

    folder: str
    forgotten: TakenDown = NOTHING_TAKEN_DOWN

    def record(self, url: str) -> Record | None:
        """The record of a link whose body is there. A damaged one counts as none."""
        uri = self._record_uri(url)
        try:
            record = Record(**json.loads(store.read_bytes(uri)))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as exc:
            log.warning("%s is damaged (%s): the link is fetched again", uri, exc)
            return None
        return record if store.exists(body_uri(self.folder, record.sha256)) else None

    def keep(self, record: Record, path: Path) -> None:
        """Keep the body at a local path, and then its record."""
        if record.sha256 in self.forgotten.ids():
            return
        body = body_uri(self.folder, record.sha256)
        if not store.exists(body):
            store.upload(path, body)
        self.note(record)

    def note(self, record: Record) -> None:
        """Write the record of a body that is there."""
        data = json.dumps(asdict(record), sort_keys=True).encode()
        store.write_bytes(self._record_uri(record.url), data)

    def _record_uri(self, url: str) -> str:
        name = hashlib.sha256(url.encode()).hexdigest()
        return store.join(self.folder, "links", f"{name}.json")


def body_uri(folder: str, sha256: str) -> str:
    """Where the bytes with this SHA-256 are kept."""
    return store.join(folder, "bodies", sha256)


def place_of(file: SeenFile, folders: Sequence[str]) -> str:
    """Where the bytes of a file, or of a member's container, lie: of a link, in a kept folder.

    Raises FileNotFoundError where none of the `folders` keeps the link's.
    """
    if not file.is_link:
        return file.container
    for folder in folders:
        if store.exists(uri := body_uri(folder, file.sha256)):
            return uri
    raise FileNotFoundError(f"{file.container}: what was fetched is no longer kept")
