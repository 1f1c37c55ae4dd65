"""Unlimited-OCR's pictures, by the rules of transformers' processor for torchvision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.checkpoints import make_checkpoint
from workers.engines.unlimited_images import UnlimitedOcrImageProcessorPil, load_unlimited_processor

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
GREY = (127, 127, 127)


def pixel_colour(pixels: torch.Tensor, x: int, y: int) -> tuple[int, int, int]:
    """The colour that the normalised `pixels` (3, height, width) stand for."""
    images = UnlimitedOcrImageProcessorPil()
    values = pixels[:, y, x].numpy() * np.array(images.image_std) + np.array(images.image_mean)
    red, green, blue = (round(value * 255) for value in values.tolist())
    return red, green, blue


def test_tiles_are_cut_row_by_row() -> None:
    page = Image.new("RGB", (1280, 1920), WHITE)
    page.paste(RED, (0, 0, 640, 640))
    page.paste(GREEN, (640, 0, 1280, 640))
    page.paste(BLUE, (0, 640, 640, 1280))
    made = UnlimitedOcrImageProcessorPil()(page, max_patches=6, return_tensors="pt")
    assert made["patches_grid"] == [[2, 3]]
    assert made["num_local_patches"] == [6]
    assert made["pixel_values_local"].shape == (6, 3, 640, 640)
    middles = [pixel_colour(tile, 320, 320) for tile in made["pixel_values_local"]]
    assert middles == [RED, GREEN, BLUE, WHITE, WHITE, WHITE]


def test_pages_with_and_without_tiles_share_a_batch() -> None:
    sizes = [(640, 640), (641, 600), (2560, 5120)]
    pages = [Image.new("RGB", size) for size in sizes]
    made = UnlimitedOcrImageProcessorPil()(pages, return_tensors="pt")
    assert made["patches_grid"] == [[1, 1], [2, 2], [4, 8]]
    assert made["num_local_patches"] == [0, 4, 32]
    assert made["pixel_values_local"].shape[0] == 36
    assert made["pixel_values"].shape == (3, 3, 1024, 1024)


@pytest.mark.parametrize(
    ("side", "crops", "corner"),
    [
        (1024, False, GREY),
        (640, False, RED),  # squeezed, as up to 640 pixels there is no padding
        (641, False, GREY),
        (640, True, GREY),
    ],
)
def test_the_whole_view_is_padded_with_grey_but_for_a_small_one(side, crops, corner) -> None:
    page = Image.new("RGB", (200, 400), RED)
    made = UnlimitedOcrImageProcessorPil()(
        page, size={"height": side, "width": side}, crop_to_patches=crops, return_tensors="pt"
    )
    assert made["pixel_values"].shape == (1, 3, side, side)
    assert pixel_colour(made["pixel_values"][0], 2, 2) == corner
    assert pixel_colour(made["pixel_values"][0], side // 2, side // 2) == RED
    assert made["patches_grid"] == [[1, 1]]


def test_the_larger_side_of_the_size_is_that_of_the_view() -> None:
    page = Image.new("RGB", (900, 300), RED)
    made = UnlimitedOcrImageProcessorPil()(
        page, size={"height": 512, "width": 768}, crop_to_patches=False, return_tensors="pt"
    )
    assert made["pixel_values"].shape == (1, 3, 768, 768)


def test_a_processor_is_built_of_what_the_checkpoint_says(tmp_path: Path) -> None:
    folder = make_checkpoint("unlimited-ocr", tmp_path)
    processor = load_unlimited_processor(str(folder))
    assert processor.image_processor.to_dict()["image_processor_type"] == (
        "UnlimitedOcrImageProcessor"
    )
    assert (processor.image_processor.tile_size, processor.image_processor.max_patches) == (640, 32)
    assert (processor.patch_size, processor.downsample_ratio) == (16, 4)
    assert "message" in processor.chat_template
    assert processor.tokenizer.padding_side == "left"
