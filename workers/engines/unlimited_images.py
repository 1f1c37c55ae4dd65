"""Unlimited-OCR's image processor on Pillow; transformers' own needs torchvision.

The rules are those of `transformers.models.unlimited_ocr.image_processing_unlimited_ocr`, built on
DeepSeek-OCR-2's processor for Pillow. Pillow and torchvision resize with the same filter, but
their pixels differ in the last bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from transformers import AutoTokenizer, BatchFeature
from transformers.image_utils import SizeDict
from transformers.models.deepseek_ocr2.image_processing_pil_deepseek_ocr2 import (
    DeepseekOcr2ImageProcessorKwargs,
    DeepseekOcr2ImageProcessorPil,
)
from transformers.models.unlimited_ocr.processing_unlimited_ocr import UnlimitedOcrProcessor

from schemas.tokens import closest_grid

Pixels = NDArray[np.uint8]
"""uint8 (3, height, width)."""


class UnlimitedOcrImageKwargs(  # type: ignore[call-arg]
    DeepseekOcr2ImageProcessorKwargs,  # type: ignore[misc]  # no types there
    total=False,
):
    """What a call may set besides DeepSeek-OCR-2's settings.

    Without crops, a view of at most `maximum_pad_value` pixels a side is the page squeezed into a
    square; a larger one is the page padded to a square.
    """

    maximum_pad_value: int


class UnlimitedOcrImageProcessorPil(
    DeepseekOcr2ImageProcessorPil  # type: ignore[misc]  # no types there
):
    """Makes up to 32 tiles of 640 pixels, and a view of the whole page.

    Its outputs are DeepSeek-OCR-2's and `patches_grid`: [columns, rows] of each page, [1, 1] for
    one without tiles. `patches_grid` and `num_local_patches` stay lists.
    """

    valid_kwargs = UnlimitedOcrImageKwargs
    max_patches = 32
    tile_size = 640
    maximum_pad_value = 640
    model_input_names = ["pixel_values", "num_local_patches", "patches_grid"]  # noqa: RUF012
    skip_tensor_conversion = ["num_local_patches", "patches_grid"]  # noqa: RUF012

    def _preprocess(
        self,
        images: list[Pixels],
        size: SizeDict,
        crop_to_patches: bool,
        min_patches: int,
        max_patches: int,
        tile_size: int,
        maximum_pad_value: int,
        return_tensors: str | None,
        **kwargs: object,
    ) -> BatchFeature:
        view_px = max(size.height or 0, size.width or 0)
        view = SizeDict(height=view_px, width=view_px)
        grids = [[1, 1] for _ in images]
        if crop_to_patches:
            grids = [_grid(image, tile_size, min_patches, max_patches) for image in images]
        elif view_px <= maximum_pad_value:
            images = [self.resize(image, view, resample=kwargs["resample"]) for image in images]
        features = super()._preprocess(
            images,
            view,
            crop_to_patches=crop_to_patches,
            min_patches=min_patches,
            max_patches=max_patches,
            # Without crops DeepSeek-OCR-2's processor makes the view as large as a tile.
            tile_size=tile_size if crop_to_patches else view_px,
            return_tensors=None,
            **kwargs,
        )
        return BatchFeature(
            {**features, "patches_grid": grids},
            tensor_type=return_tensors,
            skip_tensor_conversion=self.skip_tensor_conversion,
        )


def _grid(image: Pixels, tile_px: int, fewest: int, most: int) -> list[int]:
    height, width = image.shape[-2:]
    if max(height, width) <= tile_px:
        return [1, 1]
    return list(closest_grid(width, height, tile_px, fewest, most))


def load_unlimited_processor(model: str, revision: str | None = None) -> UnlimitedOcrProcessor:
    """The processor of the Unlimited-OCR checkpoint `model`, a Hub id or a folder.

    It works without torchvision, where `AutoProcessor` raises ImportError.
    """
    commit = revision or "main"
    settings, _ = UnlimitedOcrProcessor.get_processor_dict(model, revision=commit)
    images = UnlimitedOcrImageProcessorPil.from_pretrained(model, revision=commit)
    tokenizer = AutoTokenizer.from_pretrained(model, revision=commit)
    processor: UnlimitedOcrProcessor = UnlimitedOcrProcessor.from_args_and_dict(
        [images, tokenizer], settings
    )
    return processor
