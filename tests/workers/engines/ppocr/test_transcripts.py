"""Lines are decoded as by RapidOCR's decoder, and batches as line by line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode

from workers.engines.ppocr.transcripts import Transcriber
from workers.engines.text_lines import Recognised, decoded, recognised

SINGLE = list("abc\u3000")
LIGATURE = ["a", "b", "ffi"]

batches = st.integers(1, 12).flatmap(
    lambda steps: st.lists(
        st.tuples(
            st.lists(st.integers(0, 4), min_size=steps, max_size=steps),
            st.lists(st.floats(0, 1, width=32), min_size=steps, max_size=steps),
            st.integers(8 * steps - 15, 8 * steps).map(lambda width: max(1, width)),
        ),
        min_size=1,
        max_size=5,
    )
)


def line_by_line(
    classes: np.ndarray, probabilities: np.ndarray, widths: Sequence[int], characters: list[str]
) -> list[Recognised]:
    lines, _ = CTCLabelDecode(character=list(characters)).decode(
        classes, probabilities, remove_duplicate=True
    )
    letters = ["", *characters, " "]
    pairs = zip(classes, probabilities, strict=True)
    assert [decoded(*pair, letters) for pair in pairs] == lines
    return [
        recognised(text, confidence, steps, width)
        for (text, confidence), steps, width in zip(lines, classes, widths, strict=True)
    ]


@pytest.mark.parametrize("characters", [SINGLE, LIGATURE])
@given(batch=batches)
def test_a_batch_is_decoded_as_line_by_line(
    characters: list[str], batch: list[tuple[list[int], list[float], int]]
) -> None:
    classes = np.minimum([line for line, _, _ in batch], len(characters) + 1).astype(np.int32)
    probabilities = np.array([line for _, line, _ in batch], np.float32)
    widths = [width for _, _, width in batch]
    truths = line_by_line(classes, probabilities, widths, characters)
    lines = Transcriber(characters)(classes, probabilities, widths)
    for line, truth in zip(lines, truths, strict=True):
        assert (line.text, line.places) == (truth.text, truth.places)
        # Rounding the mean of rounded values may fall on either side of a tie.
        assert line.confidence == pytest.approx(truth.confidence, abs=1.01e-5)


def test_a_repeated_letter_needs_a_blank_between() -> None:
    classes = np.array([[1, 1, 0, 1, 4, 0, 0, 2]], np.int32)
    [line] = Transcriber(["a", "b", "c"])(classes, np.full((1, 8), 0.5, np.float32), [64])
    assert line == Recognised("aa b", 0.5, (1 / 8, 3.5 / 8, 4.5 / 8, 7.5 / 8))
