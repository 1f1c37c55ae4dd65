"""The models of the tiny checkpoints: random weights, and the real sizes of images and patches.

A model is made from the ids of its special tokens. The key `ALL_TOKENS` holds the size of the
vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import transformers

Ids = Mapping[str, int]
ALL_TOKENS = ""

TEXT = {
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
}
_EXPERTS = {
    **TEXT,
    "num_key_value_heads": 4,
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
}
_MROPE = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 3, 3]}
VISION = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
# The same sizes under the names that Qwen's vision tower uses.
_QWEN_VISION = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_heads": 2,
    "out_hidden_size": 64,
}
_SAM = {
    "hidden_size": 16,
    "output_channels": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "global_attn_indexes": [1],
    "image_size": 1024,
    "initializer_range": 0.02,
}
_DEEPSEEK_CHANNELS = {"downsample_channels": [16, 32]}


def _text(ids: Ids, dimensions: Mapping[str, Any] = TEXT, **others: Any) -> dict[str, Any]:
    return {**dimensions, "vocab_size": ids[ALL_TOKENS], **others}


def _deepseek_text(ids: Ids, **others: Any) -> dict[str, Any]:
    ends = {
        "bos_token_id": ids["<｜begin▁of▁sentence｜>"],
        "eos_token_id": ids["<｜end▁of▁sentence｜>"],
    }
    return _text(ids, _EXPERTS, **ends, **others)


def deepseek2_model(ids: Ids) -> Any:
    config = transformers.DeepseekOcr2Config(
        vision_config={
            "sam_config": {**_SAM, **_DEEPSEEK_CHANNELS, "mlp_ratio": 2.0},
            "encoder_config": {**VISION, "num_key_value_heads": 2},
        },
        text_config=_deepseek_text(
            ids, mlp_layer_types=["dense", "sparse"], n_group=1, topk_group=1
        ),
        image_token_id=ids["<image>"],
    )
    return transformers.DeepseekOcr2ForConditionalGeneration(config)


def unlimited_model(ids: Ids) -> Any:
    config = transformers.UnlimitedOcrConfig(
        vision_config={
            "sam_config": {**_SAM, **_DEEPSEEK_CHANNELS, "mlp_dim": 32},
            "encoder_config": VISION,
        },
        text_config=_deepseek_text(ids),
        image_token_id=ids["<image>"],
    )
    return transformers.UnlimitedOcrForConditionalGeneration(config)


def got_model(ids: Ids) -> Any:
    config = transformers.GotOcr2Config(
        vision_config={**_SAM, "mlp_dim": 32},
        text_config=_text(ids, model_type="qwen2"),
        image_token_index=ids["<imgpad>"],
        tie_word_embeddings=False,
    )
    return transformers.GotOcr2ForConditionalGeneration(config)


def lighton_model(ids: Ids) -> Any:
    sizes = {"head_dim": 16, "image_size": 1540, "patch_size": 14}
    config = transformers.LightOnOcrConfig(
        vision_config={**VISION, **sizes, "model_type": "pixtral"},
        # vLLM's attention refuses heads under 64.
        text_config=_text(ids, model_type="qwen3", head_dim=64),
        image_token_id=ids["<|image_pad|>"],
        tie_word_embeddings=False,
    )
    return transformers.LightOnOcrForConditionalGeneration(config)


def paddle_model(ids: Ids) -> Any:
    config = transformers.PaddleOCRVLConfig(
        vision_config=VISION,
        text_config=_text(
            ids,
            head_dim=16,
            pad_token_id=ids["<unk>"],
            bos_token_id=ids["<s>"],
            eos_token_id=ids["</s>"],
            rope_parameters=_MROPE,
            tie_word_embeddings=False,
        ),
        image_token_id=ids["<|IMAGE_PLACEHOLDER|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|IMAGE_START|>"],
        vision_end_token_id=ids["<|IMAGE_END|>"],
        tie_word_embeddings=False,
    )
    return transformers.PaddleOCRVLForConditionalGeneration(config)


def glm_model(ids: Ids) -> Any:
    config = transformers.GlmOcrConfig(
        vision_config=_QWEN_VISION,
        text_config=_text(
            ids,
            head_dim=16,
            pad_token_id=ids["<|endoftext|>"],
            eos_token_id=[ids["<|endoftext|>"], ids["<|user|>"]],
            rope_parameters={**_MROPE, "partial_rotary_factor": 1.0},
        ),
        image_token_id=ids["<|image|>"],
        video_token_id=ids["<|video|>"],
        image_start_token_id=ids["<|begin_of_image|>"],
        image_end_token_id=ids["<|end_of_image|>"],
        video_start_token_id=ids["<|begin_of_video|>"],
        video_end_token_id=ids["<|end_of_video|>"],
    )
    return transformers.GlmOcrForConditionalGeneration(config)


def qwen_model(ids: Ids) -> Any:
    config = transformers.Qwen2_5_VLConfig(
        vision_config={**_QWEN_VISION, "fullatt_block_indexes": [1]},
        text_config=_text(
            ids,
            bos_token_id=ids["<|endoftext|>"],
            eos_token_id=ids["<|im_end|>"],
            rope_parameters=_MROPE,
        ),
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    return transformers.Qwen2_5_VLForConditionalGeneration(config)


def idefics_model(ids: Ids) -> Any:
    end = ids["<|end_of_text|>"]
    config = transformers.Idefics3Config(
        vision_config={**VISION, "image_size": 512, "patch_size": 16},
        text_config=_text(ids, model_type="llama", pad_token_id=end),
        scale_factor=4,
        image_token_id=ids["<image>"],
        pad_token_id=end,
    )
    return transformers.Idefics3ForConditionalGeneration(config)
