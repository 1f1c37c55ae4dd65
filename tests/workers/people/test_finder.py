"""Names and addresses by a checkpoint that labels tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.errors import NoEngineError
from schemas.personal import People, Personal
from tests.checkpoint_people import make_people_checkpoint
from workers.people import FinderSettings, find_people_checkpoint, load_finder, pin_people
from workers.people.finder import PeopleFinder
from workers.people.kept import find_names
from workers.policies.personal import find_all, find_in_page, mask_page

LABELS = {"PER": "name", "STREET": "address"}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_people_checkpoint(tmp_path_factory.mktemp("people"))


def finder(checkpoint: str, **settings: object) -> PeopleFinder:
    people = People.model_validate({"model": checkpoint, "labels": LABELS, **settings})
    return load_finder(FinderSettings(pin_people(people), threads=1))


def found_in(finder: PeopleFinder, text: str) -> list[tuple[str, str]]:
    (findings,) = finder.find([text])
    return [(one.kind, text[one.start : one.end]) for one in findings]


def test_words_of_a_kind_that_follow_each_other_are_one_finding(checkpoint: str) -> None:
    people = finder(checkpoint)
    assert found_in(people, "We met Ada Lovelace, of Mill Lane; she wrote to Hiro  Sato.") == [
        ("name", "Ada Lovelace"),
        ("address", "Mill Lane"),
        ("name", "Hiro  Sato"),
    ]
    assert found_in(people, "Ada Hiro Sato") == [("name", "Ada"), ("name", "Hiro Sato")]
    assert found_in(people, "Ada and Sato") == [("name", "Ada"), ("name", "Sato")]


def test_certainty_is_the_mean_of_what_the_tokens_say(checkpoint: str) -> None:
    people = finder(checkpoint)
    ((sure,), (unsure,)) = people.find(["Ada", "Castle Strasse"])
    assert sure.certainty > 0.95
    # One of the three tokens of the second word says that it is none.
    assert unsure.certainty == pytest.approx(5 / 6, abs=0.01)


def test_a_text_of_many_windows_has_the_findings_of_its_sentences(checkpoint: str) -> None:
    """Whatever stands at the windows' ends, also in the middle of a word."""
    sentence = "It was Ada Lovelace who wrote to Hiro Sato, Mill Lane. "
    for before in range(12):
        text = "1" * before + " " + sentence * 30
        whole = found_in(finder(checkpoint, max_tokens=512), text)
        parted = found_in(finder(checkpoint, max_tokens=32), text)
        names = ["Ada Lovelace", "Hiro Sato", "Mill Lane"]
        assert [words for _, words in whole] == [words for _, words in parted] == names * 30


def test_texts_without_words_have_none(checkpoint: str) -> None:
    assert finder(checkpoint).find(["", " \n ", "…"]) == [[], [], []]
    assert finder(checkpoint).find([]) == []


def test_a_name_is_masked_in_blocks_and_beside_other_kinds(checkpoint: str) -> None:
    settings = Personal.model_validate(
        {"default": "mask", "people": {"model": checkpoint, "labels": LABELS}}
    )
    texts = ["Ada Lovelace, ada@lovelace.org", "Mill Lane"]
    blocks = [
        {"label": "paragraph", "bbox": [0, 0, 1, 1], "text": t, "confidence": None, "cells": None}
        for t in texts
    ]
    text = "\n\n".join(texts)
    names = find_names(settings, [text])
    found = find_in_page(text, blocks, "en", settings, names, names.of(text))  # type: ignore[arg-type]
    masked, new = mask_page("\n\n".join(texts), blocks, found, settings.masked_kinds)  # type: ignore[arg-type]
    assert masked.text == "[NAME], [EMAIL]\n\n[ADDRESS]"
    assert [block["text"] for block in new] == ["[NAME], [EMAIL]", "[ADDRESS]"]


def test_of_a_name_and_an_address_of_mail_the_surer_stays(checkpoint: str) -> None:
    texts = ["Ada@lovelace.org"]
    (found,) = find_all(texts, "en", finder(checkpoint).find(texts))
    assert [one.kind for one in found] == ["email"]


def test_what_only_a_model_finds_needs_one() -> None:
    with pytest.raises(ValidationError, match=r"name: only a model finds it; give `people.model`"):
        Personal.model_validate({"name": "mask"})
    with pytest.raises(ValidationError, match=r"address: .* give its label in `people.labels`"):
        Personal.model_validate({"address": "tag", "people": {"model": "x"}})
    assert Personal.model_validate("mask").people is None


def test_a_checkpoint_that_cannot_serve_is_refused_in_a_line(
    checkpoint: str, tmp_path: Path
) -> None:
    with pytest.raises(NoEngineError, match=r"has no label LOC; it has PER, STREET"):
        find_people_checkpoint(People(model=checkpoint, labels={"LOC": "address"}))
    with pytest.raises(NoEngineError, match=r"pii.people.model: nobody/ner is no folder here"):
        find_people_checkpoint(People(model="nobody/ner"))
    config = json.loads((Path(checkpoint) / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "architectures": ["BertModel"]}))
    with pytest.raises(NoEngineError, match=r"labels no tokens: its architecture is BertModel"):
        find_people_checkpoint(People(model=str(tmp_path)))
