"""A plan covers every uncovered page exactly once, in any order and with any shard size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cluster.planner import cut_shards, split_shard, uncovered_ranges
from schemas.ids import split_page_id
from schemas.shards import PageRange, Shard
from tests.builders import RECIPE_DIGEST, make_doc_id, make_range

# Documents as (page count, pages already covered); covered pages may be past the end.
corpora = st.lists(st.tuples(st.integers(0, 40), st.sets(st.integers(0, 45))), max_size=6)
shard_sizes = st.integers(1, 50)


def plan(corpus: list[tuple[int, tuple[int, set[int]]]], shard_pages: int) -> list[Shard]:
    ranges = [
        part
        for number, (count, covered) in corpus
        for part in uncovered_ranges(make_range(number, 0, count), covered)
    ]
    return list(cut_shards(ranges, shard_pages, RECIPE_DIGEST))


def page_ids(shards: list[Shard]) -> list[tuple[str, int]]:
    return [split_page_id(page) for shard in shards for page in shard.page_ids()]


@given(corpora, shard_sizes, st.randoms())
def test_a_plan_covers_every_uncovered_page_exactly_once(corpus, shard_pages, random) -> None:
    numbered = list(enumerate(corpus))
    planned = page_ids(plan(random.sample(numbered, len(numbered)), shard_pages))
    assert sorted(planned) == sorted(
        (make_doc_id(number), index)
        for number, (count, covered) in numbered
        for index in set(range(count)) - covered
    )


@given(corpora, shard_sizes)
def test_all_shards_but_the_last_are_full_and_none_is_empty(corpus, shard_pages) -> None:
    counts = [shard.page_count for shard in plan(list(enumerate(corpus)), shard_pages)]
    assert all(count == shard_pages for count in counts[:-1])
    assert all(0 < count <= shard_pages for count in counts)


@given(corpora, shard_sizes)
def test_shards_keep_the_files_of_their_ranges(corpus, shard_pages) -> None:
    for shard in plan(list(enumerate(corpus)), shard_pages):
        for part in shard.ranges:
            whole = next(make_range(n, 0, 1) for n in range(6) if make_doc_id(n) == part.doc_id)
            assert (part.files, part.media_type) == (whole.files, whole.media_type)
            assert len(part) > 0


@given(corpora.filter(bool))
def test_a_split_halves_the_pages_and_keeps_their_order(corpus) -> None:
    for shard in plan(list(enumerate(corpus)), 64):
        parts = split_shard(shard)
        assert page_ids(list(parts)) == page_ids([shard])
        assert len(parts) == min(2, shard.page_count)
        sizes = [part.page_count for part in parts]
        assert max(sizes) - min(sizes) <= 1
        assert len(parts) == 1 or shard.shard_id not in {part.shard_id for part in parts}


@given(corpora)
def test_splitting_ends_at_single_pages(corpus) -> None:
    shards = plan(list(enumerate(corpus)), 64)
    before = page_ids(shards)
    while any(shard.page_count > 1 for shard in shards):
        shards = [part for shard in shards for part in split_shard(shard)]
    assert page_ids(shards) == before
    assert len({shard.shard_id for shard in shards}) == len(before)


@given(st.integers(0, 30), st.integers(0, 30), st.sets(st.integers(0, 70)))
def test_uncovered_ranges_are_apart_and_within_their_whole(start, length, covered) -> None:
    whole = make_range(1, start, start + length)
    ranges: list[PageRange] = list(uncovered_ranges(whole, covered))
    edges = [edge for part in ranges for edge in (part.start, part.stop)]
    assert edges == sorted(set(edges))
    assert all(whole.start <= edge <= whole.stop for edge in edges)
    indices = [index for part in ranges for index in range(part.start, part.stop)]
    assert indices == [i for i in range(whole.start, whole.stop) if i not in covered]
