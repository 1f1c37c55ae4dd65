"""A scorer gives what a bare loop gives, for texts of any length; it refuses broken checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from schemas.errors import NoEngineError
from schemas.scores import PinnedScore, Score
from tests.classifiers import MAX_TOKENS, bare_values, make_classifier
from tests.pipelines.corpora import prose
from workers.scores import Scorer, ScorerSettings, load_scorer
from workers.scores.checkpoint import pin_score


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier(tmp_path_factory.mktemp("model"))


def scorer_of(folder: Path, max_tokens: int = MAX_TOKENS, label: str | None = None) -> Scorer:
    score = Score(name="edu", model=str(folder), max_tokens=max_tokens, label=label)
    return load_scorer(ScorerSettings(pin_score(score, 0), threads=1))


def test_values_are_those_of_a_bare_loop(model: Path) -> None:
    texts = [prose(seed, 1 + seed * 13 % 300) for seed in range(100)]
    texts += ["", " ", "\n\n", "x" * 3000, f"{'word ' * 20}{' ' * 5000}end", prose(7, 4000)]
    texts += ["漢字" * 1500, "!?" * 900]  # no spaces, and a mark a token
    values = scorer_of(model).score(texts)
    assert values == pytest.approx(bare_values(model, texts)[:, 0], abs=1e-4)
    assert values.dtype == np.float32
    assert (values == values.round(4)).all()


def test_a_value_does_not_depend_on_the_texts_beside_it(model: Path) -> None:
    texts = [prose(seed, 1 + seed * 13 % 90) for seed in range(200)]
    scorer = scorer_of(model)
    together = scorer.score(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    apart = np.zeros(len(texts), np.float32)
    for part in np.array_split(order, 7):
        apart[part] = scorer.score([texts[place] for place in part])
    assert apart == pytest.approx(together, abs=1.1e-4)
    assert scorer.score([]).shape == (0,)


def test_max_tokens_is_what_the_model_sees(model: Path) -> None:
    head, tail = prose(1, 40), prose(2, 40)
    short = scorer_of(model, max_tokens=12)
    texts = [head, f"{head} {tail}", f"{tail} {head}"]
    values = short.score(texts)
    assert values[0] == values[1] != values[2]
    assert values == pytest.approx(bare_values(model, texts, max_tokens=12)[:, 0], abs=1e-4)


def test_labels_that_may_hold_together_have_each_their_own_probability(tmp_path: Path) -> None:
    folder = make_classifier(
        tmp_path, ["a", "b", "c"], seed=3, problem_type="multi_label_classification"
    )
    texts = [prose(seed, 30) for seed in range(5)]
    outputs = bare_values(folder, texts)
    expected = 1 / (1 + np.exp(-outputs[:, 2]))
    assert scorer_of(folder, label="2").score(texts) == pytest.approx(expected, rel=1e-3)


def test_a_model_that_gives_no_number_gives_no_value(model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "nan"))
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"] = np.full_like(weights["classifier.bias"], np.nan)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    assert np.isnan(scorer_of(folder).score(["a text"])).all()


def test_weights_that_are_missing_are_not_drawn_at_random(model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "headless"))
    weights = load_file(folder / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(NoEngineError, match=r"lack 1 weights of the model \(classifier.weight\)"):
        scorer_of(folder)


def test_a_folder_that_differs_from_the_drivers_is_refused(model: Path) -> None:
    other = PinnedScore(Score(name="edu", model=str(model), max_tokens=64), "0" * 16)
    with pytest.raises(NoEngineError, match=r"score edu: .* has other files on this machine"):
        load_scorer(ScorerSettings(other, threads=1))


def test_no_code_of_a_checkpoint_is_run(model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "hostile"))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    config = json.loads((folder / "config.json").read_text())
    named = {"AutoConfig": "evil.Config", "AutoModelForSequenceClassification": "evil.Model"}
    config |= {"model_type": "evil", "auto_map": named}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(NoEngineError, match="cannot be loaded"):
        scorer_of(folder)
    assert not (tmp_path / "ran").exists()
