"""Loads DeepSeek-OCR's first version, as it was published, into transformers' own classes.

transformers (5.23) has no class of that name, but `UnlimitedOcrForConditionalGeneration` is the
same network, and its weight renaming starts from the names of this release. One thing differs:
Unlimited-OCR slides a window over its answer, this decoder attends to everything.

Code of the checkpoint (`auto_map`) is never run. What its `config.json` asks for and these classes
lack is refused, and so is a file in which a weight is missing or left over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedConfig
from transformers.models.unlimited_ocr.configuration_unlimited_ocr import UnlimitedOcrConfig
from transformers.models.unlimited_ocr.modeling_unlimited_ocr import (
    UnlimitedOcrForConditionalGeneration,
)

from schemas.errors import NoEngineError
from workers.engines.checkpoint import Checkpoint

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Json = Mapping[str, Any]

_SIZES = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "moe_intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "n_routed_experts",
    "n_shared_experts",
    "num_experts_per_tok",
    "first_k_dense_replace",
    "max_position_embeddings",
    "bos_token_id",
    "eos_token_id",
)
_DEFAULTS: Mapping[str, float] = {
    "rms_norm_eps": 1e-6,
    "rope_theta": 10_000.0,
    "routed_scaling_factor": 1.0,
}
"""What the published file leaves to its class, `DeepseekV2Config`."""
_ONLY: Mapping[str, object] = {
    "use_mla": False,
    "topk_method": "greedy",
    "scoring_func": "softmax",
    "norm_topk_prob": False,
    "moe_layer_freq": 1,
    "rope_scaling": None,
    "attention_bias": False,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
}
"""The values for which the two networks are the same. A key that is not there has its value."""
# Constants of the released code (`sam_vary_sdpa.py`, `clip_sdpa.py`), named in no config.
_SAM_CHANNELS = 256
_MLP_RATIO = 4


def network_config(original: Json) -> UnlimitedOcrConfig:
    """transformers' config for the network that a published `config.json` describes.

    Its `image_token_id` is not in that file: the tokenizer knows it.

    Raises NoEngineError where a key is missing, or the network is another one.
    """
    text = {**original, **_part(original, "language_config")}
    for key, value in _ONLY.items():
        if text.get(key, value) != value:
            raise NoEngineError(f"config.json: {key} is {text[key]!r}, and can only be {value!r}")
    projector = _part(original, "projector_config")
    if projector.get("projector_type") != "linear":
        raise NoEngineError(
            f"config.json: projector_type is {projector.get('projector_type')!r}, and can only be "
            "'linear'"
        )
    if missing := [key for key in _SIZES if key not in text]:
        raise NoEngineError(f"config.json: language_config lacks {', '.join(missing)}")
    vision = _part(original, "vision_config")
    widths = _part(vision, "width")
    sam, clip = _part(widths, "sam_vit_b"), _part(widths, "clip-l-14-224")
    try:
        return UnlimitedOcrConfig(
            vision_config={
                "sam_config": {
                    "image_size": vision["image_size"],
                    "hidden_size": sam["width"],
                    "num_hidden_layers": sam["layers"],
                    "num_attention_heads": sam["heads"],
                    "global_attn_indexes": sam["global_attn_indexes"],
                    "downsample_channels": sam["downsample_channels"],
                    "output_channels": _SAM_CHANNELS,
                    "mlp_dim": _MLP_RATIO * sam["width"],
                },
                "encoder_config": {
                    "image_size": clip["image_size"],
                    "patch_size": clip["patch_size"],
                    "hidden_size": clip["width"],
                    "num_hidden_layers": clip["layers"],
                    "num_attention_heads": clip["heads"],
                    "intermediate_size": _MLP_RATIO * clip["width"],
                },
            },
            text_config={
                **{key: text[key] for key in _SIZES},
                "rms_norm_eps": text.get("rms_norm_eps", _DEFAULTS["rms_norm_eps"]),
                "routed_scaling_factor": text.get(
                    "routed_scaling_factor", _DEFAULTS["routed_scaling_factor"]
                ),
                "rope_parameters": {
                    "rope_type": "default",
                    "rope_theta": text.get("rope_theta", _DEFAULTS["rope_theta"]),
                },
                "layer_types": ["full_attention"] * text["num_hidden_layers"],
            },
        )
    except KeyError as exc:
        raise NoEngineError(f"config.json: vision_config lacks {exc}") from exc


def _part(config: Json, key: str) -> Json:
    part = config.get(key)
    if not isinstance(part, Mapping):
        raise NoEngineError(f"config.json: it has no {key}")
    return part


def load_deepseek_ocr(
    checkpoint: Checkpoint, image_token_id: int, dtype: torch.dtype
) -> PreTrainedModel:
    """The model of a published checkpoint.

    Raises NoEngineError where it is not this network or not complete; else what transformers
    raises: OSError, ValueError or RuntimeError.
    """
    original, _ = PreTrainedConfig.get_config_dict(
        checkpoint.location, revision=checkpoint.commit or "main"
    )
    config = network_config(original)
    config.image_token_id = image_token_id
    model, info = UnlimitedOcrForConditionalGeneration.from_pretrained(
        checkpoint.location,
        revision=checkpoint.commit or "main",
        config=config,
        dtype=dtype,
        output_loading_info=True,
    )
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if names := sorted(map(str, info[kind])):
            raise NoEngineError(
                f"{checkpoint.location}: its weights are not this network's: {kind} "
                f"{', '.join(names[:3])} ({len(names)} in all)"
            )
    return model
