"""Texts are compared without markup and without variants of spelling; their words stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.evaluation.normalise import normalise, plain, script, without_markup, words

MARKDOWN = """# The *kiln*

Fired **twice** in [spring](http://x.test/a_b), for 5 * 3 = 15 hours at a_b_c, see \\[1\\].

| part | weight |
|------|-------:|
| lid  | 2 kg |

- first
* second

> quoted `code`

```python
x = 1
```

![figure](crops/x.png) $\\alpha_1 + x^2$ for $5 or $6 <b>bold</b><br>next &amp; last
"""
WORDS = (
    "The kiln Fired twice in spring, for 5 * 3 = 15 hours at a_b_c, see [1]. part weight lid 2 kg "
    "first second quoted code x = 1 \\alpha_1 + x2 for $5 or $6 bold next & last"
)


def test_markup_goes_and_its_words_stay() -> None:
    assert plain(MARKDOWN).replace("x^2", "x2") == WORDS


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ﬁne “words” – and…", 'fine "words" - and...'),
        ("ＡＢＣ　１２", "ABC 12"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("漢字 かな\n交じり", "漢字かな交じり"),
        ("한국어 문장", "한국어 문장"),
        ("e\u0301te\u0301", "été"),
    ],
)
def test_spellings_that_look_alike_are_one(text: str, same: str) -> None:
    assert normalise(text) == same


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(alphabet="ab1*_#|-`\\[]()<>$&;:! \n", max_size=200))
def test_no_letter_is_lost_but_those_of_addresses_and_tags(text: str) -> None:
    """Only the contents of links (in brackets) and of tags (in angle brackets) may be removed."""
    cut = text.translate(dict.fromkeys(map(ord, "[]<>`~")))
    assert [c for c in plain(cut) if c.isalnum()] == [c for c in cut if c.isalnum()]


@given(st.text(alphabet="abc ,.'\n", max_size=100))
def test_plain_prose_is_left_as_it_is(text: str) -> None:
    assert without_markup(text).split() == text.split()


def test_words_of_scripts_without_spaces_are_characters() -> None:
    assert words("page 12 的 漢字, end") == ["page", "12", "的", "漢", "字", ",", "end"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A survey of the river, 1923", "Latin"),
        ("Городской архив, p. 4", "Cyrillic"),
        ("北角灯塔建于", "Han"),
        ("灯台は北の岬に建つ", "Kana"),
        ("한국어 문장", "Hangul"),
        ("المكتبة العامة", "Arabic"),
        ("Το παλιό", "Greek"),
        ("12.5 %", "Common"),
        ("", "Common"),
    ],
)
def test_the_script_of_a_page(text: str, name: str) -> None:
    assert script(text) == name
