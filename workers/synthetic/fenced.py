"""The parent's side of made pages: sends records to a child process, and gets pages and counts.

Owns the calls to the child of a `Rasterizer`, each with a deadline: a long text is counted in
several calls. Does not know how a page is drawn: that is `making`, which runs in the child, behind
its fence of limits. Records are found by `listing` and read by `records`.

    maker = shared_maker(RasterSettings(...), ChildLimits(60, 2 * 2**30))
    counts = maker.count_texts(source, ["# A title"])
    for page in maker.make(source, "# A title", record_id(source, "# A title"), range(1)):
        page.image, page.layer, page.error
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence

from schemas.pages import PageError, RasteredPage
from schemas.sources import RecordSource
from schemas.text_source import TextSource
from workers.rasterising import ChildLimits, Rasterizer, RasterSettings, shared_rasterizer

# Setting 100,000 characters takes 0.04 to 4 s, by font and columns: a longer text is counted in
# several calls, each with a deadline of its own.
_LONG_TEXT_CHARS = 100_000


# What the child calls. `making` is imported only there: it loads MuPDF and the fonts.


def _count_texts(source: TextSource, contents: Sequence[str]) -> list[int | PageError]:
    from workers.synthetic import making

    return making.count_pages(source, contents)


def _count_section(source: TextSource, content: str, number: int) -> int | PageError | None:
    from workers.synthetic import making

    return making.count_section(source, content, number)


def _make_pages(
    source: RecordSource,
    content: str,
    doc_id: str,
    indices: range,
    settings: RasterSettings,
    counts: Sequence[int],
) -> list[RasteredPage]:
    from workers.synthetic import making

    return making.make_pages(source, content, doc_id, indices, settings, counts)


class RecordMaker:
    """Counts and makes the pages of records in the child of `rasterizer`."""

    def __init__(self, rasterizer: Rasterizer) -> None:
        self._rasterizer = rasterizer
        self._counted: tuple[RecordSource | None, str, list[int]] = (None, "", [])

    def count_texts(self, source: TextSource, contents: Sequence[str]) -> list[int | PageError]:
        """Pages of each text of a source, or why they cannot be counted."""
        short = [content for content in contents if len(content) <= _LONG_TEXT_CHARS]
        counts = iter(self._count_together(source, short))
        return [
            next(counts) if len(content) <= _LONG_TEXT_CHARS else self._count_long(source, content)
            for content in contents
        ]

    def _count_together(self, source: TextSource, contents: list[str]) -> list[int | PageError]:
        """Count texts in one call; where it fails, each text in a call of its own."""
        if not contents:
            return []
        (results,) = self._rasterizer.run(_count_texts, [(source, contents)])
        error = self._rasterizer.error(results)
        if error is None:
            return list(results)
        if len(contents) == 1:
            return [error]
        self._rasterizer.close()
        return [count for content in contents for count in self._count_together(source, [content])]

    def _count_long(self, source: TextSource, content: str) -> int | PageError:
        counts: list[int] = []
        error = self._count_sections(source, content, counts, math.inf)
        return error or sum(counts)

    def _count_sections(
        self, source: TextSource, content: str, counts: list[int], pages: float
    ) -> PageError | None:
        """Append the page counts of a text's next sections until they add up to `pages`."""
        while sum(counts) < pages:
            call = (len(counts),)
            (count,) = self._rasterizer.run(_count_section, [call], (source, content))
            if count is None:
                return None
            error = count if isinstance(count, PageError) else self._rasterizer.error(count)
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
            # The sections before the first page are counted once a record, in calls of their own.
            if self._counted[:2] != (source, content):
                self._counted = (source, content, [])
            counts = self._counted[2]
            self._count_sections(source, content, counts, indices.start)
        document = (source, content)
        return self._rasterizer.pages(_make_pages, document, doc_id, indices, tuple(counts))


@functools.lru_cache(maxsize=2)
def shared_maker(settings: RasterSettings, limits: ChildLimits, fenced: bool = True) -> RecordMaker:
    """This process's maker, in the child of its shared rasterizer.

    Not `fenced` for generators, whose libraries need what the fence forbids: see
    `shared_rasterizer`.
    """
    return RecordMaker(shared_rasterizer(settings, limits, fenced))
