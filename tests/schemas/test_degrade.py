"""Levels of degradation by name, and settings that are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.degrade import LEVELS, Degrade


def test_a_level_is_its_fields() -> None:
    for name, fields in LEVELS.items():
        assert Degrade.model_validate(name) == Degrade.model_validate(fields)
        assert set(fields) == set(Degrade.model_fields)


def test_heavy_is_more_of_everything() -> None:
    assert all(LEVELS["light"][fault] < most for fault, most in LEVELS["heavy"].items())


def test_an_unknown_level_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValidationError, match="no level 'awful'; name light or heavy"):
        Degrade.model_validate("awful")


@pytest.mark.parametrize("fields", [{"skew_degrees": -1}, {"jpeg": 100}, {"blur": 1}])
def test_what_is_out_of_range_or_unknown_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Degrade.model_validate(fields)
