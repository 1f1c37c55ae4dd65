"""A replica that dies on one page, to test the splitting of shards on a real Ray."""

from __future__ import annotations

import os
from dataclasses import dataclass

from cluster.runtime import Step


@dataclass(frozen=True)
class KillerReplica:
    """Reads page numbers; `killer` raises, or ends the whole process as a native crash does."""

    killer: int
    end: str

    def read(self, pages: range) -> list[int]:
        if self.killer in pages:
            if self.end == "exit":
                os._exit(11)
            raise ValueError(f"page {self.killer} breaks the model")
        return list(pages)


def _read(replica: KillerReplica, pages: range) -> list[int]:
    return replica.read(pages)


def _finish(pages: range, read: list[int]) -> list[int]:
    return read


def chain_with_killer() -> list[Step]:
    """Return a chain that reads in the replica and finishes in a task."""
    return [Step(_read, on_replica=True), Step(_finish)]


def jobs_with_pages(count: int) -> list[range]:
    """Return shards of eight pages."""
    return [range(start, min(start + 8, count)) for start in range(0, count, 8)]
