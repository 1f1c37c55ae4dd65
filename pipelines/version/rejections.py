"""What `rejects` of a version holds: everything that went in and does not come out, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.version.dedup import Drops
from pipelines.version.records import (
    DUPLICATE,
    FIRST_BARRED,
    LEFT_OUT,
    LIMITED,
    NOBODY,
    REJECT,
    RESERVED,
    Flags,
    Ints,
    Records,
)
from pipelines.version.rows import Version
from pipelines.version.said import counts, is_counted_alike, said_of_scores
from pipelines.version.scores import Scores
from pipelines.version.semantic import SEMANTIC
from pipelines.version.table_rows import Contents, NewRows, OldRows, old_parts, old_rows, origin
from schemas.reject_reasons import SEMANTIC_DUPLICATE
from schemas.rows import RejectRow
from workers.publishing.decisions import KINDS
from workers.publishing.gather import CLEARED
from workers.publishing.records import Level, record_id

_REJECT_BYTES = 2048  # signatures are most of a row


def reject_contents(version: Version) -> Contents:
    """Everything that went in and does not come out."""
    documents, pages = version.documents, version.pages
    is_plain = (documents.outcome == REJECT) & is_plain_document(version)[documents.doc]
    nothing = np.zeros(len(documents), bool)
    of_documents = Rejections(
        version.document_drops,
        version.document_verdicts.barred,
        documents.readable & version.reserved[documents.doc],
        documents.readable & version.limited[documents.doc],
        nothing,
        is_plain,
    )
    of_pages = Rejections(
        version.page_drops,
        version.page_verdicts.barred,
        pages.readable & version.reserved[pages.doc],
        pages.readable & version.limited[pages.doc],
        version.selection.left_out,
        pages.outcome == REJECT,
    )
    levels = [
        _rejected(version, "document", documents, of_documents, version.document_scores),
        _rejected(version, "page", pages, of_pages, version.page_scores),
    ]
    return Contents(
        "rejects",
        old_parts(version, "rejects"),
        [old for old, _ in levels],
        [new for _, new in levels],
        new_plain_rejects(version),
        version.page_scores.columns,
    )


def new_plain_rejects(version: Version) -> Iterator[RejectRow]:
    """Rejects of documents without a page count or a readable page, unless they are there."""
    documents = version.documents
    is_plain = is_plain_document(version)
    is_plain[documents.doc[documents.outcome == REJECT]] = False
    for number in np.flatnonzero(is_plain).tolist():
        document = version.inputs.catalogue.documents[number]
        stage, reason = "read", "no_readable_page"
        detail: str | None = f"none of its {document.page_count} pages"
        if document.page_count is None:
            assert document.reason is not None
            stage, reason, detail = "inventory", document.reason, document.detail
        yield {
            "level": "document",
            "stage": stage,
            "reason": reason,
            "detail": detail,
            "doc_id": document.doc_id,
            "source_uri": document.source_uri,
            "source": document.provenance.to_row(),
            "recipe_digest": version.inputs.recipe.digest(),
        }


@dataclass(frozen=True, slots=True)
class Rejections:
    """Why rows of a level are rejected, in arrays with an entry a record.

    They are duplicates, `barred` by a policy, `reserved` for their document, `limited` with it,
    `left_out` by the mix, or `plain`: of no text.
    """

    drops: Drops
    barred: Flags
    reserved: Flags
    limited: Flags
    left_out: Flags
    plain: Flags

    @property
    def by_rule(self) -> Flags:
        """Which rows another rule than deduplication or a policy leaves out."""
        flags: Flags = self.reserved | self.limited | self.left_out
        return flags


def _rejected(
    version: Version, level: Level, records: Records, why: Rejections, scores: Scores
) -> tuple[OldRows, NewRows]:
    """The rejects of a level: rows of old parts that stay, and new rows."""
    same = (
        _same_drop(records, why.drops)
        | (why.reserved & (records.outcome == RESERVED))
        | (why.limited & (records.outcome == LIMITED))
        | (why.left_out & (records.outcome == LEFT_OUT) & _is_mixed_alike(version))
        | (why.barred & (records.outcome >= FIRST_BARRED))
    )
    stays = records.origin("rejects") & (why.plain | same)
    is_out = why.plain | why.drops.dropped | why.barred | why.by_rule
    chosen = np.flatnonzero(is_out & ~stays)
    new, said = records.take(chosen), said_of_scores(scores)

    def overlay(places: Ints) -> pa.Table:
        columns = _overlay(version, level, records, why, chosen[places])
        return pa.table({**columns, **said.take(chosen[places]).columns})

    weight = np.full(len(new), _REJECT_BYTES, np.int64)
    old = old_rows(records.take(stays), said.take(np.flatnonzero(stays)))
    return old, NewRows(new.files, new.file, new.row, weight, said.split[chosen], overlay)


def _same_drop(records: Records, drops: Drops) -> Flags:
    """Duplicates that the last version dropped for the same keeper, kind and similarity."""
    keepers = np.full(len(records), NOBODY, np.int64)
    keepers[drops.dropped] = records.keys[drops.keeper[drops.dropped]]
    same: Flags = (
        drops.dropped
        & (records.outcome == DUPLICATE)
        & (records.keeper == keepers)
        & (records.kind == drops.kind)
        & (records.similarity == drops.similarity)
    )
    return same


def _overlay(
    version: Version,
    level: Level,
    records: Records,
    why: Rejections,
    chosen: Ints,
) -> dict[str, pa.Array]:
    catalogue, drops = version.inputs.catalogue, why.drops
    dropped, keepers = drops.dropped[chosen], drops.keeper[chosen]
    by_rule = why.by_rule[chosen]
    # rule: the place of a row's word in those of `where_out`
    is_semantic = dropped & (drops.kind[chosen] == SEMANTIC)
    why_out = [is_semantic, dropped, why.reserved[chosen], why.limited[chosen]]
    rule = np.select(why_out, [4, 0, 1, 2], 3)

    def where_dropped(values: npt.NDArray[np.generic], kind: pa.DataType) -> pa.Array:
        return pa.array(np.broadcast_to(values, dropped.shape), kind, mask=~dropped)

    def where_out(*words: str) -> pa.Array:
        return pa.array(np.array(words, object)[rule], pa.string(), mask=~(dropped | by_rule))

    places = zip(records.doc[keepers].tolist(), records.index[keepers].tolist(), strict=True)
    names = [record_id(level, catalogue.documents[doc].doc_id, index, 0) for doc, index in places]
    return {
        "level": pa.array([level] * len(chosen), pa.string()),
        **origin(version, records.doc[chosen]),
        "stage": where_out("dedup", "rights", "limits", "mix", "dedup"),
        "reason": where_out("duplicate", "reserved", "over_limit", "left_out", SEMANTIC_DUPLICATE),
        "detail": where_dropped(np.array(KINDS, object)[drops.kind[chosen]], pa.string()),
        "kept_id": where_dropped(np.array(names, object), pa.string()),
        "similarity": where_dropped(drops.similarity[chosen], pa.float32()),
        # Of what a mix leaves out, a budget must know the tokens in the next version, too.
        "trainer_tokens": counts(
            np.where(why.left_out[chosen], records.trainer_tokens[chosen], NOBODY)
        ),
        CLEARED: pa.array(by_rule),
    }


def is_plain_document(version: Version) -> Flags:
    """By document number: whether it has no page count or no readable page."""
    is_plain = np.ones(len(version.inputs.catalogue.documents), bool)
    is_plain[version.pages.doc[version.pages.readable]] = False
    return is_plain


def _is_mixed_alike(version: Version) -> bool:
    """Whether the last version counted what its mix left out as this one does."""
    mix, snapshot = version.inputs.recipe.mix, version.inputs.snapshot
    then = snapshot.metadata["publish_settings"].get("mix") if snapshot else None
    had_budget = isinstance(then, dict) and "tokens" in then
    has_budget = mix is not None and mix.tokens is not None
    return is_counted_alike(version.inputs) and had_budget == has_budget
