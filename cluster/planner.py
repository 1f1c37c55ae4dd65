"""Plan a pass: cut uncovered pages into shards, split a shard, estimate what a run costs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.shards import PageRange, Shard


def uncovered_ranges(whole: PageRange, covered: set[int]) -> Iterator[PageRange]:
    """The runs of a document's pages that are not covered, in order."""
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
    """Cut page ranges, in their order, into shards of `shard_pages` pages; the last may be less."""
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
    """Two shards of half the pages each, or the shard alone when it has one page."""
    if shard.page_count < 2:
        return [shard]
    half = (shard.page_count + 1) // 2
    return list(cut_shards(shard.ranges, half, shard.recipe_digest))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a pass would cost. Hours are wall hours; `gpu_hours` counts every GPU of a replica."""

    pages: int
    shards: int
    replicas: int
    pages_per_second: float
    hours: float
    gpu_hours: float
    cost: float | None


def estimate(
    pages: int,
    shard_pages: int,
    replicas: int,
    gpus_per_replica: float,
    pages_per_second_per_replica: float,
    price_per_gpu_hour: float | None = None,
) -> Estimate:
    """Plain arithmetic: pages over the replicas' joint rate, and GPUs for that long."""
    rate = replicas * pages_per_second_per_replica
    hours = pages / rate / 3600
    gpu_hours = hours * replicas * gpus_per_replica
    return Estimate(
        pages=pages,
        shards=-(-pages // shard_pages),
        replicas=replicas,
        pages_per_second=rate,
        hours=hours,
        gpu_hours=gpu_hours,
        cost=None if price_per_gpu_hour is None else gpu_hours * price_per_gpu_hour,
    )
