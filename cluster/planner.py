"""Plans a pass: cuts uncovered pages into shards, and splits a shard. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from schemas.shards import PageRange, Shard


def uncovered_ranges(whole: PageRange, covered: set[int]) -> Iterator[PageRange]:
    """The ranges of a document's pages that are not in `covered`, in order."""
    start = whole.start
    for index in sorted(covered):
        if whole.start <= index < whole.stop:
            if start < index:
                yield replace(whole, start=start, stop=index)
            start = index + 1
    if start < whole.stop:
        yield replace(whole, start=start)


def cut_shards(
    ranges: Iterable[PageRange], shard_pages: int, recipe_digest: str
) -> Iterator[Shard]:
    """Cut page ranges, in order, into shards of `shard_pages` pages; the last may have fewer."""
    part: list[PageRange] = []
    room = shard_pages
    for whole in ranges:
        start = whole.start
        while start < whole.stop:
            stop = min(whole.stop, start + room)
            part.append(replace(whole, start=start, stop=stop))
            room -= stop - start
            start = stop
            if room == 0:
                yield Shard(tuple(part), recipe_digest)
                part, room = [], shard_pages
    if part:
        yield Shard(tuple(part), recipe_digest)


def split_shard(shard: Shard) -> Sequence[Shard]:
    """Two shards with half the pages each; a shard of one page is returned as it is."""
    if shard.page_count < 2:
        return [shard]
    half = (shard.page_count + 1) // 2
    return list(cut_shards(shard.ranges, half, shard.recipe_digest))
