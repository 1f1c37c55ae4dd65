"""Where the pages of a study come from: a published dataset, documents, or pages that are made.

    pages_of(source, …) ─► batches, in a fixed order that is a fair sample

The truth of a document's page is its text layer, where that is good, or a file beside it; that of
a page that is made is what it was made from.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import yaml
from rich.console import Console

from cluster.progress import meter
from cluster.session import Session
from pipelines.dataset.state import load_snapshot
from pipelines.inventory import take_inventory
from pipelines.steps.settings import child_limits, raster_settings
from pipelines.steps.shard import draw_ranges
from schemas.errors import SourceError
from schemas.ids import order_key, page_id, split_page_id
from schemas.inventory import Document
from schemas.lines import one_line
from schemas.recipe import Recipe, parse_recipe
from schemas.shards import PageRange
from schemas.sources import RecordSource
from workers import store
from workers.evaluation.pages import BATCH_PAGES, Batch, Loaded, TruePage, dataset_batches
from workers.evaluation.truth import SUFFIXES, TruthFiles, find_truths
from workers.rasterising import ChildLimits, RasterSettings
from workers.synthetic.corpora.reading import TEXT_SUFFIXES

_SAMPLE_SEED = 0


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How the pages of a source are had.

    `source` is a dataset, a pattern of documents, a corpus of text, or a source as a recipe has it,
    in braces. `edge_px` is the longest edge of a document's page image; `truth` a folder with
    ground-truth files, None to take documents' text layers for the truth.
    """

    source: str
    truth: str | None
    edge_px: int
    format: Literal["png", "jpeg"]


def pages_of(settings: SourceSettings, session: Session, console: Console) -> Iterator[Batch]:
    """The batches of a source.

    Raises SourceError where it matches nothing or has no page whose text is known.
    """
    source = store.absolute(settings.source)
    if store.exists(store.join(source, "pages", "_delta_log")):
        if settings.truth is not None:
            raise SourceError(f"{settings.source} is a dataset, which has its texts; drop --truth")
        return _dataset_pages(source)
    recipe = _recipe(settings)
    with meter(console, "inventory", "files") as progress:
        documents = take_inventory(recipe, [], None, session, progress).documents
    documents = [document for document in documents if document.page_count]
    if not documents:
        raise SourceError(f"{settings.source}: none of its files is a document that can be opened")
    if settings.truth is None:
        made_by = recipe.record_sources
        return _layer_batches(documents, raster_settings(recipe), child_limits(recipe), made_by)
    known = _truths(settings.truth, documents)
    return _truth_batches(known, raster_settings(recipe), child_limits(recipe))


def _recipe(settings: SourceSettings) -> Recipe:
    """What a study takes of a recipe: how documents are found and drawn. Nothing is published."""
    parts = {
        "dataset": "none",
        "sources": [_named_source(settings.source)],
        "raster": {"longest_edge_px": settings.edge_px, "format": settings.format},
        "routing": "prefer" if settings.truth is None else "never",
    }
    # As a recipe is parsed, so that a wrong source has the messages that it has there.
    return parse_recipe(json.dumps(parts), f"--source {settings.source}")


def _named_source(source: str) -> Mapping[str, Any]:
    """A source as a recipe has it, of what names it. Raises SourceError for braces around none.

    >>> _named_source("corpus.jsonl"), _named_source("{charts: 100}")
    ({'text': 'corpus.jsonl'}, {'charts': 100})
    """
    if source.lstrip().startswith("{"):
        try:
            found = yaml.safe_load(source)
        except yaml.YAMLError as exc:
            raise SourceError(f"{source}: not a recipe's source: {one_line(exc)}") from exc
        if isinstance(found, dict):
            return found
    return {"text" if source.lower().endswith(TEXT_SUFFIXES) else "documents": source}


def _dataset_pages(dataset: str) -> Iterator[Batch]:
    snapshot = load_snapshot(dataset)
    if snapshot is None:
        raise SourceError(f"{dataset} holds no published version; `pagefoundry run` makes one")
    pages = snapshot.tables["pages"]
    return iter(dataset_batches([pages.part_uri(part) for part in pages.parts]))


# ---- documents ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DocumentBatch:
    """Pages of documents, and where their truths lie.

    Of `truths` there is one for each of `ranges`: the URI of a file, or None for the text layer. A
    range of several pages with a file has one text for all of them. `sources` are those of ranges
    that are made.
    """

    ranges: tuple[PageRange, ...]
    truths: tuple[str | None, ...]
    raster: RasterSettings
    limits: ChildLimits
    sources: tuple[RecordSource, ...] = ()

    def __len__(self) -> int:
        return sum(map(len, self.ranges))

    def halves(self) -> Sequence[DocumentBatch]:
        """Half the ranges each, or all of one."""
        half = len(self.ranges) // 2
        cuts = [slice(0, half), slice(half, None)] if half else [slice(None)]
        return [replace(self, ranges=self.ranges[cut], truths=self.truths[cut]) for cut in cuts]

    def load(self) -> Loaded:
        """Draw the pages, and read their truths."""
        drawn = iter(draw_ranges(self.ranges, self.raster, self.limits, self.sources))
        pages: list[TruePage] = []
        skipped: Counter[str] = Counter()
        for part, truth in zip(self.ranges, self.truths, strict=True):
            text = None if truth is None else _read_truth(truth)
            for found in itertools.islice(drawn, len(part)):
                if found.error is not None or found.image is None:
                    skipped[found.error.reason if found.error else "no_image"] += 1
                    continue
                if truth is None:
                    if found.layer is None:
                        skipped[f"text layer {found.layer_reason or 'missing'}"] += 1
                        continue
                    text = found.layer.text
                pages.append(TruePage(found.page_id, part.files[0].uri, found.image, text))
                text = None  # what is left of a document's is on the pages to come
        return Loaded(pages, skipped)


def _read_truth(uri: str) -> str:
    try:
        return store.read_bytes(uri).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise SourceError(f"{uri}: not UTF-8 text; convert it") from exc


def _layer_batches(
    documents: Sequence[Document],
    raster: RasterSettings,
    limits: ChildLimits,
    sources: tuple[RecordSource, ...],
) -> Iterator[Batch]:
    """Single pages of all documents in a seeded order, so that none comes first for its place."""
    by_id = {document.doc_id: document for document in documents}
    ids = [
        page_id(document.doc_id, index)
        for document in documents
        for index in range(document.page_count or 0)
    ]
    ids.sort(key=lambda page: order_key(_SAMPLE_SEED, page))
    for start in range(0, len(ids), BATCH_PAGES):
        places = [split_page_id(page) for page in ids[start : start + BATCH_PAGES]]
        ranges = tuple(
            replace(by_id[doc_id].pages, start=index, stop=index + 1) for doc_id, index in places
        )
        yield DocumentBatch(ranges, (None,) * len(ranges), raster, limits, sources)


def _truths(folder: str, documents: Sequence[Document]) -> list[tuple[Document, TruthFiles]]:
    """The documents that have a truth in a folder, in a seeded order."""
    uri = store.absolute(folder)
    files = [name for suffix in SUFFIXES for name in store.list_names(uri, suffix)]
    if not files:
        raise SourceError(f"--truth {folder}: no .txt or .md file lies in it")
    truths = find_truths((file.uri for one in documents for file in one.files), files)
    found = []
    for document in documents:
        named = [file.uri for file in document.files if file.uri in truths]
        if named:  # equal documents under two names have one truth
            found.append((document, truths[named[0]]))
    if not found:
        raise SourceError(
            f"--truth {folder}: none of its {len(files)} files has the name of a document; "
            "of x.pdf the text is x.txt or x.md, that of its first page x.0001.txt"
        )
    for document, known in found:
        for index, uri in known.pages.items():
            if index >= len(document.pages):
                raise SourceError(
                    f"{uri}: {document.source_uri} has {len(document.pages)} pages only"
                )
    return sorted(found, key=lambda pair: order_key(_SAMPLE_SEED, pair[0].doc_id))


def _truth_batches(
    known: Sequence[tuple[Document, TruthFiles]], raster: RasterSettings, limits: ChildLimits
) -> Iterator[Batch]:
    """Documents whose truth is whole one a batch, others page by page."""
    for document, truth in known:
        pages = document.pages
        if truth.whole is not None:
            yield DocumentBatch((pages,), (truth.whole,), raster, limits)
            continue
        places = sorted(truth.pages.items())
        for start in range(0, len(places), BATCH_PAGES):
            batch = places[start : start + BATCH_PAGES]
            ranges = tuple(replace(pages, start=index, stop=index + 1) for index, _ in batch)
            yield DocumentBatch(ranges, tuple(uri for _, uri in batch), raster, limits)
