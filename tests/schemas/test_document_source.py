"""What a source of documents says its files are, and what of that makes other documents."""

from __future__ import annotations

import pytest

from schemas.document_source import CrawlIndex, DocumentSource, Paths
from schemas.errors import RecipeError
from schemas.recipe import parse_recipe
from schemas.sources import bases, named_places, relocated, source_settings


def source_of(more: str) -> DocumentSource:
    (source,) = parse_recipe(f"dataset: d\nsources:\n- documents: lists\n  {more}\n").sources
    assert isinstance(source, DocumentSource)
    return source


@pytest.mark.parametrize(
    "more",
    [
        "links: {}\n  index: {base: b}",
        "links: {}\n  paths: {}",
        "index: {base: b}\n  paths: {}",
    ],
)
def test_files_are_one_kind_of_list(more: str) -> None:
    first, second = (line.strip().partition(":")[0] for line in more.split("\n"))
    with pytest.raises(RecipeError, match=f"`{first}` and `{second}` cannot both"):
        source_of(more)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("paths: {column: ''}", "column"),
        ("paths: {url: a}", "url"),
        ("paths: {}\n  as: scans", r"give `paths\.base`"),
        ("index: {base: b, requests_per_s: 0}", "requests_per_s"),
    ],
)
def test_settings_that_mean_nothing_are_refused(more: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        source_of(more)


def test_a_name_stands_for_the_base() -> None:
    source = source_of("paths: {base: s3://lake}\n  as: scans")
    assert named_places(source) == ("s3://lake",)
    assert source_settings(source)["paths"] == {"column": Paths().column, "base": None}
    assert named_places(source_of("as: scans")) == ("lists",)


def test_places_move_with_the_recipe() -> None:
    for more in ("paths: {base: here}", "index: {base: here}"):
        assert bases(relocated(source_of(more), lambda place: f"/{place}")) == ("/here",)
    assert bases(source_of("paths: {}")) == ()


def test_how_fast_a_crawl_is_asked_makes_no_other_documents() -> None:
    slow = source_of("index: {base: b, requests_per_s: 2.5}")
    fast = source_of("index: {base: b}")
    assert slow.index == CrawlIndex(base="b", requests_per_s=2.5)
    assert (slow.mark, source_settings(slow)) == (fast.mark, source_settings(fast))
    assert fast.mark == "#" + fast.selection != source_of("index: {base: c}").mark


def test_what_is_taken_from_containers_is_not_how_they_are_named() -> None:
    assert source_of("paths: {}").mark == ""
    assert source_of("members: a\n  paths: {}").mark == source_of("members: a").mark != ""
