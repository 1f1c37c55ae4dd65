"""The parts of a mask are those that OpenCV labels on the whole of it, in the same order."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from workers.layout.mask_parts import mask_parts


def labelled_whole(mask: NDArray[np.uint8]) -> list[tuple[int, ...]]:
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return [tuple(row[:4]) for row in stats[1:count].tolist()]


@given(
    st.integers(0, 2**32),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.02, 0.1, 0.4, 1.0]),
)
def test_parts_are_those_of_the_whole_mask(
    seed: int, height: int, width: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    mask = (rng.random((height, width)) < share).astype(np.uint8) * 255
    mask[rng.random(height) < 0.3] = 0
    assert mask_parts(mask) == labelled_whole(mask)


@pytest.mark.parametrize("shape", [(1, 1), (7, 1), (1, 7), (300, 200)])
def test_an_empty_mask_has_no_parts(shape: tuple[int, int]) -> None:
    assert mask_parts(np.zeros(shape, np.uint8)) == []
