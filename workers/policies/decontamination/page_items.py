"""The pages of a benchmark's PDFs and images as items: their text layer, and their picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from schemas.decontaminate import Benchmark
from schemas.errors import DocumentError, SourceError
from schemas.ids import digest
from workers.policies.decontamination.items import Item
from workers.rasterising import Rasterizer, sniff_file


def page_items(
    benchmark: Benchmark, uri: str, name: str, path: Path, rasterizer: Rasterizer
) -> Iterator[Item]:
    """An item for each page; its text is that of its text layer, if it has a good one.

    Raises SourceError where a page cannot be drawn.
    """
    media_type = sniff_file(path, name)
    if media_type is None:
        raise SourceError(
            f"decontaminate {benchmark.name}: {uri} is no table, text, PDF or image; name files of "
            "these kinds"
        )
    try:
        count = rasterizer.count_pages(path, media_type)
    except DocumentError as exc:
        raise SourceError(_unreadable(benchmark, uri, exc.detail)) from exc
    for number, page in enumerate(
        rasterizer.rasterise(path, media_type, digest([uri]), range(count)), 1
    ):
        if page.error is not None and page.error.reason != "blank":
            raise SourceError(_unreadable(benchmark, f"{uri}: page {number}", page.error.detail))
        if page.image is not None:
            fields = (("text", page.layer.text),) if page.layer else ()
            yield Item(benchmark.name, f"{name}:{number}", fields, page.image.data)


def _unreadable(benchmark: Benchmark, where: str, detail: str) -> str:
    return (
        f"decontaminate {benchmark.name}: {where} cannot be drawn: {detail}; repair the file, or "
        "take it out of `file`"
    )
