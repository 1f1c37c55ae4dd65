"""Rasterise pages of PDFs and images, or make pages of records, in a killable child.

The child has limits of memory, CPU time and files and no network, and dies with its parent; a
page that crashes or hangs a native library costs only its child. What counts as a page of which
file is settled in the inventory; this module knows paths and page indices only.
"""

from __future__ import annotations

import atexit
import functools
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import DocumentError
from schemas.ids import page_id
from schemas.pages import PageError, RasteredPage
from schemas.recipe import Raster, TextLayer
from schemas.sources import RecordSource
from schemas.text_source import TextSource
from workers.rasterising.children import Child, ChildDiedError, Failed
from workers.text.cleaning import one_line

log = logging.getLogger(__name__)

PDF = "application/pdf"

# A call costs 0.25 ms whatever it does, a page 7 to 15. When a chunk hangs or crashes its pages
# are done again one by one, so a hung page costs its time twice and its neighbours little.
_PAGES_PER_CALL = 8
# Setting 100,000 characters takes 0.04 to 4 s, by font and columns: a longer text is counted in
# several calls, each with a deadline of its own.
_LONG_TEXT_CHARS = 100_000


@dataclass(frozen=True, slots=True)
class RasterSettings:
    """What a page image is made like, and whether the text layer may stand for a reading."""

    raster: Raster
    routing: str
    text_layer: TextLayer
    min_ink_share: float


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Limits of one child: seconds a page, bytes of address space."""

    page_timeout_s: float
    memory_bytes: int


def sniff(head: bytes) -> str | None:
    """The media type by a file's first 1024 bytes, or None for what is no document here.

    A file that is several at once is what its very first bytes say.
    """
    for magic, media_type in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"II+\x00", "image/tiff"),
        (b"MM\x00+", "image/tiff"),
    ):
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return PDF if b"%PDF-" in head[:1024] else None


def memory_error(memory_bytes: int) -> PageError:
    """The error of what outgrew the child."""
    return PageError("memory_limit", f"needed more than {memory_bytes / 2**20:.0f} MiB")


# MuPDF is loaded in children only: it takes half a second and 84 MB, and every replica and task
# knows this module.


def _prepare(memory_bytes: int) -> str | None:
    from workers.rasterising import render

    return render.prepare(memory_bytes)


def _prepare_unfenced(memory_bytes: int) -> None:
    from workers.rasterising import native

    native.die_with_parent()
    native.silence()


def _count_pages(*call: Any) -> Any:
    from workers.rasterising import render

    return render.count_pages(*call)


def _render_pages(*call: Any) -> Any:
    from workers.rasterising import render

    return render.render_pages(*call)


def _count_texts(*call: Any) -> Any:
    from workers.synthetic import making

    return making.count_pages(*call)


def _count_section(*call: Any) -> Any:
    from workers.synthetic import making

    return making.count_section(*call)


def _make_pages(*call: Any) -> Any:
    from workers.synthetic import making

    return making.make_pages(*call)


class Rasterizer:
    """A child process that renders pages, replaced whenever it dies.

    `prepare` fences the child in; it takes its memory limit, and returns what it could not forbid.
    """

    def __init__(
        self,
        settings: RasterSettings,
        limits: ChildLimits,
        prepare: Callable[[int], str | None] = _prepare,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._child = Child(prepare, limits.memory_bytes)
        self._counted: tuple[RecordSource | None, str, list[int]] = (None, "", [])

    def count_pages(self, path: Path, media_type: str) -> int:
        """Pages of a document. Raises DocumentError where they cannot be counted."""
        call = (str(path), media_type)
        (result,) = self._run(_count_pages, [call])
        if _lacked_memory(result) or isinstance(result, TimeoutError | ChildDiedError):
            self._child.close()  # a new one owes nothing to earlier documents, nor to its end
            (result,) = self._run(_count_pages, [call])
        error = result if isinstance(result, PageError) else self._error(result)
        if error is not None:
            raise DocumentError(error.reason, error.detail)
        return int(result)

    def rasterise(
        self, path: Path, media_type: str, doc_id: str, indices: range
    ) -> Iterator[RasteredPage]:
        """Render pages in order; a page that fails is a RasteredPage with an error."""
        return self._pages(_render_pages, (str(path), media_type), doc_id, indices)

    def count_texts(self, source: TextSource, contents: Sequence[str]) -> list[int | PageError]:
        """Pages of each text of a source, or why they cannot be counted."""
        short = [content for content in contents if len(content) <= _LONG_TEXT_CHARS]
        counts = iter(self._count_together(source, short))
        return [
            next(counts) if len(content) <= _LONG_TEXT_CHARS else self._count_long(source, content)
            for content in contents
        ]

    def _count_together(self, source: TextSource, contents: list[str]) -> list[int | PageError]:
        if not contents:
            return []
        (results,) = self._run(_count_texts, [(source, contents)])
        error = self._error(results)
        if error is None:
            return list(results)
        if len(contents) == 1:
            return [error]
        self._child.close()
        return [count for one in contents for count in self._count_together(source, [one])]

    def _count_long(self, source: TextSource, content: str) -> int | PageError:
        counts: list[int] = []
        error = self._count_sections(source, content, counts, math.inf)
        return error or sum(counts)

    def _count_sections(
        self, source: TextSource, content: str, counts: list[int], pages: float
    ) -> PageError | None:
        """Add to `counts` those of a text's next sections, until they are of so many pages."""
        while sum(counts) < pages:
            (count,) = self._run(_count_section, [(len(counts),)], (source, content))
            if count is None:
                return None
            error = count if isinstance(count, PageError) else self._error(count)
            if error is not None:
                return error
            counts.append(count)
        return None

    def make(
        self, source: RecordSource, content: str, doc_id: str, indices: range
    ) -> Iterator[RasteredPage]:
        """Make pages of a record in order; one that fails is a RasteredPage with an error."""
        counts: list[int] = []
        if isinstance(source, TextSource) and len(content) > _LONG_TEXT_CHARS:
            # What stands before the first page is counted in calls of its own, once a record.
            if self._counted[:2] != (source, content):
                self._counted = (source, content, [])
            counts = self._counted[2]
            self._count_sections(source, content, counts, indices.start)
        return self._pages(_make_pages, (source, content), doc_id, indices, tuple(counts))

    def _pages(
        self, function: Any, document: tuple[Any, ...], doc_id: str, indices: range, *more: Any
    ) -> Iterator[RasteredPage]:
        chunks = [
            indices[start : start + _PAGES_PER_CALL]
            for start in range(0, len(indices), _PAGES_PER_CALL)
        ]
        suspects: list[int] = []
        pages: dict[int, RasteredPage] = {}
        calls = [(doc_id, chunk, self._settings, *more) for chunk in chunks]
        for chunk, result in zip(chunks, self._run(function, calls, document), strict=True):
            if self._error(result) is None:
                pages |= zip(chunk, result, strict=True)
                suspects += (index for index in chunk if _lacked_memory(pages[index].error))
            else:
                suspects += chunk  # one of them ended the child
        for index in suspects:
            pages[index] = self._alone(function, document, doc_id, index, *more)
        yield from (pages[index] for index in indices)

    def _alone(
        self, function: Any, document: tuple[Any, ...], doc_id: str, index: int, *more: Any
    ) -> RasteredPage:
        """In a new child: what becomes of a page must not depend on the pages before it."""
        self._child.close()
        call = (doc_id, range(index, index + 1), self._settings, *more)
        (result,) = self._run(function, [call], document)
        error = self._error(result)
        if error is not None:
            return RasteredPage(page_id(doc_id, index), error=error)
        page: RasteredPage = result[0]
        return page

    def _run(
        self, function: Any, calls: list[tuple[Any, ...]], document: tuple[Any, ...] = ()
    ) -> Iterator[Any]:
        """Results of the calls; `document`, their first arguments, may be megabytes of text."""
        yield from self._child.run(function, calls, self._limits.page_timeout_s, document)
        if self._child.report is not None:
            _warn(self._child.report)

    def _error(self, result: Any) -> PageError | None:
        """What a call's end says of its document; None where it has a result."""
        limits = self._limits
        if isinstance(result, TimeoutError):
            return PageError("timeout", f"not done after {limits.page_timeout_s:g} s")
        if isinstance(result, ChildDiedError) and result.how == "SIGXCPU":
            return PageError("timeout", "used more CPU time than its deadline has seconds")
        if isinstance(result, ChildDiedError):
            return PageError("native_crash", f"the rasterising process ended: {result.how}")
        if isinstance(result, Failed) and result.kind == "MemoryError":
            return memory_error(limits.memory_bytes)
        if isinstance(result, Failed):
            return PageError("corrupt", f"{result.kind}: {one_line(result.text)}")
        return None

    def close(self) -> None:
        """End the child."""
        self._child.close()


def _lacked_memory(result: Any) -> bool:
    return isinstance(result, PageError) and result.reason == "memory_limit"


@functools.cache
def _warn(gap: str) -> None:
    log.warning("documents are opened without their fence: %s", gap)


@functools.lru_cache(maxsize=2)
def shared_rasterizer(
    settings: RasterSettings, limits: ChildLimits, fenced: bool = True
) -> Rasterizer:
    """This process's rasterizer: its child stays warm from one shard to the next.

    One that is not `fenced` is for what is drawn from no input of anybody's: libraries of charts
    need more address space, sockets between their threads, and files for their fonts.
    """
    rasterizer = Rasterizer(settings, limits, _prepare if fenced else _prepare_unfenced)
    atexit.register(rasterizer.close)
    return rasterizer
