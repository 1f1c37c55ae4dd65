"""PP-OCRv6's two models on a device: batches of pixels in, values on their way to the host out.

Owns: where and in which precision the models run, and moving pixels and results without waiting.
Does not: know pages, or what the values mean.

Calls return before the values are there: the thread that calls keeps a CUDA device fed, and other
threads wait for the values (`Fetched.wait`).
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
    """Pages to the probability of text at each pixel."""

    def __init__(self, model: PPOCRV6SmallDetForObjectDetection) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 (pages, height, width, 3) to float32 (pages, 1, 1, height, width)."""
        signed = _signed(pixels).to(self.model.dtype)
        maps: Tensor = self.model(signed).last_hidden_state
        return maps[:, None].float()


class RecogniserModule(nn.Module):
    """Lines to the likeliest class of each step and its probability."""

    def __init__(self, model: PPOCRV6SmallRecForTextRecognition) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor, widths_px: Tensor) -> tuple[Tensor, Tensor]:
        """`pixels`: uint8 (lines, 48, width, 3); past its own width a line is grey, 0 of -1 to 1.

        Only the maxima leave the device, int32 and float32 (lines, steps), of 18,710 a step.
        """
        columns = torch.arange(pixels.shape[2], device=pixels.device)
        is_line = columns < widths_px[:, None]
        signed = _signed(pixels) * is_line[:, None, None, :]
        features = self.model.model(signed.to(self.model.dtype)).last_hidden_state
        encoded = self.model.head.encoder(features).last_hidden_state
        # Not the head's own softmax: it rounds probabilities to the model's precision.
        scores = self.model.head.head(encoded).softmax(dim=2, dtype=torch.float32)
        probabilities, classes = scores.max(dim=2)
        return classes.int(), probabilities


def _signed(pixels: Tensor) -> Tensor:
    """uint8 (n, height, width, 3) to float32 (n, 3, height, width), channels last, -1 to 1."""
    return pixels.permute(0, 3, 1, 2).float() * (2 / 255) - 1


class Fetched:
    """Values that the device is still computing, on their way to the host.

    The CPU computes them in the thread that first waits, so that threads are its parallelism: one
    core a batch beats two cores inside one operator, above all where other work shares the cores.
    """

    def __init__(self, compute: Callable[[], tuple[Tensor, ...]], is_cuda: bool) -> None:
        self._compute = compute
        self._lock = Lock()
        self._values: list[Tensor] | None = None
        self._arrived: torch.cuda.Event | None = None
        if is_cuda:
            # To the host without waiting, torch copies into pinned memory.
            self._values = [value.to("cpu", non_blocking=True) for value in compute()]
            self._arrived = torch.cuda.current_stream().record_event()

    def wait(self) -> list[NDArray[Any]]:
        """The values, once they are there; any thread may wait."""
        if self._arrived is not None:
            self._arrived.synchronize()
        with self._lock:
            if self._values is None:
                self._values = list(self._compute())
        return [value.numpy() for value in self._values]


class PpOcrModels:
    """Both models on one device, ready to run; called by one thread at a time."""

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
        raise ModelError(f"device {name}: {exc}; leave it out to use what there is") from exc
    return device
