"""Which output is a score, and what a checkpoint lacks, told without loading it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from schemas.errors import NoEngineError
from schemas.scores import Score
from tests.classifiers import make_classifier
from workers.scores.checkpoint import examine_score, pin_score
from workers.scores.head import Head, head_of

CLASSIFIER = {"architectures": ["BertForSequenceClassification"], "model_type": "bert"}
THREE = {"0": "spam", "1": "news", "2": "prose"}
THREE_APART = {"id2label": THREE, "problem_type": "multi_label_classification"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier(tmp_path_factory.mktemp("model"))


def score(label: str | None = None, max_tokens: int = 64, model: object = "folder") -> Score:
    return Score(name="edu", model=str(model), max_tokens=max_tokens, label=label)


@pytest.mark.parametrize(
    ("config", "label", "head"),
    [
        ({"id2label": {"0": "LABEL_0"}}, None, Head(0, "raw")),
        ({"id2label": THREE}, "news", Head(1, "softmax")),
        ({"id2label": THREE}, "2", Head(2, "softmax")),
        (
            {"id2label": THREE, "problem_type": "multi_label_classification"},
            "0",
            Head(0, "sigmoid"),
        ),
        ({}, "1", Head(1, "softmax")),
        ({"id2label": {str(n): f"l{n}" for n in range(12)}}, "l10", Head(10, "softmax")),
    ],
)
def test_a_config_names_the_output(
    config: Mapping[str, object], label: str | None, head: Head
) -> None:
    assert head_of(score(label), CLASSIFIER | config) == head


@pytest.mark.parametrize(
    ("config", "asked", "message"),
    [
        ({"architectures": ["BertForMaskedLM"]}, score(), "is BertForMaskedLM; a score needs"),
        ({"architectures": None}, score(), "names no architecture; a score needs"),
        ({"id2label": {"0": "a"}}, score("a"), "has one output, which is the value; leave out"),
        ({"id2label": THREE}, score(), r"3 outputs; give as `label` .*: 0 \(spam\), 1 \(news\)"),
        ({"id2label": THREE}, score("ham"), "has no label 'ham'; it has 0"),
        ({"id2label": THREE}, score("3"), "has no label '3'; it has 0"),
        (
            {"id2label": {"0": "a"}, "max_position_embeddings": 512},
            score(max_tokens=513),
            "takes 512 tokens; set `max_tokens: 512` or less",
        ),
        (
            {"id2label": {"0": "a"}, "max_position_embeddings": 514, "model_type": "roberta",
             "pad_token_id": 1},
            score(max_tokens=513),
            "takes 512 tokens",
        ),
    ],
)  # fmt: skip
def test_what_a_checkpoint_cannot_give_is_refused_with_the_remedy(
    config: Mapping[str, object], asked: Score, message: str
) -> None:
    with pytest.raises(NoEngineError, match=message):
        head_of(asked, CLASSIFIER | config)


def test_what_a_folder_lacks_is_told_in_one_line(model: Path, tmp_path: Path) -> None:
    assert "output 0, raw" in examine_score(score(model=model), 0)
    with pytest.raises(NoEngineError, match=r"scores\.2\.model: nowhere is no folder here"):
        examine_score(score(model="nowhere"), 2)
    bare = Path(shutil.copytree(model, tmp_path / "bare"))
    (bare / "model.safetensors").rename(bare / "pytorch_model.bin")
    with pytest.raises(NoEngineError, match=r"has no weights as \*\.safetensors"):
        examine_score(score(model=bare), 0)
    mute = Path(shutil.copytree(model, tmp_path / "mute"))
    for path in mute.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(NoEngineError, match="has no tokenizer"):
        examine_score(score(model=mute), 0)


def test_a_folder_is_pinned_by_its_files_and_a_hub_id_by_its_commit(
    model: Path, tmp_path: Path
) -> None:
    pinned = pin_score(score(model=model), 0)
    moved = Path(shutil.copytree(model, tmp_path / "moved"))
    assert pin_score(score(model=moved), 0).digest == pinned.digest
    config = json.loads((moved / "config.json").read_text())
    (moved / "config.json").write_text(json.dumps(config | {"note": 1}))
    assert pin_score(score(model=moved), 0).digest != pinned.digest
    assert pin_score(score(model=model, max_tokens=32), 0).digest != pinned.digest
    hub = Score(name="edu", model="org/name", revision="a" * 40)
    assert pin_score(hub, 0).revision == "a" * 40
