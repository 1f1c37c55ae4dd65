"""Markdown is read as it looks, and written so that it is read as the same blocks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.many import few
from workers.synthetic.text.markdown import (
    Run,
    TextBlock,
    cut,
    markdown_blocks,
    normal_blocks,
    plain_blocks,
    to_markdown,
    to_text,
)

# Characters that mean something to Markdown, beside letters, spaces, and marks of other scripts.
_TELLING = st.sampled_from([*"ab1 \t\n_*`~#>-+=.)(][!<|:&;\\/", "é", "中", "“", "\u00a0", "&amp;"])
_texts = st.lists(_TELLING, max_size=8).map("".join) | st.text(st.characters(), max_size=12)
_runs = st.builds(Run, _texts, st.sampled_from(["", "strong", "emphasis", "code"]))
_markers = st.sampled_from(["", "•", "1.", "2.", "3)", "999999999.", "a)"])
_blocks = st.lists(
    st.builds(
        TextBlock,
        st.sampled_from(["paragraph", "heading", "item", "item", "item", "code", "quote"]),
        st.lists(_runs, max_size=4).map(tuple),
        st.integers(0, 3),
        _markers,
    ),
    max_size=6,
)
_markdown = st.lists(
    _texts
    | st.sampled_from(["\n\n", "\n", "- ", "1. ", "> ", "    ", "```\n", "# ", "<b>", "[a]"]),
    max_size=30,
).map("".join)


@settings(max_examples=few(100, of=600))
@given(_blocks)
def test_what_is_written_is_read_as_the_same_blocks(blocks: list[TextBlock]) -> None:
    normal = normal_blocks(blocks)
    assert markdown_blocks(to_markdown(blocks)) == normal
    assert normal_blocks(normal) == normal


@settings(max_examples=few(60, of=300))
@given(_markdown)
def test_any_text_is_read_and_written_again(text: str) -> None:
    blocks = markdown_blocks(text)
    assert markdown_blocks(to_markdown(blocks)) == blocks


@given(st.text(st.characters(), max_size=60))
def test_no_word_of_a_plain_text_is_lost(text: str) -> None:
    blocks = plain_blocks(text)
    assert "".join(to_text(blocks).split()) == "".join(text.split())
    assert all(block.text.strip() for block in blocks)


@given(st.builds(TextBlock, st.just("item"), st.lists(_runs).map(tuple), st.just(0), _markers))
def test_pieces_join_to_the_whole(block: TextBlock) -> None:
    for at in range(1, len(block.text)):
        first, rest = cut(block, 0, at), cut(block, at, len(block.text))
        assert first.text + rest.text == block.text
        styles = [run.style for part in (first, rest) for run in part.runs for _ in run.text]
        assert styles == [run.style for run in block.runs for _ in run.text]
        assert (first.marker, rest.marker) == (block.marker, "")


def test_a_document_is_read_as_it_looks() -> None:
    text = """\
Title
=====

Soft
break, hard\\
break, *slanted*, **heavy**, ***both***, `a  b`, [shown](http://not.shown), ![seen](x.png) &amp; <i>

- one
  1. two
     goes on

     more
- ```
    code
  ```

> > deep

---

<div>
  kept
</div>

before
a | b
--|--
1 | 2

[label]: http://not.shown
"""
    assert markdown_blocks(text) == (
        TextBlock("heading", (Run("Title"),), 1),
        TextBlock(
            "paragraph",
            (
                Run("Soft break, hard\nbreak, "),
                Run("slanted", "emphasis"),
                Run(", "),
                Run("heavy", "strong"),
                Run(", "),
                Run("both", "strong"),
                Run(", "),
                Run("a  b", "code"),
                Run(", shown, seen & <i>"),
            ),
        ),
        TextBlock("item", (Run("one"),), 0, "•"),
        TextBlock("item", (Run("two goes on"),), 1, "1."),
        TextBlock("item", (Run("more"),), 1),
        TextBlock("item", (), 0, "•"),
        TextBlock("code", (Run("  code"),)),
        TextBlock("quote", (Run("deep"),), 2),
        TextBlock("code", (Run("<div>\n  kept\n</div>"),)),
        TextBlock("paragraph", (Run("before"),)),
        TextBlock("code", (Run("a | b\n--|--\n1 | 2"),)),
    )


def test_blocks_are_written_as_a_person_would() -> None:
    blocks = (
        TextBlock("heading", (Run("A snake_case_name"),), 2),
        TextBlock("paragraph", (Run("1. no list, "), Run("heavy", "strong"), Run(" and\nbroken"))),
        TextBlock("item", (Run("one"),), 0, "•"),
        TextBlock("item", (Run("two"),), 1, "3."),
        TextBlock("item", (Run("goes on"),), 1),
        TextBlock("item", (Run("another list"),), 1, "7."),
        TextBlock("quote", (Run("said"),), 1),
        TextBlock("code", (Run("if x:\n    `y`"),)),
    )
    assert to_markdown(blocks) == (
        "## A snake_case_name\n\n1\\. no list, **heavy** and\\\nbroken\n\n- one\n\n  3. two\n\n"
        "     goes on\n\n  ---\n\n  7. another list\n\n> said\n\n```\nif x:\n    `y`\n```"
    )
    assert to_text(blocks[:4]) == (
        "A snake_case_name\n\n1. no list, heavy and\nbroken\n\n• one\n\n3. two"
    )


def test_plain_text_keeps_its_line_breaks_and_indents() -> None:
    assert plain_blocks("\n a\r\n  b \n \t\nc\n\n") == (
        TextBlock("paragraph", (Run(" a\n  b"),)),
        TextBlock("paragraph", (Run("c"),)),
    )


@pytest.mark.parametrize("opening", ["> ", "- ", "1. "])
def test_a_text_nested_too_deep_is_shown_whole(opening: str) -> None:
    """The parser would drop what is nested too deep."""
    text = opening * 200 + "innermost"
    assert to_text(markdown_blocks(text)) == text
