"""Outputs that are Markdown already: front matter, fences, figures and special tokens."""

from __future__ import annotations

import pytest

from schemas.pages import Block
from workers.engines.grammars.blocks import WHOLE_PAGE
from workers.engines.grammars.markdown import glm, got, lighton, olmocr, plain
from workers.engines.grammars.parsed import Parsed


def front_matter(is_valid: str = "True", correction: str = "0") -> str:
    return (
        f"---\nprimary_language: en\nis_rotation_valid: {is_valid}\n"
        f"rotation_correction: {correction}\nis_table: False\nis_diagram: False\n---\n"
    )


def test_olmocr_front_matter_is_taken_off() -> None:
    assert olmocr(front_matter() + "# A\n\n---\n\nB<|im_end|>") == Parsed("# A\n\n---\n\nB")


@pytest.mark.parametrize(
    ("is_valid", "correction", "turn"),
    [
        # PIL's ROTATE_90, which olmOCR means, turns against the clock; we count with it.
        ("False", "90", 270),
        ("false", "270", 90),
        ("False", "180", 180),
        ("False", "'90'", 270),
        ("False", "0", 0),
        ("True", "90", 0),
        ("False", "45", 0),
        ("False", "", 0),
        ("False", "9" * 5000, 0),
    ],
)
def test_olmocr_turn_is_clockwise(is_valid: str, correction: str, turn: int) -> None:
    assert olmocr(front_matter(is_valid, correction) + "A") == Parsed("A", turn=turn)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("A page.", "A page."),
        ("---\n\nA page after a rule.", "---\n\nA page after a rule."),
        ("---\nNot facts: at all\n---\nA", "---\nNot facts: at all\n---\nA"),
        (front_matter().removeprefix("---\n") + "A", "A"),
        (front_matter().removesuffix("---\n") + "A", "A"),
        (front_matter().replace("is_table", "\nis_table") + "A", "A"),
        (front_matter(), ""),
        ("---\nprimary_lan", "---\nprimary_lan"),
        ("", ""),
    ],
)
def test_olmocr_tolerates_a_broken_front_matter(output: str, text: str) -> None:
    assert olmocr(output) == Parsed(text)


def test_lighton_figures_are_blocks_between_texts() -> None:
    figures = ["![image](image_1.png)100,200,1000,0", "![image](image_2.png) 0,0,500,500"]
    page = f"# A\n\n{figures[0]}\n\nB {figures[1]}<|im_end|>"
    assert lighton(page) == Parsed(
        "# A\n\nB",
        (
            Block("paragraph", WHOLE_PAGE, "# A"),
            Block("figure", (0.1, 0.0, 1.0, 0.2), ""),
            Block("paragraph", WHOLE_PAGE, "B"),
            Block("figure", (0.0, 0.0, 0.5, 0.5), ""),
        ),
    )


@pytest.mark.parametrize("page", ["A", "![image](image_1.png)", "![image](image_1.png)1,2,3"])
def test_lighton_without_places_has_no_blocks(page: str) -> None:
    assert lighton(page) == Parsed(page)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("```markdown\n# A\n```<|user|>", "# A"),
        ("```\n# A\n```", "# A"),
        ("```markdown\n# A", "# A"),
        ("```markdown\n# A\n```\nB", "```markdown\n# A\n```\nB"),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
        ("# A\n```markdown\nB\n```", "# A\n```markdown\nB\n```"),
        ("<think></think>\nA<|endoftext|>", "A"),
    ],
)
def test_glm_fence_around_the_page_is_taken_off(output: str, text: str) -> None:
    assert glm(output) == Parsed(text)


def test_got_special_tokens_are_taken_out() -> None:
    assert got("<|im_start|>assistant\n\\title{A}<|im_end|>") == Parsed("\\title{A}")


def test_plain_takes_the_longest_token_first() -> None:
    assert plain(("<e", "<e>", ""))("A<e>B<eC") == Parsed("ABC")


def test_plain_without_tokens_only_strips() -> None:
    assert plain()("\n A <e> \n") == Parsed("A <e>")
