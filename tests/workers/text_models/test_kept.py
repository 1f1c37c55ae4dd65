"""Values in staging: what is written is found again, once for each text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from workers.scores.kept import kept_scores, numbers_of
from workers.text_models.kept import Kept
from workers.text_models.texts import KEY, Keys, text_key


def keys_of(texts: list[str]) -> Keys:
    return np.array([text_key(text) for text in texts], KEY)


@given(st.lists(st.dictionaries(st.text(max_size=3), st.floats(width=32)), max_size=4))
def test_what_is_kept_is_found(tmp_path_factory, files: list[dict[str, float]]) -> None:
    kept = kept_scores(str(tmp_path_factory.mktemp("staging")), "digest")
    known: dict[str, float] = {}
    for values in files:
        new = {text: value for text, value in values.items() if text not in known}
        known |= new
        kept.write(keys_of(list(new)), pa.array(np.array(list(new.values()), np.float32)))
    texts = [*known, "a text that nobody scored"]
    values, is_known = numbers_of(keys_of(texts), kept.load())
    np.testing.assert_array_equal(values, np.array([*known.values(), np.nan], np.float32))
    assert is_known.tolist() == [True] * len(known) + [False]


def test_the_same_texts_are_one_file(tmp_path: Path) -> None:
    kept = Kept(str(tmp_path), pa.float32())
    for value in (1.0, 2.0):
        kept.write(keys_of(["a", "b"]), pa.array(np.full(2, value, np.float32)))
    assert len(list(tmp_path.glob("*.parquet"))) == 1
    assert numbers_of(keys_of(["b"]), kept.load())[0].tolist() == [2.0]
