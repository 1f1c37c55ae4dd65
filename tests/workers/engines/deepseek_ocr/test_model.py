"""A published checkpoint in transformers' classes computes what the plain reference computes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file
from transformers.models.unlimited_ocr.modeling_unlimited_ocr import (
    UnlimitedOcrForConditionalGeneration,
)

from schemas.errors import NoEngineError
from schemas.recipe import EngineSpec
from tests.checkpoint_deepseek import original_config, original_shapes, random_weights
from tests.checkpoints import make_checkpoint
from tests.workers.engines.deepseek_ocr import reference
from workers.engines.checkpoint import find_checkpoint
from workers.engines.deepseek_ocr.model import load_deepseek_ocr, network_config
from workers.engines.deepseek_ocr.processor import DeepseekOcrProcessor, load_deepseek_processor
from workers.engines.profiles.known import PROFILES
from workers.engines.profiles.profile import Mode

MODES = PROFILES["deepseek-ocr"].modes
PAGES = {"gundam": [(700, 700), (400, 300)], "gundam-m": [(1400, 640)]}
"""Pages of 2 x 2 tiles, of none, and of 2 tiles beside each other."""
EXACT = 1e-4


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """A checkpoint's folder, and what is in it."""

    folder: Path
    config: dict[str, Any]
    weights: reference.Weights
    processor: DeepseekOcrProcessor


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Checkpointed:
    """A tiny checkpoint whose embeddings are as large as what the encoder puts out."""
    folder = make_checkpoint("deepseek-ocr", tmp_path_factory.mktemp("deepseek"))
    config = json.loads((folder / "config.json").read_text())
    weights = random_weights(original_shapes(config), seed=1, embedding=1.0)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return Checkpointed(folder, config, weights, load_deepseek_processor(str(folder)))


def load(folder: Path, image_token_id: int) -> Any:
    checkpoint = find_checkpoint(EngineSpec(name="transformers", model=str(folder)))
    return load_deepseek_ocr(checkpoint, image_token_id, torch.float32).eval()


def drawn(width: int, height: int) -> Image.Image:
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    for y in range(20, height, 30):
        draw.text((15, y), f"Line {y} of a page, in ink. " * 4, fill=(y % 200, 30, 80))
    return page


def inputs(made: Checkpointed, mode: Mode, size: tuple[int, int]) -> Any:
    text = "<image>\n<|grounding|>Convert the document to markdown."
    return made.processor([drawn(*size)], [text], **mode.image_settings)


def truth(made: Checkpointed, weights: reference.Weights, batch: Any) -> reference.Record:
    """What each part of the reference puts out for the one page of the batch."""
    record: reference.Record = {}
    tiles = batch.get("pixel_values_local")
    columns = batch["patches_grid"][0][0]
    image = reference.image_inputs(
        weights, made.config, batch["pixel_values"][0], tiles, columns, record
    )
    tokens = batch["input_ids"][0]
    reference.forward(weights, made.config, tokens, image, made.processor.image_token_id, record)
    return record


@dataclass(slots=True)
class Recorder:
    """What modules put out at their first call in a forward pass: for the encoder, the view's."""

    model: Any
    seen: reference.Record = field(default_factory=dict)

    def modules(self) -> dict[str, Any]:
        tower, decoder = self.model.model.vision_tower, self.model.model.language_model
        named = {"sam.patches": tower.sam_encoder.patch_embed, "sam.neck": tower.sam_encoder.neck}
        named |= {f"sam.{n}": layer for n, layer in enumerate(tower.sam_encoder.layers)}
        named |= {"sam.compressed": tower.sam_encoder.proj}
        named |= {"clip.in": tower.vision_encoder.pre_layrnorm}
        named |= {f"clip.{n}": la for n, la in enumerate(tower.vision_encoder.encoder.layers)}
        named |= {"projected": self.model.model.multi_modal_projector}
        named |= {f"decoder.{n}": layer for n, layer in enumerate(decoder.layers)}
        return named | {"decoder.norm": decoder.norm, "scores": self.model.lm_head}

    @contextmanager
    def recording(self) -> Iterator[None]:
        def keep(name: str) -> Any:
            def hook(_: Any, __: Any, out: Any) -> None:
                self.seen.setdefault(name, (out[0] if isinstance(out, tuple) else out).detach())

            return hook

        hooks = [part.register_forward_hook(keep(name)) for name, part in self.modules().items()]

        def keep_inputs(_: Any, given: tuple[torch.Tensor, ...]) -> None:
            self.seen.setdefault("decoder.in", given[0].detach())

        first = self.model.model.language_model.layers[0]
        hooks.append(first.register_forward_pre_hook(keep_inputs))
        yield
        for hook in hooks:
            hook.remove()


def computed(model: Any, batch: Any) -> reference.Record:
    recorder = Recorder(model)
    with recorder.recording(), torch.inference_mode():
        model(**batch)
    return {name: out[0] if out.shape[0] == 1 else out for name, out in recorder.seen.items()}


def worst(found: reference.Record, expected: reference.Record) -> dict[str, float]:
    """The largest difference of each part, relative to the largest value where that is over 1."""
    return {
        name: float((found[name].reshape(out.shape) - out).abs().max() / max(1.0, out.abs().max()))
        for name, out in expected.items()
    }


@pytest.mark.parametrize(
    "mode",
    [mode for mode in MODES if mode.name != "large"],  # Gundam-M's view is Large's
    ids=lambda mode: mode.name,
)
def test_every_layer_is_the_references(mode: Mode, made: Checkpointed) -> None:
    model = load(made.folder, made.processor.image_token_id)
    for size in PAGES.get(mode.name, [(500, 700)]):
        batch = inputs(made, mode, size)
        differences = worst(computed(model, batch), truth(made, made.weights, batch))
        assert len(differences) == 14
        assert max(differences.values()) < EXACT, differences


# Pairs of weights of one shape: a renaming that mixes them up is seen nowhere but in the numbers.
MIXED_UP = [
    ("model.view_seperator", "model.image_newline"),
    ("model.sam_model.blocks.1.attn.rel_pos_h", "model.sam_model.blocks.1.attn.rel_pos_w"),
    ("model.sam_model.blocks.0.norm1.weight", "model.sam_model.blocks.0.norm2.weight"),
    ("model.sam_model.neck.1.weight", "model.sam_model.neck.3.weight"),
    (
        "model.vision_model.transformer.layers.0.layer_norm1.bias",
        "model.vision_model.transformer.layers.0.layer_norm2.bias",
    ),
    ("model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight"),
    ("model.layers.0.mlp.gate_proj.weight", "model.layers.0.mlp.up_proj.weight"),
    (
        "model.layers.1.mlp.experts.0.gate_proj.weight",
        "model.layers.1.mlp.experts.0.up_proj.weight",
    ),
    (
        "model.layers.1.mlp.experts.2.down_proj.weight",
        "model.layers.1.mlp.experts.3.down_proj.weight",
    ),
    ("model.embed_tokens.weight", "lm_head.weight"),
]


@pytest.mark.parametrize("pair", MIXED_UP, ids=lambda pair: pair[0])
def test_a_mixed_up_name_would_be_seen(pair: tuple[str, str], made: Checkpointed) -> None:
    first, second = pair
    mixed = {**made.weights, first: made.weights[second], second: made.weights[first]}
    model = load(made.folder, made.processor.image_token_id)
    batch = inputs(made, MODES[0], (500, 700))
    differences = worst(computed(model, batch), truth(made, mixed, batch))
    assert max(differences.values()) > 100 * EXACT, differences


def test_the_decoder_attends_to_everything(made: Checkpointed) -> None:
    """Token by token, with its cache: an answer longer than Unlimited-OCR's window of 128."""
    model = load(made.folder, made.processor.image_token_id)
    batch = inputs(made, MODES[0], (500, 700))
    with torch.inference_mode():
        out = model.generate(
            **batch, max_new_tokens=160, min_new_tokens=160, do_sample=False, output_logits=True,
            return_dict_in_generate=True,
        )  # fmt: skip
    whole = {**batch, "input_ids": out.sequences[:, :-1]}
    expected = truth(made, made.weights, whole)["scores"][-160:]
    scores = torch.cat(list(out.logits))
    assert float((scores - expected).abs().max() / expected.abs().max()) < EXACT


def test_the_released_names_and_sizes_are_those_of_the_network() -> None:
    """By `model.safetensors.index.json`: 2,710 tensors, 6,672,212,480 bytes in bfloat16."""
    config = original_config()
    shapes = original_shapes(config)
    elements = sum(torch.Size(shape).numel() for shape in shapes.values())
    assert (len(shapes), 2 * elements) == (2710, 6_672_212_480)
    with torch.device("meta"):
        model = UnlimitedOcrForConditionalGeneration(network_config(config))
    patches = torch.Size(shapes["model.vision_model.embeddings.patch_embedding.weight"]).numel()
    assert sum(weight.numel() for weight in model.parameters()) == elements - patches


@pytest.mark.parametrize(
    ("key", "value"),
    [("use_mla", True), ("topk_method", "noaux_tc"), ("norm_topk_prob", True)],
)
def test_another_network_is_refused(key: str, value: object) -> None:
    config = original_config()
    config["language_config"][key] = value
    with pytest.raises(NoEngineError, match=key):
        network_config(config)


def test_a_config_without_its_parts_is_refused() -> None:
    for part in ("language_config", "vision_config", "projector_config"):
        config = original_config()
        del config[part]
        with pytest.raises(NoEngineError, match=part):
            network_config(config)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"model.view_seperator": None}, NoEngineError, "missing_keys"),
        ({"model.norm.scale": torch.ones(64)}, NoEngineError, "unexpected_keys"),
        ({"model.layers.1.mlp.experts.3.up_proj.weight": None}, RuntimeError, "."),
        ({"model.image_newline": torch.ones(32)}, RuntimeError, "."),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    change: dict[str, torch.Tensor | None], error: type[Exception], says: str, tmp_path: Path
) -> None:
    folder = make_checkpoint("deepseek-ocr", tmp_path)
    weights = {**load_file(folder / "model.safetensors"), **change}
    kept = {name: weight for name, weight in weights.items() if weight is not None}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(error, match=says):
        load(folder, 3)
