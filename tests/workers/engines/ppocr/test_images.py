"""On the device, pages are resized and lines are cut as OpenCV does it on the host."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rapidocr.utils.process_img import get_rotate_crop_image

from workers.engines.ppocr import images
from workers.engines.ppocr.images import cut, line_pixels, plan_cuts, resize
from workers.engines.text_lines import Floats, Pixels, padded_width_px
from workers.engines.text_lines import line_pixels as line_pixels_by_opencv

sides = st.integers(1, 130)


def noise(seed: int, height: int, width: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def page(seed: int) -> Pixels:
    """Soft shapes, as print has them: 240 x 400."""
    return cv2.GaussianBlur(noise(seed, 240, 400), (5, 5), 1.0)


def quad(x: int, y: int, width: int, height: int, shifts: list[int]) -> Floats:
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    moved = np.array(corners) + np.array(shifts).reshape(4, 2)
    return np.clip(moved, 0, [399, 239]).astype(np.float32)


quads = st.builds(
    quad,
    st.integers(0, 250),
    st.integers(0, 150),
    st.integers(8, 160),
    st.integers(8, 90),
    st.one_of(st.just([0] * 8), st.lists(st.integers(-3, 3), min_size=8, max_size=8)),
)


@given(st.integers(0, 2**32), sides, sides, sides, sides)
def test_pages_are_resized_exactly(
    seed: int, height: int, width: int, rows: int, columns: int
) -> None:
    image = noise(seed, height, width)
    truth = cv2.resize(image, (columns, rows))
    np.testing.assert_array_equal(resize(torch.from_numpy(image), (rows, columns)), truth)


@given(st.integers(0, 2**32), st.lists(quads, min_size=1, max_size=6))
def test_lines_are_cut_as_rapidocr_cuts_them(seed: int, found: list[Floats]) -> None:
    image = page(seed)
    crops = cut(torch.from_numpy(image), plan_cuts(np.array(found)))
    for corners, crop in zip(found, crops, strict=True):
        truth = get_rotate_crop_image(image, corners)
        ours = crop.pixels.numpy().reshape(crop.height_px, crop.width_px, 3)
        assert ours.shape == truth.shape
        differences = np.abs(ours.astype(int) - truth)
        assert differences.max() <= 1
        is_straight = len(set(corners[:, 0])) == len(set(corners[:, 1])) == 2
        assert np.count_nonzero(differences) <= (0 if is_straight else 1 + truth.size // 20)


@given(
    st.integers(0, 2**32),
    st.integers(1, 120),
    st.integers(1, 300),
    st.lists(st.integers(1, 120), max_size=4),
)
def test_lines_are_brought_to_the_recognisers_size_exactly(
    seed: int, height: int, width: int, others: list[int]
) -> None:
    shapes = [(height, width), *((side, side * width // height + 1) for side in others)]
    pictures = [noise(seed + i, *shape) for i, shape in enumerate(shapes)]
    crops = [
        images.Crop(torch.from_numpy(picture.reshape(-1, 3)), *picture.shape[:2])
        for picture in pictures
    ]
    truths = [line_pixels_by_opencv(picture) for picture in pictures]
    padded = max(padded_width_px(truth.shape[1]) for truth in truths)
    lines, widths = line_pixels(crops, padded)
    assert lines.shape == (len(crops), 48, padded, 3)
    assert widths.tolist() == [truth.shape[1] for truth in truths]
    for line, truth in zip(lines.numpy(), truths, strict=True):
        np.testing.assert_array_equal(line[:, : truth.shape[1]], truth)


def test_a_line_is_read_upside_down_too() -> None:
    picture = noise(0, 30, 90)
    upright = images.Crop(torch.from_numpy(picture.reshape(-1, 3)), 30, 90)
    [_, line], _ = line_pixels([upright, replace(upright, is_turned=True)], 128)
    truth = line_pixels_by_opencv(picture[::-1, ::-1])
    np.testing.assert_array_equal(line[:, : truth.shape[1]], truth)


def test_lines_cut_in_many_steps_are_the_same() -> None:
    image = torch.from_numpy(page(1))
    slanted = [quad(20, 10 * i, 200, 20, [0, i, 0, 0, 0, 0, 0, i]) for i in range(9)]
    cuts = plan_cuts(np.array(slanted))
    for one, other in zip(cut(image, cuts), cut(image, cuts, max_pixels=9000), strict=True):
        assert torch.equal(one.pixels, other.pixels)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_cuts_and_resizes_as_the_cpu_does() -> None:
    cuts = plan_cuts(np.array([quad(20, 30 * i, 200, 20 + i, [0, i] * 4) for i in range(6)]))
    pixels = torch.from_numpy(page(3))
    on_cpu, on_gpu = cut(pixels, cuts), cut(pixels.cuda(), cuts)
    for ours, truth in zip(on_gpu, on_cpu, strict=True):
        differences = (ours.pixels.cpu().int() - truth.pixels.int()).abs()
        assert int(differences.max()) <= 1
    same = [images.Crop(c.pixels.cuda(), c.height_px, c.width_px) for c in on_cpu]
    assert torch.equal(line_pixels(same, 512)[0].cpu(), line_pixels(on_cpu, 512)[0])
    assert torch.equal(resize(pixels.cuda(), (320, 416)).cpu(), resize(pixels, (320, 416)))


def test_a_page_without_lines_has_no_crops() -> None:
    none = np.zeros((0, 4, 2), np.float32)
    assert cut(torch.from_numpy(page(2)), plan_cuts(none)) == []
