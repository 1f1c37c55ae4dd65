"""Placeholders stand where values stood, and nothing of a value is left."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.personal import KINDS, Personal
from schemas.rows import BlockRow, CellRow
from tests.many import few
from tests.workers.policies.personal.test_finding import texts
from workers.policies.editing import placeholder
from workers.policies.personal import find, find_in_page, mask, mask_page
from workers.policies.personal.finding import compact

MASK = Personal(default="mask")


def block(text: str, *cells: str, label: str = "paragraph") -> BlockRow:
    return BlockRow(
        label=label,
        bbox=[0, 0, 1, 1],
        text=text,
        confidence=None,
        cells=[
            CellRow(row=0, column=at, rows=1, columns=1, bbox=[0, 0, 1, 1], text=cell)
            for at, cell in enumerate(cells)
        ]
        or None,
    )


@settings(max_examples=few(200, of=20_000), deadline=None)
@given(texts, st.sampled_from(["en", "de", "zh"]), st.sets(st.sampled_from(KINDS)))
def test_places_move_with_the_text_and_values_go(text: str, language: str, kinds: set) -> None:  # type: ignore[type-arg]
    found = find(text, language)
    masked = mask(text, found, kinds)
    rest = masked.text
    for before, after in zip(reversed(found), reversed(masked.findings), strict=True):
        value = text[before.start : before.end]
        expected = placeholder(before.kind) if before.kind in kinds else value
        assert rest[after.start : after.end] == expected
        rest = rest[: after.start] + value + rest[after.end :]
    assert rest == text


@settings(max_examples=few(200, of=20_000), deadline=None)
@given(texts)
def test_no_long_value_that_was_found_is_left(text: str) -> None:
    found = find(text, "en")
    masked = mask(text, found)
    pieces = masked.text
    for one in found:
        value = compact(text[one.start : one.end])
        if len(value) >= 12:
            assert all(value not in compact(piece) for piece in pieces.split(placeholder(one.kind)))


def test_masking_twice_changes_nothing() -> None:
    text = "ada@lovelace.org, 84.17.203.9, Password: Gr8-harbour!"
    once = mask(text, find(text)).text
    assert once == "[EMAIL], [IP], Password: [PASSWORD]"
    assert find(once) == []


def test_blocks_cells_and_furniture_are_masked() -> None:
    text = "Phone\n\n020 7946 0958"
    table = "| Ann | Phone |\n|---|---|\n| x | 020 7946 0958 |"
    blocks = [
        block("ada@lovelace.org", label="running_head"),
        block(table, "Ann", "Phone", "x", "020 7946 0958", label="table"),
    ]
    found = find_in_page(text, blocks, "en", MASK)
    masked, masked_blocks = mask_page(text, blocks, found, MASK.masked_kinds)
    assert masked.text == "Phone\n\n[PHONE]"
    assert masked_blocks[0]["text"] == "[EMAIL]"
    assert masked_blocks[1]["text"].endswith("| x | [PHONE] |")
    assert [cell["text"] for cell in masked_blocks[1]["cells"] or ()][-1] == "[PHONE]"
    assert blocks[0]["text"] == "ada@lovelace.org"  # what was given stays
    assert found.is_anywhere
    assert len(found.all()) == 4


def test_a_value_across_two_blocks_is_masked_in_both() -> None:
    parts = ["with 4111 1111", "1111 1111 as a rule"]
    text = "\n\n".join(parts)
    found = find_in_page(text, [block(part) for part in parts], "en", MASK)
    masked, blocks = mask_page(text, [block(part) for part in parts], found, MASK.masked_kinds)
    assert masked.text == "with [CARD] as a rule"
    assert [one["text"] for one in blocks] == ["with [CARD]", "[CARD] as a rule"]


def test_the_recipe_says_which_kinds() -> None:
    settings_ = Personal(default="keep", email="mask", phone="tag")
    text = "ada@lovelace.org, +44 20 7946 0958, 84.17.203.9"
    found = find_in_page(text, [], "en", settings_)
    masked, _ = mask_page(text, [], found, settings_.masked_kinds)
    assert masked.text == "[EMAIL], +44 20 7946 0958, 84.17.203.9"
    assert [one.kind for one in masked.findings] == ["email", "phone"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_placeholder_is_no_finding(kind: str) -> None:
    assert find(f"Tel. {placeholder(kind)}: {placeholder(kind)}") == []
