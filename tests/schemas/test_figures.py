from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.figures import ChemistrySource, GeometrySource, TableSource


def test_a_number_is_a_range_and_a_word_a_list() -> None:
    assert TableSource(tables=1, rows=4, borders="none").model_dump(
        include={"rows", "borders"}
    ) == {
        "rows": (4, 4),
        "borders": ("none",),
    }
    assert ChemistrySource(chemistry="sample").chemistry == ("sample",)
    assert GeometrySource(geometry=1, kinds="lines", side_px=512).side_px == (512, 512)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"rows": [5, 2]}, "range [5, 2]: the first must not exceed the second"),
        ({"rows": [0, 2]}, "greater than or equal to 1"),
        ({"columns": True}, "valid tuple"),
        ({"borders": ["none", "none"]}, "a kind is named twice"),
        ({"borders": []}, "at least 1 item"),
        ({"border": "none"}, "Extra inputs"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TableSource.model_validate({"tables": 1} | settings)
    assert problem in str(caught.value)
