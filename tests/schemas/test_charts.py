from typing import Any

import pytest
from pydantic import ValidationError

from schemas.charts import ChartSource, FormulaSource


def test_a_number_is_enough() -> None:
    assert set(ChartSource(charts=3).libraries) == {"matplotlib", "vega"}
    assert FormulaSource(formulas=3).difficulty == (1, 5)


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (ChartSource, {"charts": 0}, "charts"),
        (ChartSource, {"charts": 1, "kinds": []}, "kinds"),
        (ChartSource, {"charts": 1, "kinds": ["radar"]}, "kinds"),
        (ChartSource, {"charts": 1, "longest_edge_px": [900, 600]}, "must not exceed"),
        (ChartSource, {"charts": 1, "aspect": [2, 1]}, "must not exceed"),
        (FormulaSource, {"formulas": 1, "difficulty": [4, 2]}, "must not exceed"),
        (FormulaSource, {"formulas": 1, "difficulty": [1, 6]}, "difficulty"),
        (FormulaSource, {"formulas": 1, "charts": 1}, "Extra inputs"),
    ],
)
def test_what_makes_no_sense_is_refused(model: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        model.model_validate(settings)
