from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pipelines.steps.fetch import (
    CHUNK_HOSTS,
    CHUNK_LINKS,
    WAVE_LINKS,
    FetchChunk,
    chunk_deadline_s,
    cut_wave,
    split_chunk,
)
from schemas.links import Links
from workers.sources.links import Link, by_host


def links_of(counts: list[int]) -> list[Link]:
    urls = [f"https://h{host}.org/{n}" for host, count in enumerate(counts) for n in range(count)]
    return [Link(url, url) for url in urls]


@given(st.lists(st.integers(1, 30) | st.just(WAVE_LINKS + 7), max_size=40), st.randoms())
def test_a_host_is_in_one_chunk_of_a_wave(counts: list[int], dice: random.Random) -> None:
    links = links_of(counts)
    dice.shuffle(links)
    chunks, later = cut_wave(links)
    assert sorted(map(repr, [link for part in chunks for link in part] + later)) == sorted(
        map(repr, links)
    )
    hosts = [host for part in chunks for host in by_host(part)]
    assert len(hosts) == len(set(hosts)) == len(counts)
    for part in chunks:
        assert len(by_host(part)) <= CHUNK_HOSTS
        assert len(part) <= CHUNK_LINKS or len(by_host(part)) == 1
        assert all(len(of_host) <= WAVE_LINKS for of_host in by_host(part).values())
    assert len(later) == sum(max(0, count - WAVE_LINKS) for count in counts)


def test_small_hosts_go_together() -> None:
    chunks, later = cut_wave(links_of([1] * (2 * CHUNK_HOSTS + 1)))
    assert [len(part) for part in chunks] == [CHUNK_HOSTS, CHUNK_HOSTS, 1]
    assert later == []
    chunks, _ = cut_wave(links_of([CHUNK_LINKS // 2] * 3))
    assert [len(by_host(part)) for part in chunks] == [2, 1]


def test_a_chunk_is_split_between_hosts_only() -> None:
    chunk = FetchChunk(tuple(links_of([3, 4, 5])), Links(), "kept")
    parts = split_chunk(chunk)
    assert [sorted(by_host(part.links)) for part in parts] == [["h0.org"], ["h1.org", "h2.org"]]
    assert split_chunk(parts[0]) == [parts[0]]


def test_ports_and_spellings_of_a_host_share_its_bounds() -> None:
    urls = ["https://e.org/a", "http://e.org:8080/a", "https://e.org./a"]
    assert list(by_host(Link(url, url) for url in urls)) == ["e.org"]
    # A link is counted at the host that it was redirected to.
    assert list(by_host([replace(Link(urls[0], urls[0]), at="https://f.org/a")])) == ["f.org"]


def test_the_deadline_grows_with_the_links_of_one_host() -> None:
    def deadline_s(counts: list[int]) -> float:
        return chunk_deadline_s(FetchChunk(tuple(links_of(counts)), Links(), "kept"))

    assert deadline_s([10]) > deadline_s([5])
    assert deadline_s([10, 10, 10]) == deadline_s([10])
