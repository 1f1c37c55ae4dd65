"""Numbers of people count where their checks and their names agree."""

from __future__ import annotations

import random

import pytest

from tests.personal_values import LANGUAGES, national_id
from workers.policies.personal.evidence import digit_runs
from workers.policies.personal.identities import identities
from workers.policies.personal.identity_kinds import BY_LETTER, BY_RUN


def found(text: str) -> list[tuple[str | None, str]]:
    return [
        (one.detail, text[one.start : one.end])
        for one in identities(text, digit_runs(text))
        if one.certainty >= 0.5
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SSN 219-09-9991", "us.ssn"),
        ("NHS no. 943 476 5919", "gb.nhs"),
        ("National Insurance AB 12 34 56 C", "gb.nino"),
        ("Steuer-ID 36 574 261 809", "de.idnr"),
        ("NIR 2 95 10 99 126 111 93", "fr.nir"),
        ("DNI 54362315K", "es.dni"),
        ("NIE X2482300W", "es.nie"),
        ("CPF 111.444.777-35", "br.cpf"),
        ("codice fiscale RCCMNL83S18D969H", "it.codicefiscale"),
        ("BSN: 1112.22.333", "nl.bsn"),
        ("ИНН 500100732259", "ru.inn"),
        ("СНИЛС 112-233-445 95", "ru.snils"),
        ("身份证号 11010519491231002X", "cn.ric"),
        ("आधार 2345 6789 0124", "in.aadhaar"),
        ("AHV 756.9217.0769.85", "ch.ahv"),
        ("Personnummer 880320-0016", "se.personnummer"),
    ],
)
def test_a_named_number_is_found(text: str, name: str) -> None:
    details = [detail for detail, _ in found(text)]
    assert name in details


def test_a_check_digit_alone_is_no_proof() -> None:
    assert found("order 943 476 5919") == []
    assert found("ticket 36574261809") == []


def test_a_form_that_little_else_has_needs_no_name() -> None:
    assert found("Signed, RCCMNL83S18D969H") == [("it.codicefiscale", "RCCMNL83S18D969H")]


def test_a_wrong_check_digit_is_none() -> None:
    assert found("CPF 111.444.777-36") == []
    assert found("DNI 54362315A") == []


def test_a_name_is_that_of_the_next_number() -> None:
    assert [span for _, span in found("NHS no. 943 476 5919, ward 401 023 2137")] == [
        "943 476 5919"
    ]


def test_made_numbers_are_right() -> None:
    rng = random.Random(3)
    names = " ".join(["NHS no.", "Steuer-ID", "NIR", "DNI", "CPF", "C.F.", "身份证", "個人番号"])
    for language in LANGUAGES:
        assert found(f"{names} {national_id(language, rng)}")


@pytest.mark.parametrize("kind", [*BY_RUN, *BY_LETTER], ids=lambda kind: kind.name)
def test_no_check_raises(kind: object) -> None:
    for text in ("", "x", "0" * 9, "9" * 30, "٣" * 11, "A" * 16):
        assert kind.is_valid(text) in (True, False)  # type: ignore[attr-defined]
