"""Profiles are complete and distinct, and their formulas count as the real processors do."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.models.deepseek_ocr2 import image_processing_pil_deepseek_ocr2 as deepseek_ocr2
from transformers.models.glm46v import image_processing_pil_glm46v as glm46v
from transformers.models.hunyuan_vl import image_processing_pil_hunyuan_vl as hunyuan_vl
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.paddleocr_vl import image_processing_pil_paddleocr_vl as paddleocr_vl
from transformers.models.pixtral import image_processing_pil_pixtral as pixtral
from transformers.models.qwen2_vl import image_processing_pil_qwen2_vl as qwen2_vl

from schemas import tokens
from schemas.errors import NoEngineError, RecipeError
from schemas.recipe import EngineSpec
from schemas.tokens import VisionTokens
from tests.checkpoints import shared_checkpoint
from tests.many import few
from workers.engines.checkpoint import Checkpoint
from workers.engines.plan import make_plan
from workers.engines.processors import load_processor
from workers.engines.profiles.known import PROFILES, find_profile
from workers.engines.profiles.profile import Mode, Profile

IN_TRANSFORMERS = [name for name, each in PROFILES.items() if "transformers" in each.engines]
MODES = [
    pytest.param(PROFILES[name], mode, id=f"{name}-{mode.name}")
    for name in IN_TRANSFORMERS
    for mode in PROFILES[name].modes
]
PAGES = {
    "A4": (905, 1280),
    "A4 turned": (1280, 905),
    "square": (1280, 1280),
    "strip": (1280, 96),
    "column": (96, 1280),
    "small": (320, 200),
    "tiny": (21, 30),
    "a scan at 200 dpi": (1654, 2339),
}

pages = st.tuples(st.integers(10, 3000), st.floats(0.05, 20)).map(
    lambda page: (page[0], min(max(round(page[0] * page[1]), 1), 5000))
)


def blank_page(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.full((height, width, 3), 255, np.uint8))


@pytest.fixture(scope="module")
def processors() -> dict[str, Any]:
    """The real processor of each family, as it comes out of a checkpoint's folder."""
    made: dict[str, Any] = {}
    for name in IN_TRANSFORMERS:
        folder = shared_checkpoint(name)
        model_type = json.loads((folder / "config.json").read_text())["model_type"]
        made[name] = load_processor(str(folder), model_type)
    return made


def ask(
    processor: Any, profile: Profile, mode: Mode, images: list[Image.Image], **more: Any
) -> Any:
    """One batch, built as the checkpoint's documentation says."""
    common = {"return_tensors": "pt", "padding": True, **mode.image_settings, **more}
    if profile.template == "got":
        return processor(images=images, format=True, **common)
    prompt = next(iter(profile.prompts.values()))
    text = f"{processor.image_token}\n{prompt}"
    if profile.template == "chat":
        parts = [{"type": "image"}, *([{"type": "text", "text": prompt}] if prompt else [])]
        messages: list[dict[str, Any]] = [{"role": "user", "content": parts}]
        if profile.system is not None:
            messages.insert(0, {"role": "system", "content": profile.system})
        text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return processor(images=images, text=[text] * len(images), **common)


@pytest.mark.parametrize(("profile", "mode"), MODES)
def test_the_processor_makes_as_many_placeholders_as_the_formula_says(
    processors: dict[str, Any], profile: Profile, mode: Mode
) -> None:
    processor = processors[profile.name]
    sizes = dict(random.sample(list(PAGES.items()), few(3, of=len(PAGES))))
    images = [blank_page(*size) for size in sizes.values()]
    if mode.longest_edge_px:
        images = [
            image.resize(tokens.reduced(*image.size, mode.longest_edge_px)) for image in images
        ]
    # What is done to the values of pixels does not change their number.
    is_ours = profile.name == "deepseek-ocr"
    quicker = {} if is_ours else {"do_rescale": False, "do_normalize": False}
    batch = ask(processor, profile, mode, images, **quicker)
    made = (batch["input_ids"] == processor.image_token_id).sum(dim=1).tolist()
    assert mode.tokens is not None
    assert dict(zip(sizes, made, strict=True)) == {
        page: mode.tokens(*size).placeholders for page, size in sizes.items()
    }


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_is_complete(profile: Profile) -> None:
    assert profile.default_mode in [mode.name for mode in profile.modes]
    assert len({mode.name for mode in profile.modes}) == len(profile.modes)
    assert profile.prompts
    assert profile.sources
    assert profile.model_types
    assert profile.engines
    assert all("{target}" in text for task, text in profile.prompts.items() if task == "locate")
    if profile.guard:
        assert profile.stronger.window > profile.guard.window


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_modes_go_from_cheap_to_dear(profile: Profile) -> None:
    costs = [mode.tokens(1654, 2339).placeholders for mode in profile.modes if mode.tokens]
    assert len(costs) == len(profile.modes)
    assert costs == sorted(costs)


def test_only_a_picture_that_asks_for_itself_has_an_empty_prompt() -> None:
    silent = [name for name, each in PROFILES.items() if not all(each.prompts.values())]
    assert silent == ["lighton-ocr"]


def test_no_two_profiles_fit_one_checkpoint() -> None:
    for kind in ("model_types", "architectures"):
        names = [name for each in PROFILES.values() for name in getattr(each, kind)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("name", IN_TRANSFORMERS)
def test_a_checkpoint_finds_its_profile_by_its_config(name: str) -> None:
    config = json.loads((shared_checkpoint(name) / "config.json").read_text())
    model_type = config["model_type"]
    assert model_type in PROFILES[name].model_types
    found = None if PROFILES[name].needs_name else PROFILES[name]
    assert find_profile(None, model_type, config["architectures"]) is found
    assert find_profile(None, model_type) is found


@pytest.mark.parametrize("name", ["mineru-2.5", "chandra-2"])
def test_a_plain_model_is_not_taken_for_one_that_was_trained_further(name: str) -> None:
    [model_type] = PROFILES[name].model_types
    checkpoint = Checkpoint("folder", "", None, model_type, ())
    spec = EngineSpec(name="transformers", model="folder")
    with pytest.raises(NoEngineError, match=rf"`profile: {name}`.*or else `prompt`"):
        make_plan(spec, checkpoint)
    assert (
        make_plan(spec.model_copy(update={"prompt": "Read."}), checkpoint).profile.name == "plain"
    )
    named = make_plan(spec.model_copy(update={"profile": name}), checkpoint)
    assert named.profile is PROFILES[name]


def test_a_prompt_of_the_recipe_is_asked_in_one_pass() -> None:
    checkpoint = Checkpoint("folder", "", None, "qwen2_vl", ())
    spec = EngineSpec(name="transformers", model="folder", profile="mineru-2.5")
    assert make_plan(spec, checkpoint).is_layout_first
    for other in ({"prompt": "Read."}, {"task": "text"}):
        assert not make_plan(spec.model_copy(update=other), checkpoint).is_layout_first


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("deepseek-ocr", "<image>\n{prompt}"),
        ("dots-ocr", "<|user|><|img|><image><|endofimg|>{prompt}<|endofuser|><|assistant|>"),
    ],
)
def test_a_raw_prompt_is_written_as_the_family_was_trained(name: str, written: str) -> None:
    spec = EngineSpec(name="vllm", model="folder", profile=name, prompt="Read {all} of it.")
    plan = make_plan(spec, Checkpoint("folder", "", None, "", ()))
    assert plan.raw_prompt("<image>") == written.replace("{prompt}", "Read {all} of it.")


@pytest.mark.parametrize(
    ("model_type", "architecture", "name"),
    [
        ("deepseek_vl_v2", "DeepseekOCRForCausalLM", "deepseek-ocr"),
        ("deepseek_vl_v2", "DeepseekOCR2ForCausalLM", "deepseek-ocr-2"),
        ("deepseek_vl_v2", "DeepseekVLV2ForCausalLM", None),
        ("llava", "LlavaForConditionalGeneration", None),
    ],
)
def test_one_model_type_of_several_families_is_told_by_its_architecture(
    model_type: str, architecture: str, name: str | None
) -> None:
    assert find_profile(None, model_type, [architecture]) is (PROFILES[name] if name else None)


def test_a_name_goes_before_the_type_and_an_unknown_one_lists_the_known() -> None:
    assert find_profile("got-ocr-2", "qwen2_5_vl") is PROFILES["got-ocr-2"]
    with pytest.raises(RecipeError, match=r"'deepseek'.* deepseek-ocr-2, .*unlimited-ocr"):
        find_profile("deepseek", "deepseek_ocr2")


@settings(max_examples=few(100, of=300))
@given(pages)
def test_sides_become_whole_tokens_as_in_transformers(page: tuple[int, int]) -> None:
    width, height = page
    sizes = [
        qwen2_vl.smart_resize(height, width, 28, 3136, 1_003_520),
        qwen2_vl.smart_resize(height, width, 28, 3136, 11_289_600),
        qwen2_vl.smart_resize(height, width, 32, 50_176, 6_291_456),
        paddleocr_vl.smart_resize(height, width, 28, 147_384, 2_822_400),
        glm46v.smart_resize(2, height, width, 2, 28, 12_544, 9_633_792),
        pixtral.get_resize_output_image_size(
            np.broadcast_to(np.uint8(0), (3, height, width)), 1540, 14
        ),
    ]
    assert tokens.qwen_picture(3136, 11_289_600, *page) == sizes[1][::-1]
    rows_px, columns_px = hunyuan_vl.smart_resize(height, width, 32, 512 * 512, 2048 * 2048)
    rows, columns = rows_px // 32, columns_px // 32
    expected = VisionTokens(rows * (columns + 1) + 2, rows * columns)
    assert tokens.hunyuan(512 * 512, 2048 * 2048, *page) == expected
    counts = [
        tokens.qwen(3136, 1_003_520, *page),
        tokens.qwen(3136, 11_289_600, *page),
        tokens.qwen(50_176, 6_291_456, *page, side_px=32),
        tokens.paddleocr_vl(147_384, 2_822_400, *page),
        tokens.glm(12_544, 9_633_792, *page),
        tokens.pixtral(1540, *page),
    ]
    sides = (28, 28, 32, 28, 28, 28)
    assert [count.placeholders for count in counts] == [
        (rows_px // side) * (columns_px // side)
        for (rows_px, columns_px), side in zip(sizes, sides, strict=True)
    ]


@given(
    pages,
    st.sampled_from([448, 640, 768, 1024]),
    st.sampled_from([(1, 12), (2, 6), (2, 32), (8, 24)]),
)
def test_grids_are_those_of_transformers(
    page: tuple[int, int], tile_px: int, tiles: tuple[int, int]
) -> None:
    width, height = page
    assert tokens.closest_grid(*page, tile_px, *tiles) == deepseek_ocr2.get_optimal_tiled_canvas(
        (height, width), (tile_px, tile_px), *tiles
    )


@settings(max_examples=few(8, of=20), deadline=None)
@given(pages)
def test_tiles_of_idefics3_are_those_of_transformers(page: tuple[int, int]) -> None:
    images = Idefics3ImageProcessorPil(size={"longest_edge": 2048})
    made = images(
        blank_page(*page),
        max_image_size={"longest_edge": 512},
        do_rescale=False,
        do_normalize=False,
        return_tensors="np",
    )
    assert 64 * made["pixel_values"].shape[1] == tokens.idefics3_tiled(2048, *page).placeholders
