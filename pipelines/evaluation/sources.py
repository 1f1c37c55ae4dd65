"""Where the pages of a study come from: a published dataset, documents, or pages that are made.

    pages_of(source, …) ─► batches, in a fixed order, so that the first pages are a fair sample

The true text of a document's page is its text layer, if that is good, or a file with ground truth;
that of a made page is the text that it was made from.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

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
    """Where the pages of a study come from, and how large their images are.

    Args:
        source: a dataset, a pattern of documents, a corpus of text, or a source as in a recipe, in
            braces.
        truth: a folder with ground-truth files; None to use the documents' text layers.
        edge_px: the longest edge of a document's page image.
    """

    source: str
    truth: str | None
    edge_px: int
    format: Literal["png", "jpeg"]


def pages_of(settings: SourceSettings, session: Session, console: Console) -> Iterator[Batch]:
    """The batches of a source.

    Raises SourceError if the source matches nothing or has no page whose text is known.
    """
    source = store.absolute(settings.source)
    if store.exists(store.join(source, "pages", "_delta_log")):
        if settings.truth is not None:
            raise SourceError(
                f"{settings.source} is a dataset and has its own texts; leave out --truth"
            )
        return _dataset_pages(source)
    recipe = _recipe(settings)
    with meter(console, "inventory", "files") as progress:
        documents = take_inventory(recipe, [], None, session, progress).documents
    documents = [document for document in documents if document.page_count]
    if not documents:
        raise SourceError(f"{settings.source}: none of its files can be opened as a document")
    if settings.truth is None:
        made_by = recipe.record_sources
        return _layer_batches(documents, raster_settings(recipe), child_limits(recipe), made_by)
    known = _truths(settings.truth, documents)
    return _truth_batches(known, raster_settings(recipe), child_limits(recipe))


def _recipe(settings: SourceSettings) -> Recipe:
    """A recipe with what a study needs: sources and raster settings. Nothing is published."""
    parts = {
        "dataset": "none",
        "sources": [_named_source(settings.source)],
        "raster": {"longest_edge_px": settings.edge_px, "format": settings.format},
        "routing": "prefer" if settings.truth is None else "never",
    }
    # The recipe parser is used so that a wrong source has the same messages as in a recipe.
    return parse_recipe(json.dumps(parts), f"--source {settings.source}")


def _named_source(source: str) -> Mapping[str, object]:
    """The value of --source as a source of a recipe. Raises SourceError for wrong YAML in braces.

    >>> _named_source("corpus.jsonl"), _named_source("{charts: 100}")
    ({'text': 'corpus.jsonl'}, {'charts': 100})
    """
    if source.lstrip().startswith("{"):
        try:
            value = yaml.safe_load(source)
        except yaml.YAMLError as exc:
            raise SourceError(f"--source {source} is not YAML: {one_line(exc)}") from exc
        if isinstance(value, dict):
            return value
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
    """Pages of documents, and the files with their true texts.

    Args:
        truths: one for each of `ranges`: the URI of a file, or None for the text layer. A file has
            the text of all pages of its range.
        sources: the sources of made pages.
    """

    ranges: tuple[PageRange, ...]
    truths: tuple[str | None, ...]
    raster: RasterSettings
    limits: ChildLimits
    sources: tuple[RecordSource, ...] = ()

    def __len__(self) -> int:
        return sum(map(len, self.ranges))

    def halves(self) -> Sequence[DocumentBatch]:
        """Two batches with half the ranges each; a single range stays whole."""
        half = len(self.ranges) // 2
        cuts = [slice(0, half), slice(half, None)] if half else [slice(None)]
        return [replace(self, ranges=self.ranges[cut], truths=self.truths[cut]) for cut in cuts]

    def load(self) -> Loaded:
        """Rasterise the pages and read their true texts."""
        rastered = iter(draw_ranges(self.ranges, self.raster, self.limits, self.sources))
        pages: list[TruePage] = []
        skipped: Counter[str] = Counter()
        for part, truth in zip(self.ranges, self.truths, strict=True):
            text = None if truth is None else _read_truth(truth)
            for page in itertools.islice(rastered, len(part)):
                if page.error is not None or page.image is None:
                    skipped[page.error.reason if page.error else "no_image"] += 1
                    continue
                if truth is None:
                    if page.layer is None:
                        skipped[f"text layer {page.layer_reason or 'missing'}"] += 1
                        continue
                    text = page.layer.text
                pages.append(TruePage(page.page_id, part.files[0].uri, page.image, text))
                text = None  # the first page of a range has its text; the others continue it
        return Loaded(pages, skipped)


def _read_truth(uri: str) -> str:
    try:
        return store.read_bytes(uri).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise SourceError(f"{uri} is not UTF-8; convert it") from exc


def _layer_batches(
    documents: Sequence[Document],
    raster: RasterSettings,
    limits: ChildLimits,
    sources: tuple[RecordSource, ...],
) -> Iterator[Batch]:
    """Single pages of all documents in a seeded order, so that the first are a fair sample."""
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
    """The documents with ground truth in a folder, in a seeded order."""
    uri = store.absolute(folder)
    files = [name for suffix in SUFFIXES for name in store.list_names(uri, suffix)]
    if not files:
        raise SourceError(f"--truth {folder} has no .txt or .md file")
    truths = find_truths((file.uri for document in documents for file in document.files), files)
    known = []
    for document in documents:
        named = [file.uri for file in document.files if file.uri in truths]
        if named:  # an equal document under a second name has the same ground truth
            known.append((document, truths[named[0]]))
    if not known:
        raise SourceError(
            f"--truth {folder}: none of its {len(files)} files belongs to a document by its name; "
            "the text of x.pdf is in x.txt or x.md, that of its first page in x.0001.txt"
        )
    for document, truth in known:
        for index, uri in truth.pages.items():
            if index >= len(document.pages):
                raise SourceError(
                    f"{uri}: {document.source_uri} has only {len(document.pages)} pages"
                )
    return sorted(known, key=lambda pair: order_key(_SAMPLE_SEED, pair[0].doc_id))


def _truth_batches(
    known: Sequence[tuple[Document, TruthFiles]], raster: RasterSettings, limits: ChildLimits
) -> Iterator[Batch]:
    """A batch for each document with one text, and batches of pages for the others."""
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
