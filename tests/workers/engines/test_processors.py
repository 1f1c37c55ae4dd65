"""A checkpoint's processor is loaded complete, with and without torchvision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers.models.glm46v.processing_glm46v import Glm46VProcessor

from tests.checkpoints import make_checkpoint
from tests.workers.engines.profiles.test_known import IN_TRANSFORMERS, ask
from workers.engines.processors import (
    StillGlmProcessor,
    StillQwen2Processor,
    StillQwen3Processor,
    StillQwenProcessor,
    load_processor,
)
from workers.engines.profiles.known import PROFILES

# The one that DeepSeek-OCR's first version names is code of its checkpoint.
NAMED = [name for name in IN_TRANSFORMERS if name != "deepseek-ocr"]


@pytest.mark.parametrize("name", NAMED)
def test_a_processor_is_of_the_class_that_its_checkpoint_names(name: str, tmp_path: Path) -> None:
    folder = make_checkpoint(name, tmp_path)
    named = json.loads((folder / "processor_config.json").read_text())["processor_class"]
    model_type = json.loads((folder / "config.json").read_text())["model_type"]
    processor = load_processor(str(folder), model_type)
    assert named in [each.__name__ for each in type(processor).__mro__]


@pytest.mark.parametrize(
    ("name", "still", "tokens"),
    [
        ("olmocr-2", StillQwenProcessor, 10 * 2),
        ("mineru-2.5", StillQwen2Processor, 10 * 2),
        ("chandra-2", StillQwen3Processor, 16 * 4),  # at least 50,176 pixels: 512 x 128
        ("glm-ocr", StillGlmProcessor, 10 * 2),
    ],
)
def test_a_processor_without_video_makes_the_same_of_a_picture(
    name, still, tokens, tmp_path
) -> None:
    processor = still.from_pretrained(make_checkpoint(name, tmp_path))
    profile = PROFILES[name]
    batch = ask(processor, profile, profile.modes[0], [Image.new("RGB", (280, 56))])
    is_image = batch["input_ids"] == processor.image_token_id
    assert int(is_image.sum()) == tokens
    assert torch.equal(batch["mm_token_type_ids"], is_image.long())


def test_pictures_of_glm_are_marked_as_its_own_processor_marks_them(tmp_path: Path) -> None:
    processor = StillGlmProcessor.from_pretrained(make_checkpoint("glm-ocr", tmp_path))
    ids = processor.tokenizer("<|begin_of_image|><|image|><|image|><|end_of_image|>ab")["input_ids"]
    own = Glm46VProcessor.create_mm_token_type_ids(processor, [ids])
    assert processor.create_mm_token_type_ids([ids]) == own
    assert sum(own[0]) == 2
