"""The tiny checkpoint of dots.ocr, in the layout of its release: weights, configs, special tokens.

The names and shapes are those of `model.safetensors.index.json` at
huggingface.co/rednote-hilab/dots.ocr, the keys those of its `config.json`,
`preprocessor_config.json` and `generation_config.json`. transformers (5.23) has no class for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from tests.checkpoint_deepseek import Shapes, Weights
from tests.checkpoint_families import Family

_END = "<|endoftext|>"
_TURN_END = "<|endofassistant|>"
# As released: it takes a message's text only. That of chat_template.json takes a list of parts,
# and leaves the user's turn out there.
_TEMPLATE = (
    "{%- for m in messages %}"
    "{%- if m.role == 'user' %}{{- '<|user|>' + m.content + '<|endofuser|>' }}"
    "{%- elif m.role == 'assistant' %}{{- '<|assistant|>' + m.content }}{%- endif %}"
    "{%- endfor %}"
    "{%- if messages[-1].role != 'assistant' %}{{- '<|assistant|>' }}{%- endif %}"
)

DOTS: dict[str, Family] = {
    "dots-ocr": Family(
        (
            *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|image_pad|>", "<|video_pad|>"),
            *("<|imgpad|>", "<|img|>", "<|endofimg|>"),
            *("<|user|>", "<|endofuser|>", "<|assistant|>", _TURN_END),
        ),
        end=_TURN_END,
        pad=_END,
    ),
}


def dots_config(ids: Mapping[str, int], vocab_size: int) -> dict[str, Any]:
    """A `config.json` with the keys of the released one and small sizes."""
    return {
        "architectures": ["DotsOCRForCausalLM"],
        "model_type": "dots_ocr",
        "auto_map": {
            "AutoConfig": "configuration_dots.DotsOCRConfig",
            "AutoModelForCausalLM": "modeling_dots_ocr.DotsOCRForCausalLM",
        },
        "attention_bias": True,
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "hidden_size": 128,  # vLLM's attention refuses heads under 64
        "initializer_range": 0.02,
        "intermediate_size": 64,
        "max_position_embeddings": 131_072,
        "max_window_layers": 2,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "num_key_value_heads": 1,
        "rms_norm_eps": 1e-06,
        "rope_scaling": None,
        "rope_theta": 1_000_000,
        "sliding_window": 131_072,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.51.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": vocab_size,
        "image_token_id": ids["<|imgpad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_config": {
            "embed_dim": 32,
            "hidden_size": 128,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_channels": 3,
            "patch_size": 14,
            "post_norm": True,
            "rms_norm_eps": 1e-05,
            "spatial_merge_size": 2,
            "temporal_patch_size": 1,
            "use_bias": False,
            "attn_implementation": "flash_attention_2",
            "init_merger_std": 0.02,
            "initializer_range": 0.02,
            "is_causal": False,
        },
    }


def dots_shapes(config: Mapping[str, Any]) -> Shapes:
    """The name and shape of each weight of the network that `config` describes."""
    hidden, vocabulary = config["hidden_size"], config["vocab_size"]
    shapes: Shapes = {
        "model.embed_tokens.weight": (vocabulary, hidden),
        "model.norm.weight": (hidden,),
        "lm_head.weight": (vocabulary, hidden),
        **_vision_shapes(config["vision_config"]),
    }
    for layer in range(config["num_hidden_layers"]):
        shapes |= {
            f"model.layers.{layer}.{name}": shape for name, shape in _layer_shapes(config).items()
        }
    return shapes


def _layer_shapes(config: Mapping[str, Any]) -> Shapes:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    keys = hidden // config["num_attention_heads"] * config["num_key_value_heads"]
    return {
        "input_layernorm.weight": (hidden,),
        "post_attention_layernorm.weight": (hidden,),
        "self_attn.q_proj.weight": (hidden, hidden),
        "self_attn.q_proj.bias": (hidden,),
        "self_attn.k_proj.weight": (keys, hidden),
        "self_attn.k_proj.bias": (keys,),
        "self_attn.v_proj.weight": (keys, hidden),
        "self_attn.v_proj.bias": (keys,),
        "self_attn.o_proj.weight": (hidden, hidden),
        "mlp.gate_proj.weight": (inner, hidden),
        "mlp.up_proj.weight": (inner, hidden),
        "mlp.down_proj.weight": (hidden, inner),
    }


def _vision_shapes(vision: Mapping[str, Any]) -> Shapes:
    width, inner, side = vision["embed_dim"], vision["intermediate_size"], vision["patch_size"]
    merged = vision["spatial_merge_size"] ** 2 * width
    shapes: Shapes = {
        "patch_embed.patchifier.proj.weight": (width, vision["num_channels"], side, side),
        "patch_embed.patchifier.proj.bias": (width,),
        "patch_embed.patchifier.norm.weight": (width,),
        "post_trunk_norm.weight": (width,),
        "merger.ln_q.weight": (width,),
        "merger.ln_q.bias": (width,),
        "merger.mlp.0.weight": (merged, merged),
        "merger.mlp.0.bias": (merged,),
        "merger.mlp.2.weight": (vision["hidden_size"], merged),
        "merger.mlp.2.bias": (vision["hidden_size"],),
    }
    block: Shapes = {
        "norm1.weight": (width,),
        "norm2.weight": (width,),
        "attn.qkv.weight": (3 * width, width),
        "attn.proj.weight": (width, width),
        "mlp.fc1.weight": (inner, width),
        "mlp.fc2.weight": (width, inner),
        "mlp.fc3.weight": (inner, width),
    }
    for layer in range(vision["num_hidden_layers"]):
        shapes |= {f"blocks.{layer}.{name}": shape for name, shape in block.items()}
    return {f"vision_tower.{name}": shape for name, shape in shapes.items()}


def save_dots(folder: Path, config: Mapping[str, Any], weights: Weights, tokenizer: Any) -> Path:
    """Write a checkpoint as it was released: its tokenizer's end token ends a text, not a turn."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    ends = tokenizer.convert_tokens_to_ids([_END, _TURN_END])
    tokenizer.eos_token = _END
    tokenizer.chat_template = _TEMPLATE
    tokenizer.save_pretrained(folder)
    images = {
        "min_pixels": 3136,
        "max_pixels": 11_289_600,
        "patch_size": 14,
        "temporal_patch_size": 1,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "DotsVLProcessor",
    }
    generation = {"max_length": 32_768, "eos_token_id": ends}
    for name, content in (
        ("config.json", config),
        ("preprocessor_config.json", images),
        ("generation_config.json", generation),
    ):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")
    return folder
