"""Examine source files: hash them, recognise the media type, count the pages."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from schemas.errors import AccessError, DocumentError, StorageError
from schemas.lines import one_line
from schemas.provenance import NOTHING, Provenance
from schemas.shards import SeenFile
from workers import store
from workers.rasterising import READ, Rasterizer, sniff_file

_HEAD_BYTES = 8


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a file. Where its pages cannot be counted, `reason` says why.

    A file that cannot be read at all has no `doc_id`: `reason` is then `unreadable`.
    `provenance` is what the document itself says, wherever it lies.
    """

    file: SeenFile
    doc_id: str | None = None
    media_type: str | None = None
    page_count: int | None = None
    reason: str | None = None
    detail: str | None = None
    provenance: Provenance = NOTHING

    def to_json(self) -> str:
        """One line of JSON."""
        fields = asdict(self) | {"file": self.file.to_row()}
        return json.dumps(fields | {"provenance": self.provenance.to_row()}, sort_keys=True)

    @staticmethod
    def from_json(line: str) -> Examined:
        """The inverse of `to_json`. Raises ValueError for any other line."""
        data = json.loads(line)
        try:
            data["file"] = SeenFile.from_dict(data["file"])
            data["provenance"] = Provenance.from_row(data.get("provenance"))
            return Examined(**data)
        except (KeyError, TypeError) as exc:
            raise ValueError(f"not an examined file: {exc}") from exc


def examine_copy(file: SeenFile, path: Path, rasterizer: Rasterizer) -> Examined:
    """Examine the bytes of a file, which lie at a local path.

    Its contents never raise an error; they give a `reason`. Raises OSError where they cannot be
    read.
    """
    doc_id = store.sha256_of(str(path))
    head = store.read_head(path, _HEAD_BYTES)
    if not head:
        return Examined(file, doc_id, reason="empty_file", detail="the file has no bytes")
    media_type = sniff_file(path, file.uri)
    if media_type is None:
        detail = f"starts with {head!r}; read are {READ}"
        return Examined(file, doc_id, reason="not_a_document", detail=detail)
    try:
        pages, provenance = rasterizer.describe(path, media_type)
    except DocumentError as exc:
        return Examined(file, doc_id, media_type, reason=exc.reason, detail=exc.detail)
    return Examined(file, doc_id, media_type, pages, provenance=provenance)


def unreadable(file: SeenFile, exc: StorageError | OSError) -> Examined:
    """A file that its store does not give us now.

    Raises AccessError where the store refuses every request, and not only that for this file.
    """
    if isinstance(exc, AccessError) and file.is_link:
        raise exc  # the folder that keeps what links gave is ours
    if isinstance(exc, AccessError):
        store.require_listing(file.stored.uri)
    return Examined(file, reason="unreadable", detail=one_line(exc))
