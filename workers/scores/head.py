"""Which output of a checkpoint is a score, by its `config.json`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.errors import NoEngineError
from schemas.scores import Score
from workers.text_models.checkpoint import require_room

_FORESEES = ("ForCausalLM", "LMHeadModel")
"""How the names of classes end that transformers gives to language models."""
Reading = Literal["raw", "softmax", "sigmoid", "perplexity"]


@dataclass(frozen=True, slots=True)
class Head:
    """The output that is the value, and how it becomes one.

    - `raw`: the output as it is, of a model with one output, such as a regression.
    - `softmax`: the probability of the label among all labels.
    - `sigmoid`: the probability of the label by itself, of a model whose labels may hold together.
    - `perplexity`: that of the text, of a causal language model, from all its outputs.
    """

    output: int
    reading: Reading


def head_of(score: Score, config: Mapping[str, object]) -> Head:
    """The head of a score, by the checkpoint's config.

    Raises NoEngineError, with the remedy, where the checkpoint neither classifies sequences nor
    foresees tokens, the label is none of its own, or it takes fewer tokens.
    """
    _require_class(score, config)
    require_room(score.model, score.max_tokens, config)
    if score.perplexity:
        return Head(0, "perplexity")
    labels = _labels(config)
    if len(labels) == 1:
        if score.label is not None:
            raise NoEngineError(
                f"{score.model} has one output, which is the value; leave out `label`"
            )
        return Head(0, "raw")
    are_apart = config.get("problem_type") != "multi_label_classification"
    return Head(_place(score, labels), "softmax" if are_apart else "sigmoid")


def _require_class(score: Score, config: Mapping[str, object]) -> None:
    listed = config.get("architectures")
    architectures = tuple(map(str, listed)) if isinstance(listed, list) else ()
    foresees = any(name.endswith(_FORESEES) for name in architectures)
    kind = ", ".join(architectures) or "a checkpoint that names no architecture"
    if score.perplexity and not foresees:
        raise NoEngineError(
            f"{score.model} is {kind}; `perplexity` needs a causal language model (its config.json "
            "names a class …ForCausalLM or …LMHeadModel)"
        )
    if score.perplexity or any(
        name.endswith("ForSequenceClassification") for name in architectures
    ):
        return
    remedy = "; of a language model give `perplexity: true`" if foresees else ""
    raise NoEngineError(
        f"{score.model} is {kind}; a score needs a checkpoint with a sequence-classification head "
        f"(its config.json names a class …ForSequenceClassification){remedy}"
    )


def _labels(config: Mapping[str, object]) -> list[str]:
    """The names of the outputs, in their order; transformers leaves out the two of its default."""
    named = config.get("id2label")
    if not isinstance(named, dict) or not named:
        return ["LABEL_0", "LABEL_1"]
    return [str(named[key]) for key in sorted(named, key=int)]


def _place(score: Score, labels: list[str]) -> int:
    known = ", ".join(f"{number} ({name})" for number, name in enumerate(labels))
    if score.label is None:
        raise NoEngineError(
            f"{score.model} has {len(labels)} outputs; give as `label` the one whose probability "
            f"is the score: {known}"
        )
    if score.label in labels:
        return labels.index(score.label)
    if score.label.isdecimal() and int(score.label) < len(labels):
        return int(score.label)
    raise NoEngineError(f"{score.model} has no label {score.label!r}; it has {known}")
