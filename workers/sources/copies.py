"""Copy pages of finished datasets: list their parts, examine and take the pages.

Each page becomes a document of its own. It keeps its image, text, blocks, token counts and the
names of what read it. Its crops are not copied, so links to them keep only their labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.errors import SourceError
from schemas.ids import page_id
from schemas.pages import Attempt, Block, Cell, PageImage, PageReading, RasteredPage, Reading
from schemas.provenance import Provenance
from schemas.shards import SeenFile
from schemas.sources import DatasetSource, copy_name, listed_uri, media_type, record_id, record_uri
from workers import store
from workers.dataset import TableVersion, open_table, read_part, read_rows
from workers.dataset.forgotten import require_whole
from workers.sources.documents import Examined

_IDENTITY = ["page_id", "recipe_digest"]
_LISTED = [*_IDENTITY, "source_uri"]
_COLUMNS = [
    *_IDENTITY,
    *("image", "width", "height", "rotation", "text", "text_source", "task", "engine", "model"),
    *("model_revision", "mode", "blocks", "vision_tokens", "output_tokens", "quality", "attempts"),
    *("is_fallback", "image_hash"),
]


def list_copies(source: DatasetSource) -> dict[SeenFile, DatasetSource]:
    """The parts of the datasets' `pages` tables. Raises SourceError where nothing is published."""
    listed = {}
    for dataset in source.dataset:
        pages = published_pages(dataset, source.version)
        for part in pages.parts:
            file = store.stat(pages.part_uri(part))
            listed[SeenFile(listed_uri(file.uri, source), file.size, file.version)] = source
    return listed


def published_pages(dataset: str, version: int | None = None) -> TableVersion:
    """The `pages` table of a finished dataset. Raises SourceError where nothing is published."""
    place = store.absolute(dataset)
    pages = open_table(store.join(place, "pages"), version)
    if pages is None or "versions" not in pages.metadata:
        raise SourceError(
            f"{dataset} holds no published version; name the folder of a finished dataset"
        )
    require_whole(place, {"pages": pages})
    return pages


def examine_copies(file: SeenFile, part_uri: str, source: DatasetSource) -> list[Examined]:
    """Every page of a part as a document of one page, under its name in that dataset.

    Where a page is from is stated there; parts of earlier releases do not state it.
    """
    rows = read_part(part_uri, [*_LISTED, "source"]).to_pylist()
    return [
        Examined(
            SeenFile(
                record_uri(file.uri, number, copy_name(row["page_id"], row["source_uri"])),
                *(file.size, file.version, None),
                Provenance.from_row(row.get("source")),
            ),
            record_id(source, _content(row)),
            media_type(source),
            1,
        )
        for number, row in enumerate(rows)
    ]


def take_copies(
    part_uri: str, numbers: Sequence[int], source: DatasetSource
) -> Iterator[RasteredPage]:
    """The pages in these rows of a part, in ascending order, with their ids in this dataset."""
    for row in read_rows(part_uri, numbers, _COLUMNS):
        yield _page(row, page_id(record_id(source, _content(row)), 0))


def _content(row: Mapping[str, Any]) -> str:
    """What identifies a page of a dataset: its id, and the digest of the settings that read it."""
    return " ".join(row[name] for name in _IDENTITY)


def _page(row: Mapping[str, Any], page: str) -> RasteredPage:
    quality = row["quality"]
    reading = Reading(
        page,
        row["text"],
        tuple(
            Block(
                block["label"],
                tuple(block["bbox"]),
                block["text"],
                block["confidence"],
                tuple(
                    Cell(**{**cell, "bbox": tuple(cell["bbox"])})
                    for cell in block.get("cells") or ()
                ),
            )
            for block in row["blocks"]
        ),
        vision_tokens=row["vision_tokens"],
        output_tokens=row["output_tokens"],
        confidence=quality["confidence"],
        cleaned_chars=quality["cleaned_chars"],
        coverage=quality.get("coverage"),
    )
    taken = PageReading(
        reading,
        tuple(Attempt(**attempt) for attempt in row["attempts"]),
        row["text_source"],
        row["engine"],
        row["model"],
        row["model_revision"],
        row["mode"],
        row["task"],
        row["is_fallback"],
        row["rotation"],
    )
    return RasteredPage(
        page,
        PageImage(page, row["image"]["bytes"], row["width"], row["height"]),
        quality["ink_share"],
        row["image_hash"],
        layer=reading,
        taken=taken,
    )
