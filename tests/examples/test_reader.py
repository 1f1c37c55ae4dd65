"""The training example, over few pages and few steps."""

from __future__ import annotations

import importlib
import json
import math
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import pagefoundry
from schemas.recipe import parse_recipe
from tests.pipelines.datasets import run_verified

REPOSITORY = Path(__file__).resolve().parents[2]
READER = REPOSITORY / "examples/reader"
MODULES = ("make_corpus", "network", "outcome", "train")
TEXTS = 60


@pytest.fixture(scope="module")
def example() -> Iterator[Any]:
    """The modules of the example, which import each other as scripts do."""
    sys.path.insert(0, str(READER))
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    sys.path.remove(str(READER))
    for name in MODULES:
        del sys.modules[name]


@pytest.fixture(scope="module")
def texts(example: Any) -> list[str]:
    dice = random.Random(0)
    return [example.make_corpus.make_text(dice) for _ in range(TEXTS)]


@pytest.fixture(scope="module")
def dataset(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset by the example's own recipe, in another place."""
    folder = tmp_path_factory.mktemp("reader")
    corpus = folder / "texts.jsonl"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    recipe = (READER / "recipe.yaml").read_text()
    recipe = recipe.replace("examples/reader/texts.jsonl", str(corpus))
    run_verified(parse_recipe(recipe.replace("examples/reader/data", str(folder / "data"))))
    return folder / "data"


def test_each_text_is_one_page_of_the_size_that_is_learned(
    dataset: Path, texts: list[str], example: Any
) -> None:
    pages = list(pagefoundry.open(str(dataset), pictures="decoded"))
    assert sorted(page["text"] for page in pages) == sorted(texts)
    asked = example.train.arguments([str(dataset)])
    assert {page["image"].size for page in pages} == {tuple(asked.size)}


def test_no_reader_guesses_better_than_is_said(example: Any) -> None:
    """By the definition of entropy: the mean of -log p over many texts."""
    corpus, dice = example.make_corpus, random.Random(1)
    made = [corpus.make_text(dice) for _ in range(5000)]
    word = math.log(len(corpus.LETTERS))
    nats = sum(
        math.log(len(corpus.WORDS))
        + sum(word + len(letters) * math.log(26) for letters in text.split())
        for text in made
    )
    characters = sum(len(text) + 1 for text in made)  # and the end
    assert nats / characters == pytest.approx(corpus.GUESSING, rel=0.002)


def test_the_loss_counts_each_character_and_one_end(example: Any) -> None:
    texts = torch.tensor([[3, 1, 2, 0], [2, 0, 0, 0]])
    scores = torch.zeros(2, 4, 4)
    assert example.train.reading_loss(scores, texts).item() == pytest.approx(math.log(4))
    scores[1, 2:, 1] = 9  # what fills the shorter text
    assert example.train.reading_loss(scores, texts).item() == pytest.approx(math.log(4))
    scores[1, 1, 1] = 9  # its end
    assert example.train.reading_loss(scores, texts).item() > math.log(4) + 1


def test_it_learns_and_goes_on_where_it_was_left(
    dataset: Path, example: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(dataset), "--steps=10", "--batch=8", "--every=5"]  # the second epoch begins, too

    def curve(state: str, *more: str) -> list[Any]:
        """What is measured until the end, without the times."""
        asked = example.train.arguments([*given, f"--state={tmp_path / state}", *more])
        status = example.train.main(asked)
        listed = torch.load(asked.state)["points"]
        points = [replace(example.train.Point(**p), cpu_s=0, wall_s=0) for p in listed]
        assert status == int(points[-1].held_out >= asked.mark)
        return points

    whole = curve("whole.pt", f"--curve={tmp_path / 'curve.svg'}")
    assert [point.step for point in whole] == [5, 10]
    assert whole[1].training < whole[0].training
    assert "</svg>" in (tmp_path / "curve.svg").read_text()
    printed = capsys.readouterr()
    assert "error rate" in printed.out
    assert "not below 0.05" in printed.err

    assert curve("left.pt", "--mark=100") == whole[:1]
    assert curve("left.pt") == whole
