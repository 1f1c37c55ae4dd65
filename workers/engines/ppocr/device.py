"""PP-OCRv6's two models and the layout model on a device, for batches of pages and lines.

Owns: the device and precision of the models, and what goes in and out of them. Does not: know
what the values mean, or move them (`transfers`).

A page is sent once, as decoded (`send`). It is resized, and its lines are cut, on the device. Back
come a byte a pixel of the map, and the likeliest class and its probability for each step of a line.
A call returns before its values are computed, so that the calling thread can keep a CUDA device
busy; other threads wait for the values (`Fetched.wait`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PPOCRV6SmallDetForObjectDetection, PPOCRV6SmallRecForTextRecognition

from schemas.errors import ModelError
from workers.engines.ppocr.batches import Shape
from workers.engines.ppocr.clock import Clock
from workers.engines.ppocr.images import Crop, Cuts, cut, line_pixels, resize
from workers.engines.ppocr.layout import load_layout_net
from workers.engines.ppocr.transfers import Fetched, Streams, send
from workers.engines.ppocr.weights import convolutions, fold_norms, load_detector, load_recogniser
from workers.engines.text_lines import Pixels
from workers.layout.regions import Cells

Precision = Literal["fp32", "fp16", "bf16"]
_DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class DetectorModule(nn.Module):
    """From pages to the probability of text at each pixel."""

    def __init__(self, model: PPOCRV6SmallDetForObjectDetection) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 (pages, height, width, 3) to uint8 (pages, height, width), 255 for 1."""
        signed = _signed(pixels).to(self.model.dtype)
        maps: Tensor = self.model(signed).last_hidden_state
        return (maps[:, 0].float() * 255).round().to(torch.uint8)


class RecogniserModule(nn.Module):
    """From lines to the likeliest class at each step and its probability."""

    def __init__(self, model: PPOCRV6SmallRecForTextRecognition) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor, widths_px: Tensor) -> tuple[Tensor, Tensor]:
        """`pixels`: uint8 (lines, 48, width, 3); right of its own width a line becomes grey.

        Only the maxima of the 18,710 classes leave the device: int32 and float32 (lines, steps).
        """
        columns = torch.arange(pixels.shape[2], device=pixels.device)
        is_line = columns < widths_px[:, None]
        signed = _signed(pixels) * is_line[:, None, None, :]
        features = self.model.model(signed.to(self.model.dtype)).last_hidden_state
        encoded = self.model.head.encoder(features).last_hidden_state
        # The head's own softmax would round probabilities to the model's precision.
        scores = self.model.head.head(encoded).softmax(dim=2, dtype=torch.float32)
        probabilities, classes = scores.max(dim=2)
        return classes.int(), probabilities


def _signed(pixels: Tensor) -> Tensor:
    """uint8 (n, height, width, 3) to float32 (n, 3, height, width), channels last, -1 to 1."""
    return pixels.permute(0, 3, 1, 2).float() * (2 / 255) - 1


class PpOcrModels:
    """The models on one device; only one thread at a time may call them.

    `send` and `cut`, which run no model, may be called by any thread.
    """

    def __init__(
        self,
        device: str | None,
        precision: Precision | None,
        is_compiled: bool,
        has_layout: bool = False,
    ) -> None:
        self.device = _device(device)
        self.is_cuda = self.device.type == "cuda"
        self.clock = Clock(self.is_cuda)
        default: Precision = "fp16" if self.is_cuda else "fp32"
        self.precision: Precision = precision or default
        recogniser, self.characters = load_recogniser()
        self._detect = self._placed(DetectorModule(fold_norms(load_detector())), is_compiled)
        self._recognise = self._placed(RecogniserModule(fold_norms(recogniser)), is_compiled)
        self._lay_out = load_layout_net().to(self.device) if has_layout else None
        self._streams = Streams(self.device)
        if self.is_cuda:
            # The streams do not wait for the default one, which has placed the weights.
            torch.cuda.synchronize(self.device)

    def free_bytes(self) -> int | None:
        """The free memory of a CUDA device."""
        return torch.cuda.mem_get_info(self.device)[0] if self.is_cuda else None

    def send(self, page: Pixels) -> Tensor:
        """The pixels of a page on the device."""
        return self._streams.send_page(page)

    def detect(self, pages: Sequence[Tensor], shape: Shape) -> Fetched:
        """Maps of the pages, brought to `shape`: uint8 (pages, height, width), 255 for 1."""

        @torch.inference_mode()
        def compute() -> tuple[Tensor, ...]:
            with self.clock.device("detection"):
                return (self._detect(torch.stack([resize(page, shape) for page in pages])),)

        with self._streams.detection():
            return Fetched(compute, self.is_cuda)

    def lay_out(self, pages: Sequence[Cells]) -> Fetched:
        """Classes, uint8, and probabilities, float32, both (pages, 300, 300).

        `pages` are what `workers.layout.regions.grey_page` gives.
        """
        net = self._lay_out
        assert net is not None

        @torch.inference_mode()
        def compute() -> tuple[Tensor, ...]:
            with self.clock.device("layout"):
                classes, probabilities = net(send(np.stack(pages), self.device))
            return (classes, probabilities)

        with self._streams.detection():
            return Fetched(compute, self.is_cuda)

    @torch.inference_mode()
    def cut(self, page: Tensor, cuts: Cuts) -> list[Crop]:
        """The lines of a page, on the device."""
        with self._streams.recognition(), self.clock.device("cutting"):
            return cut(page, cuts)

    def recognise(self, lines: Sequence[Crop], width_px: int) -> Fetched:
        """Classes and probabilities (lines, steps) of lines that are all padded to `width_px`."""

        @torch.inference_mode()
        def compute() -> tuple[Tensor, ...]:
            with self.clock.device("lines"):
                pixels, widths_px = line_pixels(lines, width_px)
            with self.clock.device("recognition"):
                classes, probabilities = self._recognise(pixels, widths_px)
            return (classes, probabilities)

        with self._streams.recognition():
            return Fetched(compute, self.is_cuda)

    def _placed(self, module: nn.Module, is_compiled: bool) -> nn.Module:
        module.to(self.device, _DTYPES[self.precision])
        for convolution in convolutions(module):
            weight = convolution.weight
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        if is_compiled:
            module.compile(dynamic=True)
        return module


def _device(name: str | None) -> torch.device:
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as exc:  # torch asserts that it was built for CUDA
        raise ModelError(f"device {name}: {exc}; leave it out to use CUDA or the CPU") from exc
    return device
