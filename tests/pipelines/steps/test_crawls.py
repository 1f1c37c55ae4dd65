"""Which crawls are bounded, and how long their tasks may wait for turns."""

from __future__ import annotations

from pathlib import Path

from cluster.session import IN_PROCESS, open_session
from pipelines.read import shard_deadline_s
from pipelines.steps.crawls import Crawl, crawl_at, crawls_of, notes_on_bounds
from pipelines.steps.examine import chunk_deadline_s, cut_chunks
from pipelines.steps.shard import make_job
from schemas.document_source import CrawlIndex
from schemas.recipe import Placement, Recipe, parse_recipe
from schemas.shards import Member, PageRange, SeenFile, Shard
from workers.shards import Staging


def recipe_of(*indexes: str) -> Recipe:
    sources = "".join(f"- documents: {n}.cdxj\n  index: {{{i}}}\n" for n, i in enumerate(indexes))
    return parse_recipe(f"dataset: d\nrouting: only\nsources:\n{sources}- plain\n")


def crawls(recipe: Recipe) -> tuple[Crawl, ...]:
    with open_session(IN_PROCESS) as session:
        return crawls_of(recipe, session)


def capture(number: int, length: int = 1000) -> SeenFile:
    member = Member(f"https://e.org/{number}.pdf", "warc", 0, length, listed="0.cdxj")
    return SeenFile(f"s3://crawl/a.warc.gz!{member.name}", 10, "1", member)


def test_the_smallest_bound_of_a_place_holds() -> None:
    bounded = crawls(
        recipe_of(
            "base: s3://crawl/, requests_per_s: 300",
            "base: s3://crawl, requests_per_s: 20, types: []",
            "base: s3://other",
        )
    )
    assert [(crawl.base, crawl.requests_per_s) for crawl in bounded] == [("s3://crawl", 20)]
    assert crawl_at(bounded, CrawlIndex(base="s3://crawl/")) is bounded[0]
    assert crawl_at(bounded, CrawlIndex(base="s3://other")) is None
    assert crawl_at(bounded, None) is None


def test_a_crawl_holds_what_an_index_names_in_it() -> None:
    (crawl,) = crawls(recipe_of("base: s3://crawl, requests_per_s: 20"))
    assert crawl.holds(capture(1))
    assert not crawl.holds(SeenFile("s3://crawl/a.pdf", 1, "1"))
    other = capture(1)
    assert not crawl.holds(SeenFile(f"s3://crawl-2/a!{other.member}", 10, "1", other.member))


def test_a_deadline_has_room_for_the_turns(tmp_path: Path) -> None:
    slow, plain = (recipe_of(f"base: s3://crawl{bound}") for bound in (", requests_per_s: 0.5", ""))
    bounded = crawls(slow)
    captures = [capture(1), capture(2, 9 * 2**20)]  # four requests
    waits_s = 4 * 1000 / 0.5
    files = dict.fromkeys(captures, slow.sources[0])
    (chunk,) = cut_chunks(files, None, slow, crawls=bounded)
    (other,) = cut_chunks(dict.fromkeys(captures, plain.sources[0]), None, plain)
    assert chunk_deadline_s(chunk) == chunk_deadline_s(other) + waits_s

    pages = [PageRange(f"{n}" * 64, 0, 1, "application/pdf", (f,)) for n, f in enumerate(captures)]
    shard = Shard((*pages, PageRange("f" * 64, 0, 1, "application/pdf", ())), "digest")
    jobs = (make_job(slow, shard, Staging("s"), each) for each in (bounded, ()))
    (note,) = notes_on_bounds(slow, shard.ranges)
    assert note.startswith("4 requests to s3://crawl for pages take 0.0 hours at 0.5 a second")
    assert list(notes_on_bounds(plain, shard.ranges)) == []
    with_turns, without = (shard_deadline_s(Placement(), 1, job) for job in jobs)
    assert with_turns == without + waits_s
