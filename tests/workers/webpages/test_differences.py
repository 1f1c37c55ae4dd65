"""The words by which two texts differ are marked, and nothing else."""

from __future__ import annotations

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from workers.webpages.differences import marked_difference

WORDS = st.lists(
    st.sampled_from(["mill", "river", "<b>", " ", ", ", "水", "力", "&", "\n"]), max_size=30
)


def plain(html: str) -> str:
    return unescape(re.sub(r"</?(?:del|ins)>", "", html))


@given(WORDS.map("".join), WORDS.map("".join))
def test_both_texts_are_whole_and_only_what_differs_is_marked(before: str, after: str) -> None:
    marked = marked_difference(before, after)
    assert (plain(marked.before), plain(marked.after)) == (before, after)
    common = re.sub("<del>.*?</del>", "", marked.before, flags=re.DOTALL)
    assert common == re.sub("<ins>.*?</ins>", "", marked.after, flags=re.DOTALL)
    assert marked.is_whole
    assert (before != after) == ("<del>" in marked.before or "<ins>" in marked.after)


def test_words_and_characters_of_scripts_without_spaces_are_marked() -> None:
    marked = marked_difference("the old mill, 今天好", "the new mill. 昨天好")
    assert marked.before == "the <del>old</del> mill<del>,</del> <del>今</del>天好"
    assert marked.after == "the <ins>new</ins> mill<ins>.</ins> <ins>昨</ins>天好"
    assert marked.changed_words == 6


def test_long_texts_are_compared_up_to_a_bound() -> None:
    before, after = "a " * 30_000, "b " * 30_000
    marked = marked_difference(before, after)
    assert not marked.is_whole
    assert before.startswith(plain(marked.before))
    assert not marked_difference("a" * 300_000, "a").is_whole
