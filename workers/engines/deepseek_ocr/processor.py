"""The inputs of DeepSeek-OCR's first version: pictures as views and tiles, prompts as tokens.

The rules are those of the released scripts (`modeling_deepseekocr.py` of the checkpoint,
`process/image_process.py` of github.com/deepseek-ai/DeepSeek-OCR). The names of the settings are
theirs, too: `base_size` is the side of the view, `image_size` that of the tiles, in pixels. The
outputs have the names of transformers' `UnlimitedOcrForConditionalGeneration`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image, ImageOps
from transformers import BatchFeature, PreTrainedTokenizerFast

from schemas.tokens import Grid, closest_grid

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IMAGE_TOKEN = "<image>"
SQUEEZED_PX = 640
"""Without tiles, views up to here are squeezed into a square. All others are padded."""
_GREY = (127, 127, 127)
_TILES = (2, 6)  # the fewest and the most, as in the released `config.py`
_PATCH_PX = 16
_COMPRESSION = 4  # along each side


@dataclass(frozen=True, slots=True)
class Views:
    """A page as the encoder sees it.

    `view` is the whole page, float32 (3, base_size, base_size), with values from -1 to 1; `tiles`
    are float32 (tiles, 3, image_size, image_size), row by row; `grid` is None without tiles.
    """

    view: torch.Tensor
    tiles: torch.Tensor | None
    grid: Grid | None

    @property
    def placeholders(self) -> int:
        """The image tokens: one for each query, one more ends a row, and one ends the view.

        The rows are those of the view, and those of all tiles put together.
        """
        view = _queries(self.view)
        count = view * (view + 1) + 1
        if self.tiles is not None and self.grid is not None:
            tile = _queries(self.tiles)
            count += self.grid.rows * tile * (self.grid.columns * tile + 1)
        return count


def make_views(picture: Image.Image, base_size: int, image_size: int, crop_mode: bool) -> Views:
    """The view and the tiles of a page in a mode."""
    page = picture.convert("RGB")
    if not crop_mode and base_size <= SQUEEZED_PX:
        view = page.resize((base_size, base_size), Image.Resampling.BICUBIC)
    else:
        view = padded(page, base_size)
    if not crop_mode or max(page.size) <= image_size:
        return Views(_pixels(view), None, None)
    grid = closest_grid(*page.size, image_size, *_TILES)
    whole = page.resize(
        (grid.columns * image_size, grid.rows * image_size), Image.Resampling.BICUBIC
    )
    tiles = [
        _pixels(whole.crop((left, top, left + image_size, top + image_size)))
        for top in range(0, whole.height, image_size)
        for left in range(0, whole.width, image_size)
    ]
    return Views(_pixels(view), torch.stack(tiles), grid)


def padded(page: Image.Image, side_px: int) -> Image.Image:
    """The page as large as a square of `side_px` allows, in its middle, with grey around."""
    square = (side_px, side_px)
    return ImageOps.pad(page.convert("RGB"), square, Image.Resampling.BICUBIC, color=_GREY)


def _pixels(picture: Image.Image) -> torch.Tensor:
    """Float32 (3, height, width); 0 to 255 become -1 to 1, as a mean and deviation of 0.5 do."""
    pixels = np.asarray(picture, np.float32) / np.float32(255)
    return torch.from_numpy((pixels - 0.5) / 0.5).permute(2, 0, 1).contiguous()


def _queries(pixels: torch.Tensor) -> int:
    """The tokens along a side of a square view or tile."""
    return pixels.shape[-1] // _PATCH_PX // _COMPRESSION


class DeepseekOcrProcessor:
    """Makes a batch from pictures and prompts, in place of the checkpoint's own code.

    >>> processor(images=[page], text=["<image>\\nFree OCR."], base_size=1024, image_size=640,
    ...           crop_mode=True)  # doctest: +SKIP
    """

    image_token = IMAGE_TOKEN
    chat_template = None

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self.image_token_id: int = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)

    def __call__(
        self,
        images: Sequence[Image.Image],
        text: Sequence[str],
        base_size: int,
        image_size: int,
        crop_mode: bool,
        padding: bool = True,
        return_tensors: str = "pt",
    ) -> BatchFeature:
        """The inputs of the model for one picture a prompt; prompts are padded on the left."""
        pages = [make_views(picture, base_size, image_size, crop_mode) for picture in images]
        rows = [self._tokens(prompt, page) for prompt, page in zip(text, pages, strict=True)]
        width = max(map(len, rows))
        pad = self.tokenizer.pad_token_id or 0
        features: dict[str, object] = {
            "input_ids": torch.tensor([[pad] * (width - len(row)) + row for row in rows]),
            "attention_mask": torch.tensor(
                [[0] * (width - len(row)) + [1] * len(row) for row in rows]
            ),
            "pixel_values": torch.stack([page.view for page in pages]),
            # Lists, as the model takes them.
            "num_local_patches": [page.grid.tiles if page.grid else 0 for page in pages],
            "patches_grid": [list(page.grid or Grid(1, 1)) for page in pages],
        }
        if tiles := [page.tiles for page in pages if page.tiles is not None]:
            features["pixel_values_local"] = torch.cat(tiles)
        return BatchFeature(features)

    def _tokens(self, prompt: str, page: Views) -> list[int]:
        """A prompt's tokens, from the one that begins a sentence on, as in the released script."""
        whole = prompt.replace(IMAGE_TOKEN, IMAGE_TOKEN * page.placeholders, 1)
        ids: list[int] = self.tokenizer.encode(whole, add_special_tokens=False)
        return [self.tokenizer.bos_token_id, *ids]


def load_deepseek_processor(model: str, revision: str | None = None) -> DeepseekOcrProcessor:
    """The processor of the checkpoint `model`, a Hub id or a folder."""
    # tokenizer.json as it is. tokenizer_config.json names Llama's class, which would replace what
    # is byte-level in it; `AutoTokenizer` would first ask whether to run the checkpoint's code.
    tokenizer = PreTrainedTokenizerFast.from_pretrained(model, revision=revision or "main")
    return DeepseekOcrProcessor(tokenizer)
