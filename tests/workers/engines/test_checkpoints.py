"""The tests' tiny checkpoints load and generate as real ones do."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw

from schemas.recipe import EngineSpec
from tests.checkpoints import make_checkpoint, shared_checkpoint
from tests.workers.engines.profiles.test_known import IN_TRANSFORMERS, MODES, ask
from workers.engines.checkpoint import find_checkpoint
from workers.engines.models import load_model
from workers.engines.processors import load_processor
from workers.engines.profiles.known import PROFILES
from workers.engines.profiles.profile import Mode, Profile


def written_page(width: int, height: int) -> Image.Image:
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    for y in range(20, height - 20, 24):
        draw.text((20, y), "What is read here is what was written here.", fill="black")
    return page


def load(folder: Path) -> tuple[Any, Any]:
    """The processor and the model, as the engine loads them."""
    checkpoint = find_checkpoint(EngineSpec(name="transformers", model=str(folder)))
    processor = load_processor(str(folder), checkpoint.model_type)
    return processor, load_model(checkpoint, processor, torch.float32)


ANSWER = (
    "<|ref|>title<|/ref|><|det|>[[100, 50, 900, 90]]<|/det|>\n# What a page says\n\n"
    "It is read, it is read again, and it is what it is: 東京 a b c."
)
# Twice as high as wide, and square: as few tiles as a mode that has tiles can have.
PAGES = (written_page(560, 1120), written_page(200, 200))
# These see every page in one size, or see it in many large tiles: one page is enough.
LARGE_MODES = ("small", "base", "large", "gundam-m")


@functools.cache
def taught(name: str) -> tuple[Any, Any]:
    """The processor and the model of a checkpoint that answers `ANSWER`."""
    return load(shared_checkpoint(name, ANSWER))


def answers(
    processor: Any, model: Any, profile: Profile, mode: Mode, pages: list[Image.Image], most: int
) -> list[str]:
    """The first `most` tokens of the answers to a batch of pages."""
    batch = ask(processor, profile, mode, pages)
    # The model raises where what it sees and the placeholders differ in number.
    output = model.generate(**batch, max_new_tokens=most, do_sample=False)
    texts: list[str] = processor.tokenizer.batch_decode(
        output[:, batch["input_ids"].shape[1] :], clean_up_tokenization_spaces=False
    )
    return [text.replace(processor.tokenizer.eos_token, "<END>") for text in texts]


@pytest.mark.parametrize(("profile", "mode"), MODES)
def test_a_checkpoint_is_saved_loaded_and_gives_its_answer_in_every_mode(
    profile: Profile, mode: Mode
) -> None:
    """In its first mode to the end, and in others for a few tokens."""
    is_first = mode is profile.modes[0]
    pages = list(PAGES if is_first or mode.name not in LARGE_MODES else PAGES[:1])
    found = answers(*taught(profile.name), profile, mode, pages, 64 if is_first else 8)
    if is_first:
        assert found == [f"{ANSWER}<END>"] * 2
    for text in found:
        assert len(text) > 8
        assert f"{ANSWER}<END>".startswith(text)


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("deepseek-ocr", (512, 640, 1024, 1280, 1024, 1280)),
        ("deepseek-ocr-2", (768, 1024, 1024)),
        ("unlimited-ocr", (640, 1024, 1024)),
    ],
)
def test_a_mode_has_the_pixels_that_it_is_counted_for(name: str, sides: tuple[int, ...]) -> None:
    processor, _ = taught(name)
    modes = PROFILES[name].modes
    for mode, side in zip(modes, sides, strict=True):
        batch = ask(processor, PROFILES[name], mode, [written_page(1050, 1485)])
        assert batch["pixel_values"].shape == (1, 3, side, side)
        assert ("pixel_values_local" in batch) == mode.name.startswith("gundam")


def first_answers(folder: Path) -> list[str]:
    """The answers of a LightOnOCR checkpoint."""
    profile = PROFILES["lighton-ocr"]
    return answers(*load(folder), profile, profile.modes[0], list(PAGES), 64)


def test_a_checkpoint_taught_without_an_end_repeats_its_answer(tmp_path: Path) -> None:
    folder = make_checkpoint("lighton-ocr", tmp_path, answer=ANSWER, ends=False)
    for text in first_answers(folder):
        assert text.startswith(f"{ANSWER}{ANSWER}{ANSWER[:30]}")
        assert "<END>" not in text


def test_a_taught_answer_may_be_long_and_repeat_its_words(tmp_path: Path) -> None:
    long = "the page and the page and the table 1 1 1 2 " * 12 + "x"
    folder = make_checkpoint("lighton-ocr", tmp_path, answer=long)
    assert {text.removesuffix("<END>").strip() for text in first_answers(folder)} == {long}


@pytest.mark.parametrize("name", IN_TRANSFORMERS)
def test_special_tokens_are_one_token_each_and_any_text_survives(name: str) -> None:
    config = json.loads((shared_checkpoint(name, ANSWER) / "config.json").read_text())
    tokenizer = taught(name)[0].tokenizer
    for token in tokenizer.all_special_tokens:
        assert len(tokenizer.encode(token, add_special_tokens=False)) == 1
    text = "Zoë — 東京\t<td>"
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text
    assert len(tokenizer) <= (config.get("text_config") or config)["vocab_size"]


def test_the_same_bytes_come_each_time(tmp_path: Path) -> None:
    first, second = (make_checkpoint("lighton-ocr", tmp_path / name) for name in ("a", "b"))
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    assert "model.safetensors" in names
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_an_unknown_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="deepseek-ocr-9"):
        make_checkpoint("deepseek-ocr-9", tmp_path)
