"""What was found in texts is read for the texts that are asked for, wherever it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from schemas.findings import Finding
from schemas.personal import Personal
from workers.people.kept import KeptPlaces, kept_names, load_names, spans_of
from workers.text_models.texts import KEY, Keys, text_key

LABELS = {"PER": "name", "STREET": "address"}


def settings(**actions: str) -> Personal:
    return Personal.model_validate({"people": {"model": "m", "labels": LABELS}, **actions})


def keys_of(texts: list[str]) -> Keys:
    return np.array(sorted(map(text_key, texts)), KEY)


def spans(text: str) -> list[Finding]:
    """As many findings as the text has letters after the first."""
    return [
        Finding(place, place + 1, "pii", "name", 0.5 + place / 100, "model")
        for place in range(1, len(text))
    ]


def test_each_text_has_its_own_whatever_file_it_is_in(tmp_path: Path) -> None:
    kept = kept_names(str(tmp_path), "digest")
    texts = [letter * (1 + number % 4) for number, letter in enumerate("abcdefghijklmnopqrst")]
    for start in range(0, len(texts), 3):
        some = texts[start : start + 3]
        found = spans_of([spans(text) for text in some])
        kept.write(np.array([text_key(text) for text in some], KEY), found)
    places = KeptPlaces.of_all(kept)
    assert len(places.keys) == len(texts)
    names = load_names(places.of(keys_of(texts[4:15])), settings())
    for text in texts[4:15]:
        assert names.of(text) == spans(text)
        assert names.has_read(text)
    assert not names.has_read(texts[0])
    assert names.of(" 12, 13 ") == []  # no letters, so no model has seen it
    with pytest.raises(KeyError):
        names.of(texts[0])
    with pytest.raises(KeyError, match="1 texts of which no model has said anything"):
        places.of(keys_of([texts[0], "a new text"]))
    assert not load_names(places.of(keys_of([])), settings()).has_read(texts[0])


@pytest.mark.parametrize(
    ("actions", "kind"),
    [({"default": "mask", "name": "tag"}, "address"), ({"name": "reject"}, "name")],
)
def test_a_text_on_which_the_model_failed_is_all_name(
    tmp_path: Path, actions: dict[str, str], kind: str
) -> None:
    import pyarrow as pa

    kept = kept_names(str(tmp_path), "digest")
    kept.write(keys_of(["some text"]), pa.nulls(1, kept.kind))
    (found,) = load_names(KeptPlaces.of_all(kept), settings(**actions)).of("some text")
    assert (found.start, found.end, found.kind, found.certainty) == (0, 9, kind, 1.0)
    assert found.detail == "the model failed on this text"
