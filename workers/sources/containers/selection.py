"""Which members of a container are taken: those that its source names, else documents by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fsspec.utils import glob_translate

from schemas.document_source import CrawlIndex, DocumentSource
from workers import store
from workers.rasterising import sniff
from workers.sources.containers.kinds import CONTAINER_SUFFIXES

_HTML_TYPES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class Selection:
    """A source's `members`, `column` and `index`, and pairs of its `facts` and their columns."""

    globs: tuple[str, ...] = ()
    column: str | None = None
    index: CrawlIndex | None = None
    facts: tuple[tuple[str, str], ...] = ()
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        patterns = tuple(re.compile(glob_translate(glob)) for glob in self.globs)
        object.__setattr__(self, "_patterns", patterns)

    @staticmethod
    def of(source: DocumentSource) -> Selection:
        """What a source takes from containers."""
        facts = source.facts.columns if source.facts is not None else ()
        return Selection(source.members or (), source.column, source.index, facts)

    def takes(self, name: str) -> bool:
        """Whether a member with this name is taken.

        Without globs these are the suffixes of documents and containers, except for what macOS adds
        to a zip.
        """
        name = name.removeprefix("./").lstrip("/")
        if self._patterns:
            return any(pattern.match(name) for pattern in self._patterns)
        if name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("._"):
            return False
        return name.lower().endswith((*store.DOCUMENT_SUFFIXES, *CONTAINER_SUFFIXES))

    def takes_response(self, url: str, head: bytes) -> bool:
        """Whether the body of a response is taken: by its URL, or any document that is not HTML.

        A crawl holds a thousand web pages for each document.
        """
        if self._patterns:
            return any(pattern.match(url) for pattern in self._patterns)
        return sniff(head) not in (None, *_HTML_TYPES)
