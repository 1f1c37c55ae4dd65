"""A checkpoint's weights are all its own: none is drawn at random without a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from schemas.errors import NoEngineError
from schemas.recipe import EngineSpec
from tests.checkpoints import make_checkpoint
from workers.engines.checkpoint import find_checkpoint
from workers.engines.models import load_model
from workers.engines.processors import load_processor


def load(folder: Path) -> Any:
    checkpoint = find_checkpoint(EngineSpec(name="transformers", model=str(folder)))
    processor = load_processor(str(folder), checkpoint.model_type)
    return load_model(checkpoint, processor, torch.float32)


def without(folder: Path, *names: str) -> None:
    weights = load_file(folder / "model.safetensors")
    for name in names:
        del weights[name]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize("says_so", [True, False])
def test_a_missing_output_matrix_is_the_inputs(says_so: bool, tmp_path: Path) -> None:
    """As in MinerU2.5's files, in the layout of Qwen2-VL's release: one flat config."""
    folder = make_checkpoint("mineru-2.5", tmp_path)
    without(folder, "lm_head.weight")
    config = json.loads((folder / "config.json").read_text())
    text = config.pop("text_config")
    rope = text.pop("rope_parameters")
    for name in ("model_type", "layer_types", "tie_word_embeddings"):
        text.pop(name, None)
    config.pop("tie_word_embeddings", None)
    flat = {
        **text,
        **config,
        "rope_theta": rope["rope_theta"],
        "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]},
        **({"tie_word_embeddings": True} if says_so else {}),
    }
    (folder / "config.json").write_text(json.dumps(flat))
    model = load(folder)
    saved = load_file(folder / "model.safetensors")["model.embed_tokens.weight"]
    assert torch.equal(model.get_output_embeddings().weight, saved)
    assert torch.equal(model.get_input_embeddings().weight, saved)
    assert model.config.text_config.rope_parameters["mrope_section"] == [8, 12, 12]


def test_missing_weights_are_told(tmp_path: Path) -> None:
    folder = make_checkpoint("olmocr-2", tmp_path)
    names = [name for name in load_file(folder / "model.safetensors") if "mlp.up_proj" in name]
    without(folder, *names)
    with pytest.raises(NoEngineError, match=rf"lack {len(names)} weights .*up_proj.*fetch"):
        load(folder)
