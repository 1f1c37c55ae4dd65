"""Crawls whose requests are bounded: how tasks wait for their turns, and how long that may take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cluster.pace import Turn
from cluster.session import Session
from schemas.document_source import CrawlIndex, DocumentSource
from schemas.recipe import Recipe
from schemas.shards import PageRange, SeenFile
from workers import store

_MOST_WAITING = 1000
_REQUEST_BYTES = 4 * 2**20  # the smallest of large files


@dataclass(frozen=True, slots=True)
class Crawl:
    """A crawl below `base`, which is asked `requests_per_s` times a second at most."""

    base: str
    requests_per_s: float
    turn: Turn

    def holds(self, file: SeenFile) -> bool:
        """Whether a file is a document that an index names in this crawl."""
        return _is_below(file, self.base)

    def longest_wait_s(self, files: Sequence[SeenFile]) -> float:
        """The longest time in which a task that reads these files waits for turns.

        A task waits for one turn at a time, so there are at most as many before it as there are
        tasks at work. We count on a thousand.
        """
        return _requests(files) * _MOST_WAITING / self.requests_per_s


def crawls_of(recipe: Recipe, session: Session) -> tuple[Crawl, ...]:
    """The crawls with a bound."""
    bounds = bounds_of(recipe).items()
    return tuple(Crawl(base, per_s, session.pace(base, per_s)) for base, per_s in bounds)


def bounds_of(recipe: Recipe) -> dict[str, float]:
    """The bounds by place; of several for one place, the smallest holds."""
    bounds: dict[str, float] = {}
    for source in recipe.sources:
        index = source.index if isinstance(source, DocumentSource) else None
        if index is not None and index.requests_per_s is not None:
            base = store.absolute(index.base)
            bounds[base] = min(index.requests_per_s, bounds.get(base, index.requests_per_s))
    return bounds


def notes_on_bounds(recipe: Recipe, ranges: Iterable[PageRange]) -> Iterator[str]:
    """A line for each bounded crawl of which these pages are still to be drawn."""
    files = [part.files[0] for part in ranges if part.files]
    for base, per_s in bounds_of(recipe).items():
        if requests := _requests([file for file in files if _is_below(file, base)]):
            yield (
                f"{requests:,} requests to {base} for pages take {requests / per_s / 3600:,.1f} "
                f"hours at {per_s:g} a second (`requests_per_s`), which `hours` does not contain"
            )


def crawl_at(crawls: Sequence[Crawl], index: CrawlIndex | None) -> Crawl | None:
    """The crawl that an index is of, if its requests are bounded."""
    if index is None:
        return None
    base = store.absolute(index.base)
    return next((crawl for crawl in crawls if crawl.base == base), None)


def crawl_of(crawls: Sequence[Crawl], file: SeenFile) -> Crawl | None:
    """The crawl that holds a document, if its requests are bounded."""
    return next((crawl for crawl in crawls if crawl.holds(file)), None)


def waits_s(crawls: Sequence[Crawl], ranges: Sequence[PageRange]) -> float:
    """The longest time in which a task that draws these pages waits for turns."""
    files = [part.files[0] for part in ranges if part.files]
    return sum(
        crawl.longest_wait_s([file for file in files if crawl.holds(file)]) for crawl in crawls
    )


def _is_below(file: SeenFile, base: str) -> bool:
    is_indexed = file.member is not None and file.member.listed is not None
    return is_indexed and file.container.startswith(f"{base}/")


def _requests(files: Iterable[SeenFile]) -> int:
    lengths = (file.member.length if file.member else file.size for file in files)
    return sum(1 + length // _REQUEST_BYTES for length in lengths)
