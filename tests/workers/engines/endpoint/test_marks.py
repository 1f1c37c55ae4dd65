"""What the processors of the families write beside an image's tokens stays within what is spared
for it, so that no honest server is told of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from schemas.pages import PageImage
from schemas.recipe import EngineSpec, Raster
from tests.checkpoints import make_checkpoint
from workers.engines.answers import page_picture
from workers.engines.endpoint.answers import TextTokens, vision_tokens
from workers.engines.endpoint.engine import plan_for_endpoint
from workers.engines.loaded import prompt_text
from workers.engines.processors import load_processor
from workers.engines.profiles.known import PROFILES
from workers.rasterising import pictures

BOTH = ("transformers", "vllm")
FAMILIES = sorted(name for name, one in PROFILES.items() if set(BOTH) <= set(one.engines))
SIZES = [(905, 1280), (300, 420), (1400, 200)]


@pytest.mark.parametrize("profile", FAMILIES)
def test_the_marks_of_rows_and_tiles_are_spared(profile: str, tmp_path: Path) -> None:
    folder = make_checkpoint(profile, tmp_path)
    plan = plan_for_endpoint(
        EngineSpec(name="endpoint", urls=("http://a/v1",), model="m", profile=profile)
    )
    model_type = json.loads((folder / "config.json").read_text())["model_type"]
    processor = load_processor(str(folder), model_type)
    template = processor.chat_template
    alone = (
        processor.apply_chat_template(plan.messages(), add_generation_prompt=True, tokenize=False)
        if template and plan.profile.template == "chat"
        else plan.prompt
    )
    text = len(processor.tokenizer(alone)["input_ids"])
    for width, height in SIZES:
        data = pictures.encode(Image.new("RGB", (width, height), "white"), Raster())
        page = PageImage("page", data, width, height)
        inputs = processor(
            images=[page_picture(page, plan.mode)],
            text=[prompt_text(plan, processor)],
            return_tensors="pt",
            **plan.mode.image_settings,
        )
        prompt_tokens = inputs["input_ids"].shape[1]
        counted, warning = vision_tokens(page, plan, TextTokens(text, text), prompt_tokens)
        assert warning == ""
        assert plan.mode.tokens is not None
        assert counted == plan.mode.tokens(width, height).valid
