"""How a row can change between two versions of a dataset: the reasons, and the table of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

COLUMNS: Mapping[str, Sequence[str]] = {
    "pages": (
        "page_id", "doc_id", "source_uri", "text_hash", "recipe_digest", "findings", "copies",
        "split",
    ),
    "conversations": (
        "page_id", "doc_id", "source_uri", "text_hash", "recipe_digest", "findings", "copies",
        "split",
    ),
    "documents": (
        "doc_id", "source_uri", "text_hash", "recipe_digest", "findings", "copies", "split",
    ),
    "rejects": (
        "level", "reason", "detail", "doc_id", "page_id", "source_uri", "kept_id", "similarity",
    ),
    "inventory": ("doc_id", "uris", "page_count", "reason"),
}  # fmt: skip
"""The columns of each table that an explanation reads. Crops come and go with their page."""

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
"""One row for each change. `change` is `added`, `removed` or `changed`. `why` is a word of
`REASONS`; for an added or removed row of `rejects` it is the reject's reason. `id` is that of a
page or a document."""

REASONS = {
    # added
    "new_document": "its document is new",
    "file_changed": "a file changed: the same URI holds another document",
    "keeper_left": "it was a duplicate, and its keeper has left the dataset",
    "no_longer_duplicate": "it was a duplicate, and is now compared with other pages",
    "read_now": "it was a reject for another reason",
    "let_in": "a policy rejected it, and none does now",
    # removed
    "document_left": "its document left the sources",
    "forgotten": "its document was taken down with `pagefoundry forget`",
    "duplicate": "it is now a duplicate",
    "rejected": "it is now a reject, for another reason",
    "policy": "a policy of the recipe rejects it, or has changed what it says",
    # either
    "settings_changed": "the recipe changed, and nothing else explains it",
    "unexplained": "nothing in the two versions explains it; run `pagefoundry verify`",
    # changed
    "re_read": "it was read again",
    "moved": "its document is named by another URI",
    "copies": "it stands for more or fewer duplicates than before",
    "split": "it is in another split, of training or validation rows, than before",
    "files": "its document is in other files",
    "counted_anew": "its pages were counted again",
    "touched": "its files have other times or etags, but the same content",
    "other_reason": "it is a reject for another reason than before",
    "other_keeper": "another page is kept in its place",
}
"""The words of `why` and their meanings."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Whether two versions were read, or published, with different settings."""

    reading_differs: bool
    publish_differs: bool

    @property
    def differ(self) -> bool:
        """Whether any setting differs."""
        return self.reading_differs or self.publish_differs
