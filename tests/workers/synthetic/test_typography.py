from __future__ import annotations

import numpy as np
import pytest

from schemas.typography import PRESETS, Typography, space
from workers.synthetic.text.fonts import can_set, script_of
from workers.synthetic.text.typography import Style, coverage, sample


def styles(preset: str, count: int, **narrowed: object) -> list[Style]:
    chosen = space(preset, Typography.model_validate(narrowed))  # type: ignore[arg-type]
    return [sample(np.random.default_rng(seed), chosen) for seed in range(count)]


@pytest.mark.parametrize("preset", PRESETS)
def test_styles_lie_in_their_space_and_cover_it(preset: str) -> None:
    chosen = PRESETS[preset]  # type: ignore[index]
    drawn = styles(preset, 400)
    for style in drawn:
        assert style.page_size in chosen.page_size
        assert style.family in chosen.family
        assert chosen.font_size_pt[0] <= style.font_size_pt <= chosen.font_size_pt[1]
        assert chosen.line_height[0] <= style.line_height <= chosen.line_height[1]
        assert style.column_width_pt(style.columns) > 0
    uncovered = [c for c in coverage(drawn, chosen) if c.hit < c.bins]
    # Margins are held to a quarter of the page, which small pages reach.
    assert [c.field for c in uncovered if not c.field.startswith("margin")] == []
    if preset == "glyph":
        assert len(set(drawn)) == 1


def test_coverage_counts_bins_hit() -> None:
    drawn = styles("document", 50, font_size_pt=8)
    found = {c.field: c for c in coverage(drawn, PRESETS["document"])}
    assert (found["font_size_pt"].hit, found["font_size_pt"].bins) == (1, 8)
    assert found["family"].bins == 5
    assert found["columns"].bins == 3
    assert coverage((), PRESETS["glyph"]) == ()


def test_the_same_generator_gives_the_same_style() -> None:
    assert styles("web", 20) == styles("web", 20)
    assert len(set(styles("web", 20))) == 20


def test_narrow_pages_get_fewer_columns() -> None:
    wide = styles("document", 20, columns=3, page_size="a4", font_size_pt=8)
    narrow = styles("document", 20, columns=[1, 3], page_size="a5", font_size_pt=14)
    assert {style.columns for style in wide} == {3}
    assert {style.columns for style in narrow if style.columns != 1} == set()


def test_a_script_gets_families_and_line_heights_that_it_can_be_read_in() -> None:
    chosen = PRESETS["document"]
    for seed in range(20):
        style = sample(np.random.default_rng(seed), chosen, "arabic")
        assert style.family == "FiraGO"
        assert style.line_height >= 1.5
    assert can_set("Charis SIL", "han")  # by the fallback, as in every family


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello, 世界", "latin"),
        ("世界,你好", "han"),
        ("日本語のテキスト", "kana"),
        ("한국어 PDF", "hangul"),
        ("سلام", "arabic"),
        ("ኣማርኛ", "other"),
        ("1234", "latin"),
    ],
)
def test_script_of(text: str, script: str) -> None:
    assert script_of(text) == script
