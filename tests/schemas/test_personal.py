"""The section `pii` says by kind what becomes of a finding."""

from __future__ import annotations

from typing import get_args

import jsonschema
import pytest
from pydantic import ValidationError

from schemas.findings import Action, Finding
from schemas.personal import ACTIONS, KINDS, LEAST_CERTAINTY, Personal


def found(kind: str, certainty: float) -> Finding:
    return Finding(0, 4, "pii", kind, certainty)


def test_all_kinds_are_fields_and_tagged_by_default() -> None:
    assert {*KINDS, "default", "min_certainty", "people"} == set(Personal.model_fields)
    assert {Personal().action_of(kind) for kind in KINDS} == {"tag"}


def test_one_action_is_that_of_all_kinds() -> None:
    assert Personal.model_validate("mask") == Personal(default="mask")
    assert Personal.model_validate("mask").masked_kinds == set(KINDS)


def test_a_kind_has_its_own_action() -> None:
    settings = Personal.model_validate({"default": "mask", "ip": "keep", "card": "reject"})
    assert [settings.action_of(kind) for kind in ("email", "ip", "card")] == [
        "mask",
        None,
        "reject",
    ]
    assert settings.masked_kinds == set(KINDS) - {"ip", "card"}


def test_actions_are_those_of_findings() -> None:
    assert set(ACTIONS) - {"keep"} <= set(get_args(Action))


def test_the_floor_is_by_kind_or_for_all() -> None:
    some = Personal.model_validate({"min_certainty": {"phone": 0.8}})
    assert not some.counts(found("phone", 0.7))
    assert some.counts(found("email", LEAST_CERTAINTY))
    every = Personal.model_validate({"min_certainty": 0.1})
    assert every.counts(found("coordinates", 0.1))
    assert not Personal(ip="keep").counts(found("ip", 1.0))


@pytest.mark.parametrize(
    ("given", "word"),
    [("hide", "hide"), ({"fax": "mask"}, "fax"), ({"min_certainty": 2}, "from 0 to 1")],
)
def test_what_is_unknown_is_named(given: object, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        Personal.model_validate(given)


@pytest.mark.parametrize(
    ("given", "is_valid"),
    [
        ("mask", True),
        ({"email": "mask", "default": "keep"}, True),
        ({"min_certainty": 0.7}, True),
        ({"min_certainty": {"phone": 0.7}}, True),
        ("hide", False),
        ({"min_certainty": {"fax": 0.7}}, False),
    ],
)
def test_the_json_schema_accepts_what_the_model_does(given: object, is_valid: bool) -> None:
    schema = jsonschema.Draft202012Validator(Personal.model_json_schema())
    assert schema.is_valid(given) is is_valid
    if is_valid:
        Personal.model_validate(given)
    else:
        with pytest.raises(ValidationError):
            Personal.model_validate(given)
