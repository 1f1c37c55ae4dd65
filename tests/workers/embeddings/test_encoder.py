"""An encoder gives the mean over words, or the first; others than these are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.errors import NoEngineError
from schemas.semantic import Semantic
from tests.encoders import make_encoder, vector_of, word_vectors
from workers.embeddings import Encoder, EncoderSettings, load_encoder
from workers.embeddings.checkpoint import examine_encoder, pin_encoder
from workers.embeddings.pooling import pooling_of

VECTORS = word_vectors([f"w{number}" for number in range(40)])
MEAN, CLS = {"pooling_mode_mean_tokens": True}, {"pooling_mode_cls_token": True}


def encoder_of(folder: Path, max_tokens: int = 32) -> Encoder:
    semantic = Semantic(model=str(folder), max_tokens=max_tokens)
    return load_encoder(EncoderSettings(pin_encoder(semantic), threads=1))


def texts(count: int) -> list[str]:
    random = np.random.default_rng(0)
    return [" ".join(random.choice(list(VECTORS), 1 + place % 30)) for place in range(count)]


@pytest.mark.parametrize("pooling", [None, MEAN, CLS])
def test_vectors_are_those_of_the_words(tmp_path: Path, pooling: dict[str, bool] | None) -> None:
    found = encoder_of(make_encoder(tmp_path / "model", VECTORS, pooling)).embed(texts(60))
    for text, vector in zip(texts(60), found.vectors, strict=True):
        seen = text.split()[0] if pooling == CLS else text
        assert vector == pytest.approx(vector_of(seen, VECTORS), abs=1e-5)


def test_long_texts_are_seen_from_their_beginning_or_left_out(tmp_path: Path) -> None:
    encoder = encoder_of(make_encoder(tmp_path / "model", VECTORS), max_tokens=8)
    short, long = "w1 w2 w3", " ".join(["w1 w2 w3 w4"] * 5)
    found = encoder.embed([long, short])
    assert found.is_whole.tolist() == [False, True]
    assert found.vectors[0] == pytest.approx(vector_of("w1 w2 w3 w4", VECTORS), abs=1e-5)
    whole = encoder.embed([long, short], only_whole=True)
    assert whole.vectors[0] is None
    assert whole.vectors[1] == pytest.approx(vector_of(short, VECTORS), abs=1e-5)
    assert encoder.embed([long], only_whole=True).vectors == [None]


@pytest.mark.parametrize(
    ("config", "modules", "pooling", "message"),
    [
        ({}, None, {"pooling_mode_max_tokens": True}, "pools by pooling_mode_max_tokens"),
        ({}, None, MEAN | CLS, "alone"),
        ({}, None, {}, "pools by nothing"),
        ({}, [{"type": "sentence_transformers.models.Dense"}], MEAN, "a module Dense"),
        ({"is_encoder_decoder": True}, None, None, "has a decoder"),
        ({"hidden_size": 5120}, None, None, "at most 4096"),
    ],
)
def test_other_encoders_are_refused(config: Any, modules: Any, pooling: Any, message: str) -> None:
    with pytest.raises(NoEngineError, match=message):
        pooling_of("the model", config, modules, pooling)


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    folder = make_encoder(tmp_path / "model", VECTORS, MEAN)
    assert examine_encoder(Semantic(model=str(folder))).endswith(f"{folder}: mean of its outputs")
    with pytest.raises(NoEngineError, match="takes 512 tokens; set `max_tokens: 512` or less"):
        examine_encoder(Semantic(model=str(folder), max_tokens=513))
    (folder / "model.safetensors").unlink()
    with pytest.raises(NoEngineError, match="has no weights"):
        examine_encoder(Semantic(model=str(folder)))
    with pytest.raises(NoEngineError, match=r"dedup\.semantic\.model: .* is no folder here"):
        pin_encoder(Semantic(model=str(tmp_path / "none")))
