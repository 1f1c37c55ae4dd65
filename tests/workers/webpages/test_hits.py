"""A search's words are marked in a text's HTML, and the HTML is otherwise the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.viewing.words import Search
from workers.webpages.hits import marked_hits
from workers.webpages.markdown import markdown_html, plain_html

TEXTS = st.lists(
    st.sampled_from(
        ["kiln", "Kiln's", "the old", "**old**", "$k_1$", "[kiln](/x)", "<b>", "&amp;", "& ", "水",
         "`kiln`", "| kiln | old |\n|---|---|\n", "- ", "é", "\u202e", "\n\n", " ", "1 "]
    ),
    max_size=20,
).map("".join)  # fmt: skip


@given(TEXTS, st.sampled_from(["kiln", '"old kiln"', "old amp k 1", "水 e", "202e"]))
def test_nothing_but_marks_is_added_and_each_closes_before_a_tag(text: str, words: str) -> None:
    for html in (markdown_html(text), plain_html(text)):
        marked = marked_hits(html, Search.of(words).hits)
        assert re.sub("</?mark>", "", marked) == html
        assert re.sub("<mark>[^<]+</mark>", "", marked).count("mark>") == 0


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("An OLD *kiln*.", '"old kiln"', ["OLD ", "kiln"]),
        ("An old\n\nkiln", '"old kiln"', ["old", "kiln"]),
        ("Smith & Sons", "amp", []),
        ("Smith & Sons", '"smith sons"', ["Smith &amp; Sons"]),
        ("The kilns", "kiln", []),
        ("$k$ and k", "k", ["k"]),
    ],
)
def test_what_is_marked(text: str, words: str, marked: list[str]) -> None:
    html = marked_hits(markdown_html(text), Search.of(words).hits)
    assert re.findall("<mark>(.*?)</mark>", html) == marked


def test_the_number_of_a_block_is_no_text() -> None:
    number = '<a class="place" href="#box-0" title="text">1</a>'
    html = f'{number}<div class="words"><p>1</p></div>'
    assert marked_hits(html, Search.of("1").hits) == html.replace("<p>1", "<p><mark>1</mark>")
