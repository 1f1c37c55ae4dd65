"""vLLM's own class of Qianfan-OCR reads a checkpoint in the layout of the released one."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tests.checkpoints import make_checkpoint
from workers.engines.profiles.known import PROFILES

if find_spec("vllm") is None:
    pytest.skip("needs vLLM, which `make test-vllm` installs", allow_module_level=True)

from tests.vllm.test_sizes import ANSWER, READ, run

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

SIZES = [(905, 1280), (1280, 905), (300, 200)]


def as_released(folder: Path) -> Path:
    """The checkpoint with whole numbers for sizes, and the decoder's own names.

    transformers (5.23) writes lists, and `encoder.layers` for the decoder's layers, too.
    """
    config = json.loads((folder / "config.json").read_text())
    config["vision_config"] |= {"image_size": 448, "patch_size": 14}
    (folder / "config.json").write_text(json.dumps(config))
    path = folder / "model.safetensors"
    wrong, right = "language_model.model.encoder.", "language_model.model."
    weights = {name.replace(wrong, right): weight for name, weight in load_file(path).items()}
    save_file(weights, path, metadata={"format": "pt"})
    return folder


def test_pages_are_read_and_counted_as_the_formula_says(tmp_path: Path) -> None:
    folder = as_released(make_checkpoint("qianfan-ocr", tmp_path, ANSWER))
    [mode, _] = PROFILES["qianfan-ocr"].modes
    assert mode.tokens is not None
    costs = [mode.tokens(*size).valid for size in SIZES]
    assert run(READ, folder, mode.name, SIZES) == [["None", ANSWER, cost] for cost in costs]
