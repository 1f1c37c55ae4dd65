from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.typography import Typography, space
from workers.synthetic.text import typeset
from workers.synthetic.text.blocks import plain_blocks
from workers.synthetic.text.fonts import reach
from workers.synthetic.text.typography import Style, sample


def a_style(family: str = "Nimbus Sans") -> Style:
    narrowed = Typography.model_validate({"family": family, "page_size": "a4", "columns": 1})
    return sample(np.random.default_rng(0), space("document", narrowed))


def shown(text: str, family: str = "Nimbus Sans") -> tuple[str, int]:
    pages = list(typeset.pages(plain_blocks(text), a_style(family), [0], longest_edge_px=64))
    return pages[0].text, pages[0].cleaned_chars


@pytest.mark.parametrize(
    ("text", "expected", "cleaned"),
    [
        ("so\u00adft hy\u00adphen", "soft hyphen", 2),
        ("zero\u200bwidth\u2060joined\ufeff", "zerowidthjoined", 3),
        ("\u202aleft\u202c \u2066isolate\u2069 \u200emark", "left isolate mark", 5),
        ("heart \u2764\ufe0f", "heart \u2764", 1),
        ("control\x00\x07\x9f", "control", 3),
        ("private\ue000\U000f0000 none\u0378\uffff lone\ud800", "private none lone", 5),
        ("hangul filler\u3164 braille\u2800blank", "hangul filler braille blank", 1),
        ("tab\tem\u2003thin\u2009line\u2028next\x85", "tab em thin line next", 0),
        ("no\xa0break", "no\xa0break", 0),
        # Composed, so that the letter and its accent are one glyph; both are drawn.
        ("cafe\u0301 n\u0303", "café ñ", 0),
        # Joiners stay where they shape letters.
        ("می\u200cخواهم क्\u200dष", "می\u200cخواهم क्\u200dष", 0),
        ("a\u200cb c\u200d", "ab c", 2),
        # A vowel sign of another script would be drawn on a dotted circle.
        ("a\u093f \u0e34x", "a x", 2),
        # The second would be drawn on the first.
        ("x\u0301\u0301", "x\u0301", 1),
    ],
)
def test_what_is_not_seen_is_not_in_the_text(text: str, expected: str, cleaned: int) -> None:
    assert shown(text) == (expected, cleaned)


def test_a_character_that_its_neighbours_font_lacks_is_taken_out_only_there() -> None:
    # MuPDF takes the comma from the Arabic font only among Arabic letters, and draws a blank else.
    assert shown("1\u060c2 x") == ("12 x", 1)
    assert shown("مرحبا، سنة") == ("مرحبا، سنة", 0)
    assert shown("1\u060c2 x", "FiraGO") == ("1\u060c2 x", 0)


@pytest.mark.parametrize("family", ["Nimbus Sans", "Charis SIL", "FiraGO", "Space Mono"])
@settings(max_examples=15, deadline=None)
@given(st.lists(st.characters(exclude_categories=["Z", "C", "M"]), min_size=1, max_size=12))
def test_every_character_of_a_page_puts_ink_on_it(family: str, chars: list[str]) -> None:
    """Each alone on a line, so that none can hide behind another."""
    style = a_style(family)
    blocks = plain_blocks("\n\n".join(chars))
    if not typeset.count(blocks, style):
        return
    for page in typeset.pages(blocks, style, range(2 * len(chars)), longest_edge_px=842):
        grey = np.asarray(page.picture.convert("L")).astype(int)
        marked = abs(grey - grey[0, 0]) > 8
        height, width = marked.shape
        for block in page.blocks:
            x0, y0, x1, y1 = block.bbox
            part = marked[
                int(y0 * height) : int(y1 * height) + 1, int(x0 * width) : int(x1 * width) + 1
            ]
            assert part.any(), (block.text, unicodedata.name(block.text[0], "?"))
        break


def test_reach_tells_families_apart() -> None:
    assert reach("FiraGO", "\u060c") == "always"
    assert reach("Nimbus Sans", "\u060c") == "in_context"
    assert reach("Nimbus Sans", "漢") == reach("Nimbus Sans", "ब") == "always"
    assert reach("Nimbus Sans", "\u3164") == reach("FiraGO", "\u3164") == "never"
