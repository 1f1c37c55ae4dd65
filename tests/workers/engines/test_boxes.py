"""A page's boxes are those that RapidOCR's own post-processing finds in the same map."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidocr.ch_ppocr_det.utils import DBPostProcess

from workers.engines.boxes import Floats, Map, find_boxes

rapidocr = DBPostProcess(thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, use_dilation=True)


def by_rapidocr(likely: Map, size: tuple[int, int]) -> Floats:
    shares = likely / np.float32(255) if likely.dtype == np.uint8 else likely
    boxes, _ = rapidocr(shares[None, None], size)
    return np.asarray(boxes, np.float32).reshape(-1, 4, 2)


def lines_map(seed: int, height: int, width: int, slant: float = 0.0) -> Map:
    """Lines, words and specks of several strengths, with soft edges."""
    rng = np.random.default_rng(seed)
    likely = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(1, 40)):
        x, y = rng.uniform(-10, width), rng.uniform(-10, height)
        length, depth = rng.exponential(80) + 1, rng.exponential(8) + 1
        angle = slant + rng.choice([0.0, 0.0, 0.4, 90.0]) + rng.normal(0, 0.2)
        box = cv2.boxPoints(((x, y), (length, depth), angle)).astype(np.int32)
        cv2.fillPoly(likely, [box], int(rng.integers(40, 256)))
    return cv2.GaussianBlur(likely, (5, 5), float(rng.uniform(0.5, 2)))


@given(
    st.integers(0, 2**32),
    st.integers(1, 10).map(lambda n: 32 * n),
    st.integers(1, 10).map(lambda n: 32 * n),
    st.sampled_from([1.0, 0.97, 2.4, 0.4]),
    st.sampled_from([0.0, 3.0, 30.0]),
)
def test_boxes_are_rapidocrs(
    seed: int, height: int, width: int, scale: float, slant: float
) -> None:
    likely = lines_map(seed, height, width, slant)
    size = (round(height * scale), round(width * scale) + 3)
    np.testing.assert_array_equal(find_boxes(likely, size), by_rapidocr(likely, size))
    noise = np.random.default_rng(seed).uniform(-0.01, 0.01, likely.shape)
    shares = np.clip(likely / 255 + noise, 0, 1).astype(np.float32)
    np.testing.assert_array_equal(find_boxes(shares, size), by_rapidocr(shares, size))


@pytest.mark.parametrize("level", [0, 76, 77, 255])
def test_a_pixel_is_text_above_the_threshold_only(level: int) -> None:
    likely = np.full((64, 96), level, np.uint8)
    # One even box: its score is too low unless it is likely text.
    assert len(find_boxes(likely, (64, 96))) == (1 if level == 255 else 0)
    likely[20:30, 20:70] = 255
    np.testing.assert_array_equal(find_boxes(likely, (64, 96)), by_rapidocr(likely, (64, 96)))
