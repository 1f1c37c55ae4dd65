"""Assemble documents from the texts of their readable pages, and write rows that are at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.rows import DocumentRow, QualityRow, SourceRow
from schemas.scores import schema_with
from schemas.tables import DOCUMENTS
from workers import store
from workers.dataset import PartFile, write_part
from workers.publishing.duplicates import signature_matrix
from workers.publishing.records import RowsFile
from workers.text import measures
from workers.text.documents import DocumentText, PageText, join_pages, plain_pages
from workers.text.heuristics import heuristics
from workers.text.signatures import text_hash


class _Labelled(TypedDict):
    """What a document takes of a block."""

    label: str


class _ReadPage(TypedDict):
    """What a document takes of each of its pages."""

    page_index: int
    text: str
    text_source: str
    text_tokens: int
    blocks: NotRequired[Sequence[_Labelled] | None]
    language: str
    quality: QualityRow
    text_hash: bytes
    minhash: bytes


_COLUMNS = [
    "blocks.list.element.label" if name == "blocks" else name for name in _ReadPage.__annotations__
]
_READ = ("ocr", "text_layer")


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """What the inventory says of a document, and how many readable pages it has."""

    doc_id: str
    source_uri: str
    source: SourceRow | None
    page_count: int
    readable_pages: int


@dataclass(frozen=True, slots=True)
class Assembly:
    """Documents to assemble, and where their readable pages lie, document by document.

    The arrays have one entry a page: the page is the `row`-th row of `files[file]`. The result is
    written to `uri`. Lines that the pages of a document repeat are left out, unless it
    `keeps_furniture`.
    """

    documents: tuple[DocumentHead, ...]
    files: tuple[RowsFile, ...]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    recipe_digest: str
    uri: str
    keeps_furniture: bool = False


def assemble_documents(task: Assembly) -> RowsFile:
    """Write the rows of some documents, in the shape of `DOCUMENTS`, to a scratch file."""
    pages: dict[int, _ReadPage] = {}
    for number, file in enumerate(task.files):
        wanted = np.flatnonzero(task.file == number)
        with file.open() as handle:
            table = pq.ParquetFile(handle).read(columns=_COLUMNS)
        rows = table.take(pa.array(task.row[wanted]))
        for place, page in zip(wanted.tolist(), rows.to_pylist(), strict=True):
            pages[place] = page
    rows, start = [], 0
    for head in task.documents:
        stop = start + head.readable_pages
        of_document = [pages[place] for place in range(start, stop)]
        rows.append(_document_row(head, of_document, task))
        start = stop
    with store.temporary_folder() as folder:
        path = folder / "documents.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=DOCUMENTS), path, compression="lz4")
        store.upload(path, task.uri)
    return RowsFile(task.uri, "staged", len(rows))


def _document_row(head: DocumentHead, pages: Sequence[_ReadPage], task: Assembly) -> DocumentRow:
    document = _text(pages, task.keeps_furniture)
    tokens = [page["text_tokens"] for page in pages]
    by_language: Counter[str] = Counter()
    for page, count in zip(pages, tokens, strict=True):
        by_language[page["language"]] += count
    scores = [page["quality"]["score"] for page in pages]
    language = _main_language(by_language)
    signatures = signature_matrix(pa.array([page["minhash"] for page in pages]))
    return {
        "doc_id": head.doc_id,
        "source_uri": head.source_uri,
        "source": head.source,
        "page_count": head.page_count,
        "text": document.text,
        "page_indices": [page["page_index"] for page in pages],
        "page_offsets": document.offsets,
        "text_tokens": measures.count_tokens(document.text),
        "language": language,
        "quality_score": round(float(np.average(scores, weights=tokens)), 4),
        "heuristics": heuristics(document.text, language),
        "text_hash": text_hash([page["text_hash"].hex() for page in pages]),
        # The signature of a union of shingle sets is the minimum of their signatures.
        "minhash": signatures.min(axis=0).astype("<u8").tobytes(),
        "recipe_digest": task.recipe_digest,
    }


def _main_language(tokens: Mapping[str, int]) -> str:
    """The language of most tokens; `und` only where no page has a language."""
    return min(tokens, key=lambda code: (code == "und", -tokens[code], code))


def _text(pages: Sequence[_ReadPage], keeps_furniture: bool) -> DocumentText:
    """The document's text. Pages that were made, and not read, are known: nothing is joined."""
    if not any(page["text_source"] in _READ for page in pages):
        return plain_pages([page["text"] for page in pages])
    labelled = [
        PageText(page["text"], tuple(block["label"] for block in page.get("blocks") or ()))
        for page in pages
    ]
    return join_pages(labelled, keeps_furniture)


def write_rows(
    dataset: str, table: str, rows: Iterable[Mapping[str, object]], scores: Sequence[str] = ()
) -> list[PartFile]:
    """Write rows of a table in the order given: one part, or none for no rows.

    `scores` are the table's columns of scores.
    """
    data = pa.Table.from_pylist(list(rows), schema=schema_with(table, scores))
    if data.num_rows == 0:
        return []
    step = 50_000
    groups = (data.slice(start, step) for start in range(0, data.num_rows, step))
    return [write_part(dataset, table, groups, scores)]
