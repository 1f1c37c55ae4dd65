"""The tiny checkpoints of families that are Qwen's networks with other weights: MinerU2.5, Chandra.

As `tests.checkpoint_families`: sizes of patches, special tokens and chat templates are real.
"""

from __future__ import annotations

from typing import Any

import transformers
from transformers import PreTrainedTokenizerFast
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from tests.checkpoint_families import Family
from tests.checkpoint_models import ALL_TOKENS, TEXT, Ids
from workers.engines.processors import StillQwen2Processor, StillQwen3Processor


def _mineru_model(ids: Ids) -> Any:
    config = transformers.Qwen2VLConfig(
        vision_config={"depth": 2, "embed_dim": 32, "num_heads": 2, "hidden_size": 128},
        text_config={
            **TEXT,
            **_text_ids(ids),
            # vLLM's attention refuses heads under 64.
            "hidden_size": 128,
            "num_attention_heads": 2,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": [8, 12, 12],
            },
        },
        **_vision_ids(ids),
    )
    return transformers.Qwen2VLForConditionalGeneration(config)


def _chandra_model(ids: Ids) -> Any:
    config = transformers.Qwen3_5Config(
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": 64,
        },
        text_config={
            **TEXT,
            **_text_ids(ids),
            "head_dim": 64,
            "layer_types": ["linear_attention", "full_attention"],
            "linear_key_head_dim": 16,
            "linear_value_head_dim": 16,
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 4,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000_000.0,
                "partial_rotary_factor": 0.25,
                "mrope_section": [3, 3, 2],
                "mrope_interleaved": True,
            },
        },
        **_vision_ids(ids),
    )
    return transformers.Qwen3_5ForConditionalGeneration(config)


def _text_ids(ids: Ids) -> dict[str, int]:
    return {
        "vocab_size": ids[ALL_TOKENS],
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
    }


def _vision_ids(ids: Ids) -> dict[str, int]:
    return {
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }


def _mineru_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = Qwen2VLImageProcessorPil(size={"shortest_edge": 3136, "longest_edge": 1_605_632})
    return StillQwen2Processor(images, tokenizer, chat_template=_TEMPLATE)


def _chandra_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = Qwen2VLImageProcessorPil(
        patch_size=16,
        size={"shortest_edge": 65_536, "longest_edge": 16_777_216},
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )
    return StillQwen3Processor(images, tokenizer, chat_template=_TEMPLATE)


_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{%- if message['content'] is string -%}{{ message['content'] }}{%- else -%}"
    "{%- for part in message['content'] -%}"
    "{{ '<|vision_start|><|image_pad|><|vision_end|>' if part['type'] == 'image' "
    "else part['text'] }}"
    "{%- endfor -%}{%- endif -%}"
    "{{ '<|im_end|>\\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}"
)
_SPECIALS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    *("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
)

QWEN_FAMILIES: dict[str, Family] = {
    "mineru-2.5": Family(
        (
            *_SPECIALS,
            *("<|box_start|>", "<|box_end|>", "<|ref_start|>", "<|ref_end|>"),
            *("<|rotate_up|>", "<|rotate_right|>", "<|rotate_down|>", "<|rotate_left|>"),
            *("<fcel>", "<ecel>", "<lcel>", "<ucel>", "<xcel>", "<nl>"),
        ),
        end="<|im_end|>",
        pad="<|endoftext|>",
        model=_mineru_model,
        processor=_mineru_processor,
    ),
    "chandra-2": Family(
        _SPECIALS,
        end="<|im_end|>",
        pad="<|endoftext|>",
        model=_chandra_model,
        processor=_chandra_processor,
    ),
}
