"""Lists of rows: filters, counts, search, order and versions, each with a link of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipelines.datasets import rows
from tests.pipelines.view.browsing import Browser
from tests.pipelines.view.looked_at import NAME


def ids(links: list[str]) -> list[str]:
    """The ids of rows, from their links."""
    return [link.partition("?")[0].split("/", 2)[2] for link in links]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("pages", "page_id"),
        ("crops", "crop_id"),
        ("conversations", "page_id"),
        ("documents", "doc_id"),
    ],
)
def test_a_table_is_listed_as_a_whole(
    browser: Browser, dataset: Path, table: str, key: str
) -> None:
    expected = sorted(row[key] for row in rows(dataset, table))
    assert sorted(ids(browser.rows(f"/?table={table}"))) == expected
    name = table[:-1] if len(expected) == 1 else table
    assert browser.open(f"/?table={table}").one("h1").text == f"{len(expected):,} {name}"


def test_a_filter_leaves_what_its_count_says(browser: Browser, dataset: Path) -> None:
    page = browser.open("/?table=crops")
    expected = [row["crop_id"] for row in rows(dataset, "crops") if row["label"] == "chart"]
    link = page.link(f"chart {len(expected)}")
    assert sorted(ids(browser.rows(link))) == sorted(expected)
    chosen = browser.open(link)
    assert "region: chart" in chosen.text
    assert len(browser.rows(chosen.link("region: chart"))) == len(rows(dataset, "crops"))


def test_bounds_and_filters_hold_together(browser: Browser, dataset: Path) -> None:
    middle = sorted(row["text_tokens"] for row in rows(dataset, "pages"))[4]
    expected = [r["page_id"] for r in rows(dataset, "pages") if r["text_tokens"] >= middle]
    page = browser.open(f"/?language=en&min_tokens={middle}")
    assert f"{len(expected)} pages" in page.text
    assert page.one("input", name="min_tokens", type="number")["value"] == str(middle)
    kept = {i["name"]: i["value"] for i in page.all("input", type="hidden")}
    assert kept["language"] == "en"


def test_a_large_bound_is_kept_as_it_was_given(browser: Browser) -> None:
    page = browser.open("/?max_tokens=123456789&max_quality=0.95")
    for name, value in (("max_tokens", "123456789"), ("max_quality", "0.95")):
        assert page.one("input", name=name, type="number")["value"] == value


def test_the_order_is_that_of_the_link(browser: Browser, dataset: Path) -> None:
    lengths = {row["page_id"]: row["text_tokens"] for row in rows(dataset, "pages")}
    listed = [lengths[key] for key in ids(browser.rows("/?order=longest"))]
    assert listed == sorted(listed, reverse=True)
    assert len(set(listed)) > 1


def test_a_search_finds_words_and_marks_them(browser: Browser) -> None:
    page = browser.open("/?search=owned")
    assert "1 page" in page.text
    assert [mark.text for mark in page.all("mark")] == ["owned"]
    assert page.one("input", type="search")["value"] == "owned"
    assert browser.open("/?search=nosuchword").link("Take all filters away") == "/"


@pytest.mark.parametrize("table", ["pages", "documents"])
def test_a_row_marks_what_its_list_was_searched_for(browser: Browser, table: str) -> None:
    (link,) = browser.rows(f"/?table={table}&search=owned")
    assert "owned" in {mark.text for mark in browser.open(link).all("mark")}
    assert browser.open(link.partition("?")[0]).all("mark") == []


@pytest.mark.parametrize(
    "search", ['"', "a OR", "NEAR(", "* -x", "'; DROP TABLE pages", "\x00", "<b>"]
)
def test_no_search_fails(browser: Browser, search: str) -> None:
    assert browser.client.get("/", params={"search": search}).status_code == 200


def test_rejects_are_listed_with_their_reasons(browser: Browser) -> None:
    page = browser.open("/rejects")
    assert "3 rejects" in page.text
    assert "the same content is kept under another id" in page.text
    assert len(browser.rows(page.link("duplicate 1"))) == 1


def test_an_older_version_stays_the_version_of_all_links(browser: Browser, dataset: Path) -> None:
    page = browser.open("/?version=1")
    assert len(browser.rows("/?version=1")) == len(rows(dataset, "pages", 1)) == 9
    assert len(browser.rows("/")) == 8
    within = [
        link for link in page.own_links if link.partition("?")[0] in ("/", "/rejects", "/funnel")
    ]
    other = {
        "/?version=2",
        "/",
    }  # that of the choice of versions, and the search's own, with a field
    assert all("version=1" in link for link in within if link not in other)
    assert page.one("form", role="search")["action"] == "/"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("order=sideways", "order"),
        ("min_quality=high", "min_quality"),
        ("table=inventory", "table"),
        ("start=-1", "start"),
        ("version=99", "99"),
        ("version=one", "version"),
        ("search=" + "x" * 600, "search"),
    ],
)
def test_a_wrong_link_is_told_in_a_line(browser: Browser, query: str, words: str) -> None:
    answer = browser.get(f"/?{query}")
    assert answer.status_code == 400
    assert words in answer.text
    assert "Traceback" not in answer.text


def test_a_place_past_the_end_shows_the_end(browser: Browser) -> None:
    assert len(browser.rows("/?start=900")) == 8


def test_a_name_is_shown_as_it_is(browser: Browser) -> None:
    assert f"{NAME}, page 1" in browser.open("/").text
