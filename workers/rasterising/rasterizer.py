"""Rasterise pages of PDFs and images in a killable child.

The child has limits of memory, CPU time and files and no network, and dies with its parent; a
page that crashes or hangs a native library costs only its child. The inventory settles which pages
a file has; this module knows only paths and page indices. Other rooms run functions of their own
in the child through `run` and `pages`.
"""

from __future__ import annotations

import atexit
import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.errors import DocumentError, EnvironmentFault
from schemas.ids import page_id
from schemas.lines import one_line
from schemas.pages import PageError, RasteredPage
from schemas.provenance import Provenance
from workers.layout.furniture import OFFSETS
from workers.layout.placed_lines import PageEdges
from workers.rasterising.children import Arguments, Child, ChildDiedError, Failed
from workers.rasterising.media_types import OFFICE_SUFFIXES, PDF, has_text
from workers.rasterising.mupdf import import_without_models
from workers.rasterising.office import Office
from workers.rasterising.readers import NEEDS, require_reader
from workers.rasterising.settings import ChildLimits, RasterSettings, memory_error

log = logging.getLogger(__name__)

# A call costs 0.25 ms, a page 7 to 15 ms. When a chunk hangs or crashes, its pages are made again
# one by one, so a hung page costs its time twice and its neighbours little.
_PAGES_PER_CALL = 8
_EDGES_TIMEOUT_S = 10.0
"""Reading a page's text takes milliseconds; one that takes longer has no edges for others."""


# MuPDF is loaded in children only: it takes half a second and 84 MB, and every replica and task
# imports this module.


def _prepare(memory_bytes: int) -> str | None:
    import_without_models()
    from workers.rasterising import render

    return render.prepare(memory_bytes)


def _prepare_unfenced(memory_bytes: int) -> None:
    from workers.rasterising import native

    import_without_models()
    native.die_with_parent()
    native.silence()


def _describe(
    path: str, media_type: str, original: str, original_type: str
) -> tuple[int, Provenance] | PageError:
    from workers.rasterising import render

    return render.describe(path, media_type, original, original_type)


def _render_pages(
    path: str,
    media_type: str,
    around: Mapping[int, PageEdges],
    doc_id: str,
    indices: range,
    settings: RasterSettings,
) -> list[RasteredPage]:
    from workers.rasterising import render

    return render.render_pages(path, media_type, doc_id, indices, settings, around)


def _edges(path: str, media_type: str, indices: range) -> list[PageEdges]:
    from workers.rasterising import render

    return render.edges(path, media_type, indices)


PageMaker = Callable[..., list[RasteredPage]]
"""Makes pages in the child. It must be importable there, as it is pickled by its name."""


class Rasterizer:
    """A child process that renders pages, replaced whenever it dies.

    `prepare` restricts the child: it takes the memory limit in bytes, and returns what it could
    not forbid.
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
        self._office = Office(limits)

    def count_pages(self, path: Path, media_type: str) -> int:
        """Pages of a document. Raises DocumentError where they cannot be counted."""
        return self.describe(path, media_type)[0]

    def describe(self, path: Path, media_type: str) -> tuple[int, Provenance]:
        """Pages of a document, and what it says of itself: its title, its licence and the like.

        Raises DocumentError where its pages cannot be counted.
        """
        drawn, drawn_type = self._drawable(path, media_type)
        # What LibreOffice writes into the PDF that it makes depends on its release.
        call = (str(drawn), drawn_type, str(path), media_type)
        (result,) = self.run(_describe, [call])
        if _lacked_memory(result) or isinstance(result, TimeoutError | ChildDiedError):
            self._child.close()  # a new child holds no memory of earlier documents
            (result,) = self.run(_describe, [call])
        error = result if isinstance(result, PageError) else self.error(result)
        if error is not None:
            raise DocumentError(error.reason, error.detail)
        pages, provenance = result
        return pages, provenance

    def rasterise(
        self, path: Path, media_type: str, doc_id: str, indices: range
    ) -> Iterator[RasteredPage]:
        """Render pages in order; a page that fails is a RasteredPage with an error.

        The text layer of a page depends on the edges of its neighbours too, whether or not they
        are in `indices`. Raises EnvironmentFault where this machine lacks what reads such files.
        """
        try:
            path, media_type = self._drawable(path, media_type)
        except DocumentError as exc:
            if exc.reason in NEEDS:  # the inventory was taken on a machine that has it
                raise EnvironmentFault(exc.detail) from exc
            error = PageError(exc.reason, exc.detail)
            yield from (RasteredPage(page_id(doc_id, index), error=error) for index in indices)
            return
        has_layers = has_text(media_type) and self._settings.routing != "never"
        around = self._edges_around(path, media_type, indices) if has_layers else {}
        yield from self.pages(_render_pages, (str(path), media_type, around), doc_id, indices)

    def _drawable(self, path: Path, media_type: str) -> tuple[Path, str]:
        """The file that pages are drawn from: the document, or a PDF made of it.

        Raises DocumentError where it cannot be made, or this machine cannot read such files.
        """
        if media_type not in OFFICE_SUFFIXES:
            require_reader(media_type)
            return path, media_type
        made = self._office.as_pdf(path, media_type)
        if self._office.report is not None:
            _warn(self._office.report)
        return made, PDF

    def _edges_around(self, path: Path, media_type: str, indices: range) -> dict[int, PageEdges]:
        """The edges of pages and their neighbours, in calls that do nothing else.

        So a page's edges are the same for every shard that asks for them. A page whose call fails
        has none.
        """
        if not indices:
            return {}
        first, last = max(indices[0] + min(OFFSETS), 0), indices[-1] + max(OFFSETS)
        timeout_s = min(self._limits.page_timeout_s, _EDGES_TIMEOUT_S)
        document = (str(path), media_type)
        found: dict[int, PageEdges] = {}
        suspects: list[range] = []
        for chunks in (_chunks(range(first, last + 1)), suspects):
            calls = [(chunk,) for chunk in chunks]
            results = self._child.run(_edges, calls, timeout_s, document)
            for chunk, result in zip(chunks, results, strict=True):
                if isinstance(result, list):
                    found |= zip(chunk, result, strict=True)
                elif len(chunk) > 1:  # one of these pages ended the child
                    suspects += (range(index, index + 1) for index in chunk)
        return found

    def pages(
        self,
        function: PageMaker,
        document: Arguments,
        doc_id: str,
        indices: range,
        *more: object,
    ) -> Iterator[RasteredPage]:
        """Pages in order, by `function(*document, doc_id, indices, settings, *more)` in the child.

        A page that fails is a RasteredPage with an error.
        """
        chunks = _chunks(indices)
        suspects: list[int] = []
        pages: dict[int, RasteredPage] = {}
        calls = [(doc_id, chunk, self._settings, *more) for chunk in chunks]
        for chunk, result in zip(chunks, self.run(function, calls, document), strict=True):
            if self.error(result) is None:
                pages |= zip(chunk, result, strict=True)
                suspects += (index for index in chunk if _lacked_memory(pages[index].error))
            else:
                suspects += chunk  # one of these pages ended the child
        for index in suspects:
            pages[index] = self._alone(function, document, doc_id, index, *more)
        yield from (pages[index] for index in indices)

    def _alone(
        self, function: PageMaker, document: Arguments, doc_id: str, index: int, *more: object
    ) -> RasteredPage:
        """Make one page in a new child, so that it does not depend on the pages before it."""
        self._child.close()
        call = (doc_id, range(index, index + 1), self._settings, *more)
        (result,) = self.run(function, [call], document)
        error = self.error(result)
        if error is not None:
            return RasteredPage(page_id(doc_id, index), error=error)
        page: RasteredPage = result[0]
        return page

    def run(
        self, function: Callable[..., object], calls: Sequence[Arguments], document: Arguments = ()
    ) -> Iterator[Any]:
        """The result of `function(*document, *call)` for each call, in order.

        A call that failed gives a value of which `error` says why. `document` may be megabytes of
        text: it is sent to the child once.
        """
        yield from self._child.run(function, calls, self._limits.page_timeout_s, document)
        if self._child.report is not None:
            _warn(str(self._child.report))

    def error(self, result: object) -> PageError | None:
        """Why a call has no result; None where it has one."""
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
        """End the child, and LibreOffice's; the next call starts another."""
        self._child.close()
        self._office.close()


def _chunks(indices: range) -> list[range]:
    return [
        indices[start : start + _PAGES_PER_CALL]
        for start in range(0, len(indices), _PAGES_PER_CALL)
    ]


def _lacked_memory(result: object) -> bool:
    return isinstance(result, PageError) and result.reason == "memory_limit"


@functools.cache
def _warn(gap: str) -> None:
    log.warning("documents are opened with fewer restrictions: %s", gap)


@functools.lru_cache(maxsize=2)
def shared_rasterizer(
    settings: RasterSettings, limits: ChildLimits, fenced: bool = True
) -> Rasterizer:
    """This process's rasterizer: its child stays warm from one shard to the next.

    Leave out the fence only for pages that are drawn from no foreign input: chart libraries need
    more address space, sockets between their threads, and files for their fonts.
    """
    rasterizer = Rasterizer(settings, limits, _prepare if fenced else _prepare_unfenced)
    atexit.register(rasterizer.close)
    return rasterizer
