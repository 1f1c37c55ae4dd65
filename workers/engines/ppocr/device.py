"""PP-OCRv6's two models on a device: they take batches of pixels and return `Fetched` values.

Owns: the device and precision of the models, and moving pixels and results without waiting.
Does not: know pages, or what the values mean.

A call returns before its values are computed, so that the calling thread can keep a CUDA device
busy; other threads wait for the values (`Fetched.wait`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PPOCRV6SmallDetForObjectDetection, PPOCRV6SmallRecForTextRecognition

from schemas.errors import ModelError
from workers.engines.ppocr.weights import convolutions, fold_norms, load_detector, load_recogniser
from workers.engines.text_lines import Pixels, padded_width_px

Precision = Literal["fp32", "fp16", "bf16"]
_DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class DetectorModule(nn.Module):
    """From pages to the probability of text at each pixel."""

    def __init__(self, model: PPOCRV6SmallDetForObjectDetection) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 (pages, height, width, 3) to float32 (pages, 1, 1, height, width)."""
        signed = _signed(pixels).to(self.model.dtype)
        maps: Tensor = self.model(signed).last_hidden_state
        return maps[:, None].float()


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


class Fetched:
    """Values that the device is still computing or copying to the host.

    On the CPU, the thread that first waits computes them: a batch on one core is faster than an
    operator on two, above all where other work shares the cores.
    """

    def __init__(self, compute: Callable[[], tuple[Tensor, ...]], is_cuda: bool) -> None:
        self._compute = compute
        self._lock = Lock()
        self._values: list[Tensor] | None = None
        self._arrived: torch.cuda.Event | None = None
        if is_cuda:
            # For a copy that does not wait, torch takes pinned memory.
            self._values = [value.to("cpu", non_blocking=True) for value in compute()]
            self._arrived = torch.cuda.current_stream().record_event()

    def wait(self) -> list[NDArray[Any]]:
        """The values, when they have arrived; any thread may wait."""
        if self._arrived is not None:
            self._arrived.synchronize()
        with self._lock:
            if self._values is None:
                self._values = list(self._compute())
        return [value.numpy() for value in self._values]


class PpOcrModels:
    """Both models on one device; only one thread at a time may call it."""

    def __init__(self, device: str | None, precision: Precision | None, is_compiled: bool) -> None:
        self.device = _device(device)
        self.is_cuda = self.device.type == "cuda"
        default: Precision = "fp16" if self.is_cuda else "fp32"
        self.precision: Precision = precision or default
        recogniser, self.characters = load_recogniser()
        self._detect = self._placed(DetectorModule(fold_norms(load_detector())), is_compiled)
        self._recognise = self._placed(RecogniserModule(fold_norms(recogniser)), is_compiled)

    def detect(self, pages: Sequence[Pixels]) -> Fetched:
        """Probability maps, float32 (pages, 1, 1, height, width); all pages have one shape."""

        @torch.inference_mode()
        def compute() -> tuple[Tensor, ...]:
            return (self._detect(self._batch(pages, pages[0].shape[1])),)

        return Fetched(compute, self.is_cuda)

    def recognise(self, lines: Sequence[Pixels]) -> Fetched:
        """Classes and probabilities (lines, steps); all lines have one padded width."""

        @torch.inference_mode()
        def compute() -> tuple[Tensor, ...]:
            widths_px = torch.tensor([line.shape[1] for line in lines])
            pixels = self._batch(lines, padded_width_px(lines[0]))
            classes, probabilities = self._recognise(pixels, widths_px.to(self.device))
            return (classes, probabilities)

        return Fetched(compute, self.is_cuda)

    def _placed(self, module: nn.Module, is_compiled: bool) -> nn.Module:
        module.to(self.device, _DTYPES[self.precision])
        for convolution in convolutions(module):
            weight = convolution.weight
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        if is_compiled:
            module.compile(dynamic=True)
        return module

    def _batch(self, images: Sequence[Pixels], width_px: int) -> Tensor:
        """uint8 (images, height, `width_px`, 3) on the device, zeros right of each image."""
        shape = (len(images), images[0].shape[0], width_px, 3)
        pixels = torch.zeros(shape, dtype=torch.uint8, pin_memory=self.is_cuda)
        rows: NDArray[np.uint8] = pixels.numpy()
        for row, image in zip(rows, images, strict=True):
            row[:, : image.shape[1]] = image
        return pixels.to(self.device, non_blocking=True)


def _device(name: str | None) -> torch.device:
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as exc:  # torch asserts that it was built for CUDA
        raise ModelError(f"device {name}: {exc}; leave it out to use CUDA or the CPU") from exc
    return device
