"""Languages are told apart by their prose, and a text without prose has none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import PROSE
from tests.language_texts import TEXTS
from workers.text.languages import language, prose

any_text = st.text(st.characters())  # surrogates and control characters, too

NEAR = {"id": {"ms"}, "da": {"no", "nn"}, "no": {"nn", "da"}}
"""Languages that share most words, for which the model may take the others."""


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_has_its_language(code: str) -> None:
    found, score = language(TEXTS[code][1])
    assert found in {code} | NEAR.get(code, set())
    assert score > 0.8


@pytest.mark.parametrize("code", TEXTS)
def test_a_title_has_its_language_or_none(code: str) -> None:
    assert language(TEXTS[code][0])[0] in {code, "und"} | NEAR.get(code, set())


def test_most_titles_have_their_language() -> None:
    right = sum(language(title)[0] == code for code, (title, _) in TEXTS.items())
    assert right >= 0.85 * len(TEXTS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "R12 470k  C3 100n\nGND  VCC\nU4 74HC04  A  B  C  D",
        "A-A  B-B  Ø12 H7\nM8 x 40\n±0.05  Ra 3.2",
        "12.50 | 1,204.00 | 88\n13.75 | 998.10 | 91",
        "$$E = mc^2$$\n\\begin{align} a &= b \\\\ c &= d \\end{align}",
        "α β γ\nx = y + z",
        "for (int i = 0; i < n; i++) {\n    sum += a[i] * b[i];\n}",
        "```python\nprint('these words are the output of a program')\n```",
        "H2SO4 + 2 NaOH -> Na2SO4 + 2 H2O",
        "https://example.org/the/way/to/the/old/mill",
        "GND GND VCC GND SDA SCL GND",
        "OK",
    ],
)
def test_a_text_without_prose_has_no_language(text: str) -> None:
    assert language(text) == ("und", 0.0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("東京大学の研究", "ja"),  # most signs are Chinese
        ("大韓民國은 民主共和國이다", "ko"),
        ("人民共和国", "zh"),
        ("Ελλάδα", "el"),
        ("โรงแรม Grand Palace กรุงเทพมหานคร", "th"),
        ("The angle α and the angle β of the triangle are measured from the line.", "en"),
        ("די זון און דער ווינט האָבן זיך געקריגט ווער עס איז שטאַרקער", "yi"),
        ("དཔེ་ཆ་འདི་ནི་བོད་ཡིག་གི་ཡིག་ཆ་ཞིག་ཡིན", "bo"),
    ],
)
def test_a_script_says_the_language(text: str, code: str) -> None:
    assert language(text)[0] == code


NOISE = st.sampled_from(
    [
        "```\nwhile true; do echo wert; done\n```",
        "https://example.org/was/ist/das",
        "| 12 | 0.5 | 1,200 |",
        "<td class='nicht deutsch'>",
        "R12 C4 U7",
        "$\\alpha_{ist} = \\beta_{das}$",
        "",
    ]
)


@given(st.lists(NOISE, max_size=8), st.lists(NOISE, max_size=8))
def test_what_is_no_prose_changes_no_language(before: list[str], after: list[str]) -> None:
    assert language("\n".join([*before, PROSE, *after])) == language(PROSE)


def test_marks_of_markdown_and_html_do_not_count() -> None:
    plain = language(PROSE)
    marked = "# **" + PROSE.replace(". ", ".**\n\n- *", 1) + "*"
    cells = "<table><tr><td>" + PROSE.replace(" ", "</td><td>") + "</td></tr></table>"
    assert language(marked) == plain
    assert language(cells) == plain
    assert language("| " + PROSE.replace(" ", " | ") + " |") == plain


def test_the_score_is_the_share_of_the_letters() -> None:
    assert language("Ελλάδα Hotel") == ("el", round(6 / 11, 4))


@given(any_text)
def test_any_text_has_a_code_and_a_score(text: str) -> None:
    code, score = language(text)
    assert code.isalpha()
    assert len(code) in {2, 3}
    assert 0 <= score <= 1
    assert (code == "und") == (score == 0)


@given(any_text)
def test_words_of_prose_hold_no_digits_and_no_signs_of_code(text: str) -> None:
    assert not set("".join(prose(text))) & set("0123456789=<>{}[]()_\\/@#$%&+*|~^\n ")
