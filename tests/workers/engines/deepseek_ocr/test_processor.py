"""Views, tiles and tokens of DeepSeek-OCR's first version are those of its released scripts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from schemas.tokens import Grid
from tests.checkpoints import make_checkpoint
from workers.engines.deepseek_ocr.processor import (
    DeepseekOcrProcessor,
    load_deepseek_processor,
    make_views,
)
from workers.engines.profiles.known import PROFILES

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
GREY = (127, 127, 127)
MODES = PROFILES["deepseek-ocr"].modes


@pytest.fixture(scope="module")
def processor(tmp_path_factory: pytest.TempPathFactory) -> DeepseekOcrProcessor:
    folder = make_checkpoint("deepseek-ocr", tmp_path_factory.mktemp("deepseek"))
    return load_deepseek_processor(str(folder))


def colour(pixels: torch.Tensor, x: int, y: int) -> tuple[int, ...]:
    """The colour that normalised pixels (3, height, width) stand for."""
    values = (pixels[:, y, x].numpy() * 0.5 + 0.5) * 255
    return tuple(round(value) for value in values.tolist())


def test_small_views_are_squeezed_and_larger_ones_padded_with_grey() -> None:
    page = Image.new("RGB", (200, 400), RED)
    for side, crops, corner in (
        (512, False, RED),
        (640, False, RED),
        (1024, False, GREY),
        (1280, False, GREY),
        (640, True, GREY),
    ):
        made = make_views(page, side, 640, crops)
        assert made.view.shape == (3, side, side)
        assert made.tiles is None
        assert colour(made.view, 2, 2) == corner
        assert colour(made.view, side // 2, side // 2) == RED


@pytest.mark.parametrize(("size", "left"), [((905, 1280), 150), ((1279, 1280), 0), ((1, 3), 342)])
def test_the_padding_is_pillows(size: tuple[int, int], left: int) -> None:
    """As in the released script, half of an odd number of columns is rounded to the even one."""
    view = make_views(Image.new("RGB", size, RED), 1024, 1024, False).view
    is_red = (view[1, 512] < -0.9).numpy()
    assert int(is_red.argmax()) == left


def test_tiles_are_cut_row_by_row() -> None:
    page = Image.new("RGB", (1280, 1920), WHITE)
    page.paste(RED, (0, 0, 640, 640))
    page.paste(GREEN, (640, 0, 1280, 640))
    page.paste(BLUE, (0, 640, 640, 1280))
    made = make_views(page, 1024, 640, True)
    assert made.grid == Grid(columns=2, rows=3)
    assert made.tiles is not None
    middles = [colour(tile, 320, 320) for tile in made.tiles]
    assert middles == [RED, GREEN, BLUE, WHITE, WHITE, WHITE]


@pytest.mark.parametrize(
    ("size", "tile", "grid"),
    [
        ((640, 640), 640, None),
        ((641, 200), 640, Grid(3, 1)),
        ((905, 1280), 640, Grid(2, 3)),
        ((1000, 1000), 640, Grid(2, 2)),
        ((1000, 1000), 1024, None),
        ((100, 1300), 1024, Grid(1, 6)),
    ],
)
def test_a_page_larger_than_a_tile_gets_some(size, tile: int, grid: Grid | None) -> None:
    made = make_views(Image.new("RGB", size), 1280, tile, True)
    assert made.grid == grid


def test_pixels_go_from_minus_one_to_one() -> None:
    values = make_views(Image.fromarray(np.full((8, 8), 255, np.uint8)), 512, 512, False).view
    assert values.dtype == torch.float32
    assert values.unique().tolist() == [1.0]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_a_prompt_is_that_of_the_released_script(mode, processor: DeepseekOcrProcessor) -> None:
    """The token that begins a sentence, the page, a line break, the question; nothing after it."""
    batch = processor(
        [Image.new("RGB", (700, 1000))], ["<image>\nFree OCR."], **mode.image_settings
    )
    ids = batch["input_ids"][0].tolist()
    count = mode.tokens(700, 1000).placeholders
    question = processor.tokenizer.encode("\nFree OCR.", add_special_tokens=False)
    assert ids == [0, *[processor.image_token_id] * count, *question]


def test_pages_with_and_without_tiles_share_a_batch(processor: DeepseekOcrProcessor) -> None:
    pages = [Image.new("RGB", size) for size in ((300, 200), (905, 1280), (640, 640))]
    batch = processor(
        pages, ["<image>\nFree OCR."] * 3, base_size=1024, image_size=640, crop_mode=True
    )
    assert batch["patches_grid"] == [[1, 1], [2, 3], [1, 1]]
    assert batch["num_local_patches"] == [0, 6, 0]
    assert batch["pixel_values_local"].shape == (6, 3, 640, 640)
    assert (batch["input_ids"] == processor.image_token_id).sum(1).tolist() == [273, 903, 273]
    # Shorter prompts are padded on the left.
    assert batch["attention_mask"][:, 0].tolist() == [0, 1, 0]
    assert batch["attention_mask"][:, -1].tolist() == [1, 1, 1]


def test_code_of_the_checkpoint_is_not_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """`auto_map` names code; transformers would ask at the terminal whether to run it."""
    folder = make_checkpoint("deepseek-ocr", tmp_path)
    assert "auto_map" in (folder / "config.json").read_text()
    tokenizer = load_deepseek_processor(str(folder)).tokenizer
    assert "custom code" not in capfd.readouterr().out
    text = "Zoë — 東京\t  two  spaces"
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text
