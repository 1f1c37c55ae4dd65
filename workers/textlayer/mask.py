"""Draw some of a page's text alone, black on white, as large as the picture of the page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pymupdf
from pymupdf import mupdf

from workers.textlayer.picture import Grey

_BLACK = [0.0]
_BLACK_FLOATS = mupdf.new_floats(1)  # fz_stroke_text takes no list
mupdf.floats_setitem(_BLACK_FLOATS, 0, 0.0)


class _TextAlone(mupdf.FzDevice2):  # type: ignore[misc]  # MuPDF has no types
    """A device that passes on only the wanted calls to draw text, without their clips.

    All calls where `wanted` is None, also text that clips what is drawn after it.
    """

    def __init__(self, target: mupdf.FzDevice, wanted: Collection[int] | None) -> None:
        super().__init__()
        self._target, self._wanted, self._count = target, wanted, 0
        self.use_virtual_fill_text()
        self.use_virtual_stroke_text()
        self.use_virtual_ignore_text()
        if wanted is None:
            self.use_virtual_clip_text()

    def _is_wanted(self) -> bool:
        self._count += 1
        return self._wanted is None or self._count - 1 in self._wanted

    def _fill(self, text: Any, matrix: Any, params: Any) -> None:
        grey = mupdf.ll_fz_device_gray()
        mupdf.ll_fz_fill_text(self._target.m_internal, text, matrix, grey, _BLACK, 1.0, params)

    def fill_text(self, _: Any, text: Any, matrix: Any, *paint: Any) -> None:
        if self._is_wanted():
            self._fill(text, matrix, paint[-1])

    def stroke_text(self, _: Any, text: Any, stroke: Any, matrix: Any, *paint: Any) -> None:
        if self._is_wanted():
            grey = mupdf.ll_fz_device_gray()
            args = (text, stroke, matrix, grey, _BLACK_FLOATS, 1.0, paint[-1])
            mupdf.ll_fz_stroke_text(self._target.m_internal, *args)

    def clip_text(self, _: Any, text: Any, matrix: Any, *__: Any) -> None:
        self._fill(text, matrix, mupdf.FzColorParams().internal())

    def ignore_text(self, *_: Any) -> None:
        self._count += 1


def draw_text_alone(
    page: pymupdf.Page,
    wanted: Collection[int] | None,
    matrix: pymupdf.Matrix,
    shape: tuple[int, int],
) -> Grey:
    """Draw the `wanted` text objects: their numbers count the text entries of `get_bboxlog`.

    With None all text is drawn, also what clips.

    `matrix` leads from the displayed page to pixels; the result has `shape` (height, width). Takes
    3 ms for a page.
    """
    height, width = shape
    bounds = mupdf.FzIrect(0, 0, width, height)
    pixmap = mupdf.fz_new_pixmap_with_bbox(mupdf.fz_device_gray(), bounds, mupdf.FzSeparations(), 0)
    mupdf.fz_clear_pixmap_with_value(pixmap, 255)
    target = mupdf.fz_new_draw_device(mupdf.FzMatrix(*matrix), pixmap)
    device = _TextAlone(target, wanted)
    mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(target)
    stride = mupdf.fz_pixmap_stride(pixmap)
    samples = np.frombuffer(mupdf.fz_pixmap_samples_memoryview(pixmap), np.uint8)
    # The copy outlives the pixmap.
    return samples.reshape(height, stride)[:, :width].copy()
