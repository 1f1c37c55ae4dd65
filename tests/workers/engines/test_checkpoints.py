"""The tests' tiny checkpoints load and generate as real ones do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw

from schemas.recipe import EngineSpec
from tests.checkpoints import make_checkpoint
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


@pytest.mark.parametrize(("profile", "mode"), MODES)
def test_a_checkpoint_is_saved_loaded_and_generates_in_every_mode(
    profile: Profile, mode: Mode, tmp_path: Path
) -> None:
    folder = make_checkpoint(profile.name, tmp_path)
    processor, model = load(folder)
    # Twice as high as wide, and the reverse: as few tiles as a mode that has tiles can have.
    pages = [written_page(560, 1120), written_page(300, 150)]
    batch = ask(processor, profile, mode, pages)
    # The model raises where what it sees and the placeholders differ in number.
    output = model.generate(**batch, max_new_tokens=8, min_new_tokens=8, do_sample=False)
    answers = output[:, batch["input_ids"].shape[1] :]
    assert answers.shape == (2, 8)
    assert all(processor.tokenizer.batch_decode(answers))


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("deepseek-ocr", (512, 640, 1024, 1280, 1024, 1280)),
        ("deepseek-ocr-2", (768, 1024, 1024)),
        ("unlimited-ocr", (640, 1024, 1024)),
    ],
)
def test_a_mode_has_the_pixels_that_it_is_counted_for(name, sides, tmp_path: Path) -> None:
    folder = make_checkpoint(name, tmp_path)
    model_type = json.loads((folder / "config.json").read_text())["model_type"]
    processor = load_processor(str(folder), model_type)
    modes = PROFILES[name].modes
    for mode, side in zip(modes, sides, strict=True):
        batch = ask(processor, PROFILES[name], mode, [written_page(1050, 1485)])
        assert batch["pixel_values"].shape == (1, 3, side, side)
        assert ("pixel_values_local" in batch) == mode.name.startswith("gundam")


ANSWER = (
    "<|ref|>title<|/ref|><|det|>[[100, 50, 900, 90]]<|/det|>\n# What a page says\n\n"
    "It is read, it is read again, and it is what it is: 東京 a b c."
)


def answers(name: str, folder: Path) -> list[str]:
    """The answers of the checkpoint in `folder` for two small pages, in its cheapest mode."""
    processor, model = load(folder)
    profile = PROFILES[name]
    pages = [written_page(200, 280), written_page(160, 120)]
    batch = ask(processor, profile, profile.modes[0], pages)
    output = model.generate(**batch, max_new_tokens=64, do_sample=False)
    texts: list[str] = processor.tokenizer.batch_decode(
        output[:, batch["input_ids"].shape[1] :], clean_up_tokenization_spaces=False
    )
    return [text.replace(processor.tokenizer.eos_token, "<END>") for text in texts]


@pytest.mark.parametrize("name", IN_TRANSFORMERS)
def test_a_taught_checkpoint_gives_its_answer_and_ends(name: str, tmp_path: Path) -> None:
    folder = make_checkpoint(name, tmp_path, answer=ANSWER)
    assert answers(name, folder) == [f"{ANSWER}<END>"] * 2


def test_a_checkpoint_taught_without_an_end_repeats_its_answer(tmp_path: Path) -> None:
    folder = make_checkpoint("lighton-ocr", tmp_path, answer=ANSWER, ends=False)
    for text in answers("lighton-ocr", folder):
        assert text.startswith(f"{ANSWER}{ANSWER}{ANSWER[:30]}")
        assert "<END>" not in text


def test_a_taught_answer_may_be_long_and_repeat_its_words(tmp_path: Path) -> None:
    long = "the page and the page and the table 1 1 1 2 " * 12 + "x"
    folder = make_checkpoint("lighton-ocr", tmp_path, answer=long)
    assert {text.removesuffix("<END>").strip() for text in answers("lighton-ocr", folder)} == {long}


@pytest.mark.parametrize("name", IN_TRANSFORMERS)
def test_special_tokens_are_one_token_each_and_any_text_survives(name: str, tmp_path: Path) -> None:
    folder = make_checkpoint(name, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    tokenizer = load_processor(str(folder), config["model_type"]).tokenizer
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
