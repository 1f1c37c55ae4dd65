"""DeepSeek-OCR's first version in the layout of its release: weights, config, tokenizer files.

The names and shapes are those of `model.safetensors.index.json` at
huggingface.co/deepseek-ai/DeepSeek-OCR. They are written out here and not asked of transformers,
so that tests with them also test transformers' renaming of weights.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

Shapes = dict[str, tuple[int, ...]]
Weights = dict[str, torch.Tensor]

_SAM_PATCH_PX = 16
_SAM_CHANNELS = 256
_SAM_WINDOW = 14

REAL_TEXT: dict[str, Any] = {
    "architectures": ["DeepseekV2ForCausalLM"],
    "auto_map": {
        "AutoConfig": "configuration_deepseekv2.DeepseekV2Config",
        "AutoModel": "modeling_deepseek.DeepseekV2Model",
        "AutoModelForCausalLM": "modeling_deepseek.DeepseekV2ForCausalLM",
    },
    "bos_token_id": 0,
    "eos_token_id": 1,
    "first_k_dense_replace": 1,
    "hidden_size": 1280,
    "intermediate_size": 6848,
    "kv_lora_rank": None,
    "lm_head": True,
    "max_position_embeddings": 8192,
    "moe_intermediate_size": 896,
    "n_group": 1,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "num_attention_heads": 10,
    "num_experts_per_tok": 6,
    "num_hidden_layers": 12,
    "num_key_value_heads": 10,
    "q_lora_rank": None,
    "qk_nope_head_dim": 0,
    "qk_rope_head_dim": 0,
    "rm_head": False,
    "topk_group": 1,
    "topk_method": "greedy",
    "torch_dtype": "bfloat16",
    "use_mla": False,
    "v_head_dim": 0,
    "vocab_size": 129_280,
}
REAL_SAM: dict[str, Any] = {
    "downsample_channels": [512, 1024],
    "global_attn_indexes": [2, 5, 8, 11],
    "heads": 12,
    "layers": 12,
    "width": 768,
}
REAL_CLIP: dict[str, Any] = {
    "heads": 16,
    "image_size": 224,
    "layers": 24,
    "patch_size": 14,
    "width": 1024,
}
# Small, but with more than one of everything: heads, experts of each kind, dense and sparse layers,
# layers with windows and without.
TINY_TEXT: dict[str, Any] = {
    **REAL_TEXT,
    "hidden_size": 64,
    "intermediate_size": 96,
    "moe_intermediate_size": 32,
    "n_routed_experts": 4,
    "n_shared_experts": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 2,
}
TINY_SAM: dict[str, Any] = {
    "downsample_channels": [16, 32],
    "global_attn_indexes": [1],
    "heads": 2,
    "layers": 2,
    "width": 16,
}
TINY_CLIP: dict[str, Any] = {**REAL_CLIP, "heads": 2, "layers": 2, "width": 32}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of the decoder and of both parts of the encoder, by the keys of `config.json`."""

    text: Mapping[str, Any]
    sam: Mapping[str, Any]
    clip: Mapping[str, Any]


REAL = Sizes(REAL_TEXT, REAL_SAM, REAL_CLIP)
TINY = Sizes(TINY_TEXT, TINY_SAM, TINY_CLIP)


def original_config(sizes: Sizes = REAL, **text_values: int) -> dict[str, Any]:
    """A `config.json` with the keys of the released one, the decoder's twice as there."""
    text, sam, clip = {**sizes.text, **text_values}, sizes.sam, sizes.clip
    others = ("architectures", "auto_map", "torch_dtype")
    return {
        "_name_or_path": "deepseek-ai/DeepSeek-OCR",
        "candidate_resolutions": [[1024, 1024]],
        "global_view_pos": "head",
        "architectures": ["DeepseekOCRForCausalLM"],
        "auto_map": {
            "AutoConfig": "modeling_deepseekocr.DeepseekOCRConfig",
            "AutoModel": "modeling_deepseekocr.DeepseekOCRForCausalLM",
        },
        "language_config": text,
        "model_type": "deepseek_vl_v2",
        "projector_config": {
            "input_dim": sam["downsample_channels"][-1] + clip["width"],
            "model_type": "mlp_projector",
            "n_embed": text["hidden_size"],
            "projector_type": "linear",
        },
        "tile_tag": "2D",
        "torch_dtype": "bfloat16",
        "transformers_version": "4.46.3",
        "vision_config": {
            "image_size": 1024,
            "mlp_ratio": 3.7362,
            "model_name": "deeplip_b_l",
            "model_type": "vision",
            "width": {"clip-l-14-224": dict(clip), "sam_vit_b": dict(sam)},
        },
        **{key: value for key, value in text.items() if key not in others},
    }


def original_shapes(config: Mapping[str, Any]) -> Shapes:
    """The name and shape of each weight of the network that `config` describes."""
    widths = config["vision_config"]["width"]
    text, projector = config["language_config"], config["projector_config"]
    hidden = text["hidden_size"]
    shapes = {
        **_sam_shapes(widths["sam_vit_b"], config["vision_config"]["image_size"]),
        **_clip_shapes(widths["clip-l-14-224"]),
        "model.projector.layers.weight": (projector["n_embed"], projector["input_dim"]),
        "model.projector.layers.bias": (projector["n_embed"],),
        "model.image_newline": (hidden,),
        "model.view_seperator": (hidden,),
        "model.embed_tokens.weight": (text["vocab_size"], hidden),
        "model.norm.weight": (hidden,),
        "lm_head.weight": (text["vocab_size"], hidden),
    }
    for layer in range(text["num_hidden_layers"]):
        shapes |= _decoder_shapes(text, layer)
    return shapes


def _sam_shapes(sam: Mapping[str, Any], image_px: int) -> Shapes:
    width, first, second = sam["width"], *sam["downsample_channels"]
    side = image_px // _SAM_PATCH_PX
    shapes: Shapes = {
        "pos_embed": (1, side, side, width),
        "patch_embed.proj.weight": (width, 3, _SAM_PATCH_PX, _SAM_PATCH_PX),
        "patch_embed.proj.bias": (width,),
        "neck.0.weight": (_SAM_CHANNELS, width, 1, 1),
        "neck.1.weight": (_SAM_CHANNELS,),
        "neck.1.bias": (_SAM_CHANNELS,),
        "neck.2.weight": (_SAM_CHANNELS, _SAM_CHANNELS, 3, 3),
        "neck.3.weight": (_SAM_CHANNELS,),
        "neck.3.bias": (_SAM_CHANNELS,),
        "net_2.weight": (first, _SAM_CHANNELS, 3, 3),
        "net_3.weight": (second, first, 3, 3),
    }
    for layer in range(sam["layers"]):
        reach = side if layer in sam["global_attn_indexes"] else _SAM_WINDOW
        distances = (2 * reach - 1, width // sam["heads"])
        block = {
            **_with_bias("norm1", width),
            **_with_bias("attn.qkv", 3 * width, width),
            **_with_bias("attn.proj", width, width),
            "attn.rel_pos_h": distances,
            "attn.rel_pos_w": distances,
            **_with_bias("norm2", width),
            **_with_bias("mlp.lin1", 4 * width, width),
            **_with_bias("mlp.lin2", width, 4 * width),
        }
        shapes |= {f"blocks.{layer}.{name}": shape for name, shape in block.items()}
    return {f"model.sam_model.{name}": shape for name, shape in shapes.items()}


def _clip_shapes(clip: Mapping[str, Any]) -> Shapes:
    width, patch_px = clip["width"], clip["patch_size"]
    shapes: Shapes = {
        "embeddings.class_embedding": (width,),
        "embeddings.patch_embedding.weight": (width, 3, patch_px, patch_px),  # never used
        "embeddings.position_embedding.weight": ((clip["image_size"] // patch_px) ** 2 + 1, width),
        **_with_bias("pre_layrnorm", width),
    }
    for layer in range(clip["layers"]):
        block = {
            **_with_bias("layer_norm1", width),
            **_with_bias("self_attn.qkv_proj", 3 * width, width),
            **_with_bias("self_attn.out_proj", width, width),
            **_with_bias("layer_norm2", width),
            **_with_bias("mlp.fc1", 4 * width, width),
            **_with_bias("mlp.fc2", width, 4 * width),
        }
        shapes |= {f"transformer.layers.{layer}.{name}": shape for name, shape in block.items()}
    return {f"model.vision_model.{name}": shape for name, shape in shapes.items()}


def _decoder_shapes(text: Mapping[str, Any], layer: int) -> Shapes:
    hidden, expert = text["hidden_size"], text["moe_intermediate_size"]
    shapes: Shapes = {
        "input_layernorm.weight": (hidden,),
        "post_attention_layernorm.weight": (hidden,),
        **{f"self_attn.{each}_proj.weight": (hidden, hidden) for each in "qkvo"},
    }
    if layer < text["first_k_dense_replace"]:
        shapes |= _gated("mlp", hidden, text["intermediate_size"])
    else:
        shapes["mlp.gate.weight"] = (text["n_routed_experts"], hidden)
        shapes |= _gated("mlp.shared_experts", hidden, text["n_shared_experts"] * expert)
        for number in range(text["n_routed_experts"]):
            shapes |= _gated(f"mlp.experts.{number}", hidden, expert)
    return {f"model.layers.{layer}.{name}": shape for name, shape in shapes.items()}


def _gated(name: str, hidden: int, inner: int) -> Shapes:
    return {
        f"{name}.gate_proj.weight": (inner, hidden),
        f"{name}.up_proj.weight": (inner, hidden),
        f"{name}.down_proj.weight": (hidden, inner),
    }


def _with_bias(name: str, *shape: int) -> Shapes:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def random_weights(shapes: Shapes, seed: int, embedding: float = 0.02) -> Weights:
    """Weights with which every layer counts: products keep the scale, norms are near 1.

    `embedding` is the deviation of the tokens' embeddings.
    """
    draw = torch.Generator().manual_seed(seed)
    weights: Weights = {}
    for name, shape in shapes.items():
        values = torch.randn(shape, generator=draw)
        if name.endswith(("embed_tokens.weight", "lm_head.weight")):
            values *= embedding
        elif "norm" in name or ".neck.1." in name or ".neck.3." in name:
            values = 0.1 * values + (1 if name.endswith("weight") else 0)
        elif len(shape) > 1 and "pos" not in name:
            values /= math.sqrt(math.prod(shape[1:]))
        else:
            values *= 0.3
        weights[name] = values
    return weights


def save_original(
    folder: Path, config: Mapping[str, Any], weights: Weights, tokenizer: Any
) -> Path:
    """Write a checkpoint as it was released, which is without `generation_config.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    tokenizer.save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings |= {"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": True}
    processor = {
        "add_special_token": False,
        "candidate_resolutions": [[1024, 1024]],
        "downsample_ratio": 4,
        "ignore_id": -100,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "image_token": "<image>",
        "mask_prompt": False,
        "normalize": True,
        "pad_token": "<｜▁pad▁｜>",
        "patch_size": 16,
        "processor_class": "DeepseekVLV2Processor",
        "sft_format": "deepseek",
    }
    for name, content in (
        ("config.json", config),
        ("tokenizer_config.json", settings),
        ("processor_config.json", processor),
    ):
        (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return folder
