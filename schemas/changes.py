"""What can become of a row between two versions of a dataset: words, and the shape of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

COLUMNS: Mapping[str, Sequence[str]] = {
    "pages": ("page_id", "doc_id", "source_uri", "text_hash", "recipe_digest"),
    "conversations": ("page_id", "doc_id", "source_uri", "text_hash", "recipe_digest"),
    "documents": ("doc_id", "source_uri", "text_hash", "recipe_digest"),
    "rejects": (
        "level", "reason", "detail", "doc_id", "page_id", "source_uri", "kept_id", "similarity",
    ),
    "inventory": ("doc_id", "uris", "page_count", "reason"),
}  # fmt: skip
"""The columns that an explanation reads, by table; crops come and go with their page."""

Counts = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Rows by table, by `added`, `removed` or `changed`, and by why."""

CHANGE = pa.schema(
    [
        ("change", pa.string()),
        ("why", pa.string()),
        ("id", pa.string()),
        ("source_uri", pa.string()),
        ("detail", pa.string()),
    ]
)
"""One row a change. `change` is `added`, `removed` or `changed`. `why` is a word of `REASONS`; in
`rejects` it is the reject's reason where it is added or removed. `id` is a page's or a
document's."""

REASONS = {
    # added
    "new_document": "its document is new",
    "file_changed": "a file changed: the same URI holds another document",
    "keeper_left": "it was a duplicate, and its keeper is not there any more",
    "no_longer_duplicate": "it was a duplicate, and is compared with other pages now",
    "read_now": "it was a reject for another reason",
    # removed
    "document_left": "its document left the sources",
    "duplicate": "it is a duplicate now",
    "rejected": "it is a reject now, for another reason",
    # either
    "settings_changed": "the recipe changed, and nothing else explains it",
    "unexplained": "nothing in the two versions explains it; run `pagefoundry verify`",
    # changed
    "re_read": "it was read again",
    "moved": "its document is named by another URI",
    "files": "its document is in other files",
    "counted_anew": "its pages were counted anew",
    "touched": "its files have other times or etags, and the same content",
    "other_reason": "it is a reject for another reason",
    "other_keeper": "another one is kept for it",
}
"""The words of `why`, and what each means."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Whether the two versions were read, or deduplicated and published, under other settings."""

    reading_differs: bool
    publish_differs: bool

    @property
    def differ(self) -> bool:
        """Whether either differs."""
        return self.reading_differs or self.publish_differs
