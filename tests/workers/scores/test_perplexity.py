"""Perplexity is that of a bare loop, for texts of any length and heads of any kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from schemas.errors import NoEngineError
from schemas.scores import Score
from tests.classifiers import MAX_TOKENS, make_classifier
from tests.language_models import bare_perplexities, make_language_model
from tests.pipelines.corpora import prose
from workers.scores import Scorer, ScorerSettings, load_scorer
from workers.scores.checkpoint import examine_score, pin_score

OF_ONE_TOKEN = ["", " ", "a", "x" * 3000, "漢字" * 1500]
TEXTS = [*(prose(seed, 1 + seed * 13 % 90) for seed in range(40)), *OF_ONE_TOKEN, prose(7, 4000)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_language_model(tmp_path_factory.mktemp("model"))


def score_of(folder: Path, max_tokens: int = MAX_TOKENS, **fields: object) -> Score:
    said = {"name": "ppl", "model": str(folder), "max_tokens": max_tokens, "perplexity": True}
    return Score.model_validate(said | fields)


def scorer_of(folder: Path, max_tokens: int = MAX_TOKENS, **fields: object) -> Scorer:
    return load_scorer(ScorerSettings(pin_score(score_of(folder, max_tokens, **fields), 0), 1))


def test_values_are_those_of_a_bare_loop(model: Path) -> None:
    values, expected = scorer_of(model).score(TEXTS), bare_perplexities(model, TEXTS)
    assert values == pytest.approx(expected, rel=1e-3, nan_ok=True)
    assert [TEXTS[place] for place in np.flatnonzero(np.isnan(values))] == OF_ONE_TOKEN
    assert np.nanstd(values) > 1
    few = scorer_of(model, max_tokens=5).score(TEXTS)
    assert few == pytest.approx(bare_perplexities(model, TEXTS, 5), rel=1e-3, nan_ok=True)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("llama", {"intermediate_size": 64, "num_key_value_heads": 1}),
        # Its head is followed by a bound on the logits.
        ("gemma2", {"intermediate_size": 64, "num_key_value_heads": 1, "head_dim": 16,
                    "final_logit_softcapping": 2.0}),
        ("mamba", {"state_size": 4}),
    ],
)  # fmt: skip
def test_models_of_other_kinds(kind: str, settings: dict[str, object], tmp_path: Path) -> None:
    folder = make_language_model(tmp_path, kind, **settings)
    values = scorer_of(folder).score(TEXTS)
    assert values == pytest.approx(bare_perplexities(folder, TEXTS), rel=1e-3)


def test_slices_of_the_vocabulary_change_nothing(model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from workers.scores.perplexity import Perplexity

    loaded = AutoModelForCausalLM.from_pretrained(model).eval()
    ids = torch.arange(120).reshape(4, 30)
    mask = (torch.arange(30) < torch.tensor([[30], [17], [1], [2]])).long()
    whole, sliced = (Perplexity(loaded, many)(ids, mask) for many in (2**26, 7 * 300))
    assert sliced == pytest.approx(whole, rel=1e-6, nan_ok=True)
    assert np.isnan(whole).tolist() == [False, False, True, False]


def test_bfloat16_is_near(model: Path) -> None:
    values = scorer_of(model, dtype="bfloat16").score(TEXTS[1:40])
    assert values == pytest.approx(bare_perplexities(model, TEXTS[1:40]), rel=0.1)


def test_what_is_no_language_model_is_refused_with_the_remedy(model: Path, tmp_path: Path) -> None:
    assert "output 0, perplexity" in examine_score(score_of(model), 0)
    with pytest.raises(NoEngineError, match=r"of a language model give `perplexity: true`"):
        examine_score(Score(name="ppl", model=str(model), max_tokens=8), 0)
    with pytest.raises(NoEngineError, match="`perplexity` needs a causal language model"):
        examine_score(score_of(make_classifier(tmp_path / "classifier")), 0)
    with pytest.raises(NoEngineError, match="takes 64 tokens"):
        examine_score(score_of(model, max_tokens=65), 0)
    with pytest.raises(ValidationError, match="has no `label`"):
        score_of(model, label=1)
    with pytest.raises(ValidationError, match="needs `max_tokens: 2` or more"):
        score_of(model, max_tokens=1)
    # A BERT that was made to fill gaps sees the tokens that it is to foresee.
    both = make_language_model(tmp_path / "both", "bert", intermediate_size=64)
    with pytest.raises(NoEngineError, match="looks at later tokens"):
        scorer_of(both)


def test_the_digest_of_other_scores_is_that_of_earlier_releases(model: Path) -> None:
    classifier = pin_score(Score(name="edu", model="org/name", revision="a" * 40), 0)
    assert classifier.digest == "11f71ff987e60418"
    assert "perplexity" not in classifier.to_settings()
    assert pin_score(score_of(model), 0).to_settings()["perplexity"] is True
