"""The small columns of a table in memory: what rows are chosen, sorted and listed by."""

from __future__ import annotations

from dataclasses import dataclass

from workers.viewing.filters import Table


@dataclass(frozen=True, slots=True)
class LightRow:
    """A row of a table without its texts and pictures; what a table does not have is None.

    - `number` is its place in the table as it is published, from 0.
    - `key` is its `page_id`, `crop_id` or `doc_id`. That of a reject is its page's, or its
      document's where a whole document was rejected.
    - `page_index` counts from 0, and is None for a whole document.
    - `kept_id` is the page or the document that a duplicate was dropped for.
    """

    table: Table
    number: int
    key: str
    doc_id: str
    page_index: int | None
    source_uri: str
    license: str | None
    language: str | None
    engine: str | None
    text_source: str | None
    label: str | None
    stage: str | None
    reason: str | None
    split: str | None
    policies: tuple[str, ...]
    quality: float | None
    coverage: float | None
    text_tokens: int | None
    width: int | None
    height: int | None
    kept_id: str | None
    similarity: float | None
