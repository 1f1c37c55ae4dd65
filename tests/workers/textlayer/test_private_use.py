"""Private-use characters that fonts agree on, and numbers that are no characters."""

from __future__ import annotations

import re

import pytest

from workers.textlayer.broken import BROKEN
from workers.textlayer.lines import clean
from workers.textlayer.private_use import KNOWN_PRIVATE, NONCHARACTERS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("потре\uf6c5е \uf6c4о\uf6c6", "потребе год"),
        ("C\uf761\uf766\uf7e9", "CAFÉ"),
        ("in \uf731\uf739\uf734\uf738", "in 1948"),
        ("1\uf6f2\uf6f3 price \uf6e42", "1st price $2"),
        ("a \uf6de b", "a — b"),
        ("\uf8eb\uf8ec\uf8ed", "⎛⎜⎝"),
        ("(\ufe02x)\ufe02", "(x)"),
        ("a heart ❤\ufe0f", "a heart ❤\ufe0f"),
    ],
)
def test_what_fonts_agree_on_is_given(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_noncharacters_are_left_out() -> None:
    assert clean("{\uffff\uffff:} \U0001ffff\ufdd0x") == "{:} x"


def test_all_66_noncharacters_are_known() -> None:
    found = re.findall(f"[{NONCHARACTERS}]", "".join(map(chr, range(0x110000))))
    assert len(found) == 66


def test_a_known_character_is_not_broken_and_has_one_sign() -> None:
    assert not any(BROKEN.match(chr(code)) for code in KNOWN_PRIVATE)
    assert all(len(sign) == 1 for sign in KNOWN_PRIVATE.values())
