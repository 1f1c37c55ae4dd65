"""Lists of JSON objects, whole and broken."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.grammars.elements import Element, elements

BOX = (1.0, 2.0, 30.0, 40.0)
ONE = '{"bbox": [1, 2, 30, 40], "category": "Text", "text": "A"}'


@given(st.lists(st.tuples(st.text(), st.lists(st.integers(0, 9999), min_size=4, max_size=4))))
def test_what_was_written_is_read(page: list[tuple[str, list[int]]]) -> None:
    written = [{"bbox": box, "category": "Text", "text": text} for text, box in page]
    for output in (json.dumps(written), json.dumps(written, ensure_ascii=False, indent=2)):
        assert elements(output) == [Element("Text", tuple(box), text) for text, box in page]


@pytest.mark.parametrize("text", ["", "A page.", "# A\n[{", "[1, 2]", "[]", "{}", '{"a": 1}'])
def test_what_is_no_list_of_objects_has_no_elements(text: str) -> None:
    assert elements(text) == []


@pytest.mark.parametrize(
    "output",
    [
        f"[{ONE}, {ONE}]",
        f"{ONE}\n{ONE}",
        f"```json\n[{ONE},{ONE}\n```",
        f"[{ONE}, {ONE}, ",
        f"[{ONE} {ONE}]]",
    ],
)
def test_brackets_do_not_matter(output: str) -> None:
    assert elements(output) == [Element("Text", BOX, "A")] * 2


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"$\alpha \frac{a}{b} \nu$", r"$\alpha \frac{a}{b} \nu$"),
        (r"\(a\)\nb \"c\" \\d é", r"\(a\)" + '\nb "c" \\d é'),
        ('He said "no" {x}.', 'He said "no" {x}.'),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_text_that_is_no_json_is_read(written: str, text: str) -> None:
    output = f'[{{"bbox": [1, 2, 30, 40], "category": "Text", "text": "{written}"}}, {ONE}]'
    assert elements(output) == [Element("Text", BOX, text), Element("Text", BOX, "A")]


def test_an_object_that_is_cut_off_has_what_was_written() -> None:
    assert elements(f'[{ONE}, {{"bbox": [1, 2, 30, 40], "category": "Ti')[1].numbers == BOX


@pytest.mark.parametrize(
    ("box", "numbers"),
    [
        ("[1, 2, 30, 40]", BOX),
        ('"(1,2),(30,40)"', BOX),
        ("[[1, 2], [30, 40]]", BOX),
        ("[1.5, -2]", (1.5, -2.0)),
        ('"none"', ()),
        ("null", ()),
        ("[NaN, true, null, {}, 1]", (1.0,)),
    ],
)
def test_boxes_of_any_form(box: str, numbers: tuple[float, ...]) -> None:
    assert elements(f'[{{"bbox": {box}, "text": "A"}}]') == [Element("", numbers, "A")]
