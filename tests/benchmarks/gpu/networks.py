"""The models of the benchmark: real dimensions, random weights, tokenizers made on the spot.

v1          DeepSeek-OCR: arXiv 2510.18234, `config.json` at huggingface.co/deepseek-ai
v2          DeepSeek-OCR-2: arXiv 2601.20552; its encoder is that of Qwen2-0.5B
lighton     LightOnOCR-2-1B: arXiv 2601.14251; the defaults of transformers' config
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers

from schemas.recipe import EngineSpec
from tests.checkpoint_deepseek import original_config
from tests.checkpoints import make_checkpoint
from workers.engines.checkpoint import find_checkpoint
from workers.engines.loaded import Loaded
from workers.engines.plan import make_plan
from workers.engines.processors import load_processor
from workers.engines.transformers import TransformersEngine, load_transformers

_DECODER = {
    "vocab_size": 129_280,
    "hidden_size": 1280,
    "intermediate_size": 6848,
    "num_hidden_layers": 12,
    "num_attention_heads": 10,
    "num_key_value_heads": 10,
    "max_position_embeddings": 8192,
    "mlp_layer_types": ["dense"] + ["sparse"] * 11,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "num_experts_per_tok": 6,
    "moe_intermediate_size": 896,
    "n_group": 1,
    "topk_group": 1,
}
_V2_ENCODER = {
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
}
_V2_SAM = {
    "num_hidden_layers": 12,
    "initializer_range": 0.02,
    "downsample_channels": [512, 896],
    "global_attn_indexes": [2, 5, 8, 11],
}


def _v1(image_token_id: int) -> Any:
    # Imported here: transformers 5.19 and earlier have no such class.
    from transformers import UnlimitedOcrForConditionalGeneration

    from workers.engines.deepseek_ocr.model import network_config

    config = network_config(original_config())
    config.image_token_id = image_token_id
    return UnlimitedOcrForConditionalGeneration(config)


def _v2(image_token_id: int) -> Any:
    config = transformers.DeepseekOcr2Config(
        vision_config={"sam_config": _V2_SAM, "encoder_config": _V2_ENCODER},
        text_config=_DECODER,
        image_token_id=image_token_id,
    )
    return transformers.DeepseekOcr2ForConditionalGeneration(config)


def _lighton(image_token_id: int) -> Any:
    config = transformers.LightOnOcrConfig(image_token_id=image_token_id)
    return transformers.LightOnOcrForConditionalGeneration(config)


_MODELS: dict[str, tuple[str, Callable[[int], Any]]] = {
    "DeepSeek-OCR": ("deepseek-ocr", _v1),
    "DeepSeek-OCR-2": ("deepseek-ocr-2", _v2),
    "LightOnOCR-2-1B": ("lighton-ocr", _lighton),
}


def make_engine(name: str, mode: str, is_small: bool) -> TransformersEngine:
    """An engine over a random model: on the GPU in bfloat16 if there is one, else in float32.

    `is_small`: a tiny model of the family, to try the script without a GPU.
    """
    profile, make_model = _MODELS[name]
    on_gpu = torch.cuda.is_available()
    with TemporaryDirectory() as folder:
        make_checkpoint(profile, Path(folder))
        spec = EngineSpec(name="transformers", model=folder, mode=mode)
        if is_small:
            return load_transformers(spec)
        checkpoint = find_checkpoint(spec)
        processor = load_processor(folder, checkpoint.model_type)
    torch.manual_seed(0)
    with torch.device("cuda" if on_gpu else "cpu"):
        model = make_model(processor.image_token_id).eval()
    model = model.to(torch.bfloat16 if on_gpu else torch.float32)
    return TransformersEngine(Loaded(checkpoint, model, processor, 1), make_plan(spec, checkpoint))
