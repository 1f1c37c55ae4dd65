"""Count what each step of publishing leaves of a version's documents, pages and tokens."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipelines.version.records import Flags, Records
from pipelines.version.rows import Version
from schemas.funnel import FunnelStep
from schemas.limits import Limits


def funnel_of(version: Version) -> list[FunnelStep]:
    """The funnel, from the inventory to what is published.

    What is published is counted in the trainer's own tokens, too, where the recipe has a tokenizer.
    """
    steps = list(_steps(version))
    if version.inputs.tokenizer is not None:
        pages, documents = version.pages, version.documents
        kept_documents = version.kept_documents
        steps[-1] |= {
            "trainer_tokens": int(pages.trainer_tokens[version.kept].sum()),
            "document_trainer_tokens": int(documents.trainer_tokens[kept_documents].sum()),
        }
    return steps


def _steps(version: Version) -> Iterator[FunnelStep]:
    inventory = version.inputs.catalogue.documents
    yield {
        "step": "inventory",
        "documents": len(inventory),
        "document_tokens": None,
        "pages": sum(document.page_count or 0 for document in inventory),
        "tokens": None,
    }
    pages = version.pages.readable
    has_page = np.zeros(len(inventory), bool)
    has_page[version.pages.doc[pages]] = True
    documents = version.documents.readable & has_page[version.documents.doc]
    yield _left("read", version, documents, pages)
    if version.inputs.recipe.rights.reserved == "drop":
        pages = pages & ~version.reserved[version.pages.doc]
        documents = documents & ~version.reserved[version.documents.doc]
        yield _left("rights", version, documents, pages)
    if version.inputs.recipe.limits != Limits():
        pages = pages & ~version.limited[version.pages.doc]
        documents = documents & ~version.limited[version.documents.doc]
        yield _left("limits", version, documents, pages)
    of_pages, of_documents = version.page_drops, version.document_drops
    yield _left(
        *("dedup", version, documents & ~of_documents.by_signature, pages & ~of_pages.by_signature)
    )
    pages, documents = pages & ~of_pages.dropped, documents & ~of_documents.dropped
    if version.inputs.encoder is not None:
        yield _left("semantic", version, documents, pages)
    for number, policy in enumerate(version.inputs.recipe.policies):
        pages = pages & (version.page_verdicts.barred_by != number)
        documents = documents & (version.document_verdicts.barred_by != number)
        yield _left(policy.name, version, documents, pages)
    if version.inputs.recipe.mix is not None:
        yield _left("mix", version, documents, pages & ~version.selection.left_out)


def _left(step: str, version: Version, documents: Flags, pages: Flags) -> FunnelStep:
    return {
        "step": step,
        "documents": int(documents.sum()),
        "document_tokens": _tokens(version.documents, documents),
        "pages": int(pages.sum()),
        "tokens": _tokens(version.pages, pages),
    }


def _tokens(records: Records, chosen: Flags) -> int:
    return int(records.tokens[chosen].sum())
