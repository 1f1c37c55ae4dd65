from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.typography import PAGE_SIZES, PRESETS, Space, Theme, Typography, page_points, space


def test_a_space_has_the_fields_of_a_typography() -> None:
    assert [field.name for field in fields(Space)] == list(Typography.model_fields)


def test_presets_are_spaces_that_a_recipe_could_give() -> None:
    for preset in PRESETS.values():
        given = {field.name: getattr(preset, field.name) for field in fields(preset)}
        assert space("document", Typography.model_validate(given)).theme == preset.theme


def test_what_is_given_takes_the_place_of_the_presets() -> None:
    narrowed = Typography.model_validate(
        {"font_size_pt": [9, 12], "line_height": 1.5, "columns": 2, "page_size": ["a4", "300x400"]}
    )
    narrow = space("web", narrowed)
    assert narrow.font_size_pt == (9, 12)
    assert narrow.line_height == (1.5, 1.5)
    assert narrow.columns == (2,)
    assert narrow.page_size == ("a4", "300x400")
    assert narrow.family == PRESETS["web"].family
    assert space("web") == space("web", Typography()) == PRESETS["web"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"font_size_pt": [12, 9]}, "a range is"),
        ({"font_size_pt": 400}, "within 4 to 72"),
        ({"family": "Verdana"}, "Noto Sans"),
        ({"columns": 4}, "less than or equal to 3"),
        ({"columns": []}, "at least 1"),
        ({"page_size": "a17"}, "page size 'a17'"),
        ({"page_size": "4000x200"}, "at most 5 times"),
        ({"theme": {"text": "red"}}, "pattern"),
        ({"font": "Arial"}, "Extra inputs"),
    ],
)
def test_what_makes_no_space_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Typography.model_validate(given)


def test_page_sizes_are_points() -> None:
    assert page_points("a4") == page_points("595x842") == PAGE_SIZES["a4"]


def test_themes_are_legible() -> None:
    """WCAG 2.2 (1.4.3) requires a contrast of 4.5 for text."""

    def luminance(colour: str) -> float:
        shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(a: str, b: str) -> float:
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    themes: set[Theme] = {theme for preset in PRESETS.values() for theme in preset.theme}
    for theme in themes:
        assert contrast(theme.text, theme.paper) >= 7
        assert contrast(theme.text, theme.panel) >= 7
        assert contrast(theme.heading, theme.paper) >= 4.5
