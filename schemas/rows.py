"""The rows of the tables as typed dictionaries, before they become Arrow tables and after.

Each class has the columns of a schema in `schemas.tables`, in the same order;
`tests/schemas/test_rows.py` compares the two. A key that is not required, or a value that is None,
becomes a null. `StagedRow` says which columns a sample has, and which a reject.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from schemas.findings import FindingRow
from schemas.heuristics import HeuristicsRow
from schemas.hidden_text import HiddenRow


class CellRow(TypedDict):
    """A `schemas.tables.CELL`: a cell of a table, `bbox` in fractions of the page."""

    row: int
    column: int
    rows: int
    columns: int
    bbox: Sequence[float]
    text: str


class BlockRow(TypedDict):
    """A `schemas.tables.BLOCK`: a region of a page, `bbox` in fractions of the page.

    `cells` are those of a table, null for any other block.
    """

    label: str
    bbox: Sequence[float]
    text: str
    confidence: float | None
    cells: Sequence[CellRow] | None


class AttemptRow(TypedDict):
    """A `schemas.tables.ATTEMPT`: one try at reading a page."""

    engine: str
    mode: str
    outcome: str
    guard: str
    rotation: int


class QualityRow(TypedDict):
    """A `schemas.tables.QUALITY`. A document has only the `score`."""

    score: float
    confidence: float | None
    repetition: float | None
    symbol_share: float | None
    ink_share: float | None
    cleaned_chars: int | None
    coverage: float | None


class SourceRow(TypedDict):
    """A `schemas.tables.SOURCE`: where a document is from."""

    container: str | None
    url: str | None
    fetched: str | None
    title: str | None
    author: str | None
    language: str | None
    license: str | None
    license_from: str | None
    reserved: str | None


class PartRow(TypedDict):
    """A part of a message: a text, or the next one of the sample's images."""

    type: str
    text: str | None


class MessageRow(TypedDict):
    """A `schemas.tables.MESSAGE`."""

    role: str
    content: Sequence[PartRow]


class TurnRow(TypedDict):
    """A `schemas.tables.TURN`; `images` are the numbers of those that show it."""

    turn: int
    role: str
    age: int
    mode: str
    text: str
    text_tokens: int
    images: Sequence[int]


class ShownRow(TypedDict):
    """A `schemas.tables.SHOWN`: an image of a conversation, `bytes` long."""

    mode: str
    width: int
    height: int
    vision_tokens: int
    text: str
    bytes: int


class PageKey(TypedDict):
    """What names a page."""

    page_id: str
    doc_id: str
    page_index: int


class StagedRow(PageKey):
    """A row of `STAGED`: a sample, whose `reason` is None, or a reject.

    A page that could not be read has nothing after `detail` but its attempts and the digest. The
    digest and the place of the image are added when the row is written. `width` and `height` are
    those of a page, the columns from `messages` on those of a conversation.
    """

    stage: str | None
    reason: str | None
    detail: str | None
    image_offset: NotRequired[int]
    image_bytes: NotRequired[int]
    width: NotRequired[int]
    height: NotRequired[int]
    rotation: NotRequired[int]
    text: NotRequired[str]
    text_source: NotRequired[str]
    task: NotRequired[str]
    engine: NotRequired[str]
    model: NotRequired[str]
    model_revision: NotRequired[str]
    mode: NotRequired[str]
    blocks: NotRequired[Sequence[BlockRow]]
    vision_tokens: NotRequired[int]
    output_tokens: NotRequired[int]
    text_tokens: NotRequired[int]
    compression: NotRequired[float | None]
    language: NotRequired[str]
    language_score: NotRequired[float]
    quality: NotRequired[QualityRow]
    heuristics: NotRequired[HeuristicsRow | None]
    hidden: NotRequired[HiddenRow | None]
    attempts: Sequence[AttemptRow]
    is_fallback: NotRequired[bool]
    text_hash: NotRequired[bytes]
    minhash: NotRequired[bytes]
    image_hash: NotRequired[bytes]
    recipe_digest: NotRequired[str]
    messages: NotRequired[Sequence[MessageRow]]
    turns: NotRequired[Sequence[TurnRow]]
    shown: NotRequired[Sequence[ShownRow]]
    tokens_before: NotRequired[int]
    tokens_after: NotRequired[int]
    ratio: NotRequired[float | None]
    findings: NotRequired[Sequence[FindingRow] | None]


class CropKey(TypedDict):
    """What names a crop, before what names its page."""

    crop_id: str


class StagedCrop(CropKey, PageKey):
    """A row of `STAGED_CROPS`. The digest and the place of the image are added when it is written.

    `reason` and `detail` are those of a crop that could not be read, or that a policy has emptied.
    """

    image_offset: NotRequired[int]
    image_bytes: NotRequired[int]
    label: str
    bbox: Sequence[float]
    width: int
    height: int
    text: str
    vision_tokens: int
    output_tokens: int
    text_tokens: int
    compression: float
    engine: str
    model: str
    model_revision: str
    mode: str
    reason: str | None
    detail: str | None
    recipe_digest: NotRequired[str]
    findings: NotRequired[Sequence[FindingRow] | None]


class RejectRow(TypedDict):
    """A row of `REJECTS`. A whole document has no `page_id`; only a duplicate has a `kept_id`."""

    level: str
    stage: str
    reason: str
    detail: str | None
    doc_id: str
    page_id: NotRequired[str | None]
    page_index: NotRequired[int | None]
    source_uri: str
    source: SourceRow | None
    kept_id: NotRequired[str | None]
    similarity: NotRequired[float | None]
    language: NotRequired[str | None]
    language_score: NotRequired[float | None]
    quality: NotRequired[QualityRow | None]
    heuristics: NotRequired[HeuristicsRow | None]
    attempts: NotRequired[Sequence[AttemptRow] | None]
    text_tokens: NotRequired[int | None]
    text_hash: NotRequired[bytes | None]
    minhash: NotRequired[bytes | None]
    image_hash: NotRequired[bytes | None]
    recipe_digest: str
    findings: NotRequired[Sequence[FindingRow] | None]
    trainer_tokens: NotRequired[int | None]


class DocumentRow(TypedDict):
    """A row of `DOCUMENTS`: the text of a document's readable pages."""

    doc_id: str
    source_uri: str
    source: SourceRow | None
    page_count: int
    text: str
    page_indices: Sequence[int]
    page_offsets: Sequence[int]
    text_tokens: int
    language: str
    quality_score: float
    heuristics: NotRequired[HeuristicsRow | None]
    text_hash: bytes
    minhash: bytes
    recipe_digest: str
    findings: NotRequired[Sequence[FindingRow] | None]
    trainer_tokens: NotRequired[int | None]
    copies: NotRequired[int | None]
    split: NotRequired[str | None]


class ChangeRow(TypedDict):
    """A row of `schemas.changes.CHANGE`: what became of a row between two versions, and why."""

    change: str
    why: str
    id: str
    source_uri: str
    detail: str | None


class MemberRow(TypedDict):
    """A `schemas.tables.MEMBER`: where a document lies in its container."""

    name: str
    form: str
    offset: int
    length: int
    version: str
    within: str | None
    listed: str | None
    fetched: str | None


class SeenRow(TypedDict):
    """A `schemas.tables.SEEN`: a file in which a document was seen."""

    uri: str
    size: int
    version: str
    member: MemberRow | None
    stated: SourceRow | None


class InventoryRow(TypedDict):
    """A row of `INVENTORY`; `page_count` is None where `reason` says why it cannot be known.

    A part of an earlier release has no `source` and no `own`.
    """

    doc_id: str
    uris: Sequence[SeenRow]
    source: NotRequired[SourceRow | None]
    own: NotRequired[SourceRow | None]
    media_type: str | None
    size: int
    page_count: int | None
    reason: str | None
    detail: str | None
