"""Pixels to numbers, as torchvision does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image


class InterpolationMode:
    BICUBIC = Image.Resampling.BICUBIC


class Lambda:
    def __init__(self, step: Callable[[Any], Any]) -> None:
        self.step = step

    def __call__(self, value: Any) -> Any:
        return self.step(value)


class Resize:
    def __init__(self, size: tuple[int, int], interpolation: Image.Resampling) -> None:
        self.height, self.width = size
        self.interpolation = interpolation

    def __call__(self, picture: Any) -> Any:
        return picture.resize((self.width, self.height), self.interpolation)


class ToTensor:
    def __call__(self, picture: Any) -> torch.Tensor:
        return torch.from_numpy(np.asarray(picture, np.float32) / 255).permute(2, 0, 1)


class Normalize:
    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self.mean = torch.tensor(mean)[:, None, None]
        self.std = torch.tensor(std)[:, None, None]

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        return (pixels - self.mean) / self.std


class Compose:
    def __init__(self, steps: Sequence[Callable[[Any], Any]]) -> None:
        self.steps = steps

    def __call__(self, value: Any) -> Any:
        for step in self.steps:
            value = step(value)
        return value
