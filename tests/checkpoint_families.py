"""What the tiny checkpoints of each family are made of: configurations, processors, tokens.

Widths and depths are small; what decides the number of image tokens is as in the real ones. So are
the names of special tokens, and the shapes of chat templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import transformers
from transformers import PreTrainedTokenizerFast
from transformers.models.deepseek_ocr2.image_processing_pil_deepseek_ocr2 import (
    DeepseekOcr2ImageProcessorPil,
)
from transformers.models.glm46v.image_processing_pil_glm46v import Glm46VImageProcessorPil
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.paddleocr_vl.image_processing_pil_paddleocr_vl import (
    PaddleOCRVLImageProcessorPil,
)
from transformers.models.pixtral.image_processing_pil_pixtral import PixtralImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from workers.engines.processors import StillGlmProcessor, StillQwenProcessor

Ids = Mapping[str, int]
"""The number of each special token, and of all tokens under `ALL_TOKENS`."""
ALL_TOKENS = ""


@dataclass(frozen=True, slots=True)
class Family:
    """How one family is made.

    `specials` are special tokens in order, `named` those that the tokenizer also knows by a name
    of its own (`image_token`). `model` makes it with random weights, from the tokens' numbers.
    """

    specials: Sequence[str]
    end: str
    pad: str
    model: Callable[[Ids], Any]
    processor: Callable[[PreTrainedTokenizerFast], Any]
    begin: str | None = None
    named: Mapping[str, str] = field(default_factory=dict)


_TEXT_DIMENSIONS = {
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
}
_MOE_DIMENSIONS = {
    **_TEXT_DIMENSIONS,
    "num_key_value_heads": 4,
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
}
_MROPE = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 3, 3]}
_SAM = {
    "hidden_size": 16,
    "output_channels": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "global_attn_indexes": [1],
    "image_size": 1024,
    "initializer_range": 0.02,
}


def _deepseek2_model(ids: Ids) -> Any:
    config = transformers.DeepseekOcr2Config(
        vision_config={
            "sam_config": {**_SAM, "mlp_ratio": 2.0, "downsample_channels": [16, 32]},
            "encoder_config": {
                "hidden_size": 32,
                "intermediate_size": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "num_key_value_heads": 2,
            },
        },
        text_config={
            **_MOE_DIMENSIONS,
            "vocab_size": ids[ALL_TOKENS],
            "mlp_layer_types": ["dense", "sparse"],
            "n_group": 1,
            "topk_group": 1,
            "bos_token_id": ids["<｜begin▁of▁sentence｜>"],
            "eos_token_id": ids["<｜end▁of▁sentence｜>"],
        },
        image_token_id=ids["<image>"],
    )
    return transformers.DeepseekOcr2ForConditionalGeneration(config)


def _deepseek2_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    return transformers.DeepseekOcr2Processor(DeepseekOcr2ImageProcessorPil(), tokenizer)


def _got_model(ids: Ids) -> Any:
    config = transformers.GotOcr2Config(
        vision_config={**_SAM, "mlp_dim": 32},
        text_config={"model_type": "qwen2", **_TEXT_DIMENSIONS, "vocab_size": ids[ALL_TOKENS]},
        image_token_index=ids["<imgpad>"],
        tie_word_embeddings=False,
    )
    return transformers.GotOcr2ForConditionalGeneration(config)


def _got_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = GotOcr2ImageProcessorPil(size={"height": 1024, "width": 1024})
    return transformers.GotOcr2Processor(images, tokenizer)


def _lighton_model(ids: Ids) -> Any:
    config = transformers.LightOnOcrConfig(
        vision_config={
            "model_type": "pixtral",
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "head_dim": 16,
            "image_size": 1540,
            "patch_size": 14,
        },
        # vLLM's attention refuses heads under 64.
        text_config={
            "model_type": "qwen3",
            **_TEXT_DIMENSIONS,
            "head_dim": 64,
            "vocab_size": ids[ALL_TOKENS],
        },
        image_token_id=ids["<|image_pad|>"],
        tie_word_embeddings=False,
    )
    return transformers.LightOnOcrForConditionalGeneration(config)


def _lighton_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = PixtralImageProcessorPil(
        size={"longest_edge": 1540}, patch_size={"height": 14, "width": 14}
    )
    return transformers.LightOnOcrProcessor(
        images,
        tokenizer,
        patch_size=14,
        spatial_merge_size=2,
        chat_template=_chat("<|image_pad|>", "chatml"),
    )


def _unlimited_model(ids: Ids) -> Any:
    config = transformers.UnlimitedOcrConfig(
        vision_config={
            "sam_config": {**_SAM, "mlp_dim": 32, "downsample_channels": [16, 32]},
            "encoder_config": {
                "hidden_size": 32,
                "intermediate_size": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
            },
        },
        text_config={
            **_MOE_DIMENSIONS,
            "vocab_size": ids[ALL_TOKENS],
            "bos_token_id": ids["<｜begin▁of▁sentence｜>"],
            "eos_token_id": ids["<｜end▁of▁sentence｜>"],
        },
        image_token_id=ids["<image>"],
    )
    return transformers.UnlimitedOcrForConditionalGeneration(config)


def _unlimited_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    # Imported here: vLLM holds transformers at a release that does not know it.
    from transformers.models.unlimited_ocr.processing_unlimited_ocr import UnlimitedOcrProcessor

    from workers.engines.unlimited_images import UnlimitedOcrImageProcessorPil

    images = UnlimitedOcrImageProcessorPil()
    return UnlimitedOcrProcessor(images, tokenizer, chat_template=_chat("<image>", "plain"))


def _paddle_model(ids: Ids) -> Any:
    config = transformers.PaddleOCRVLConfig(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
        },
        text_config={
            **_TEXT_DIMENSIONS,
            "head_dim": 16,
            "vocab_size": ids[ALL_TOKENS],
            "pad_token_id": ids["<unk>"],
            "bos_token_id": ids["<s>"],
            "eos_token_id": ids["</s>"],
            "rope_parameters": _MROPE,
            "tie_word_embeddings": False,
        },
        image_token_id=ids["<|IMAGE_PLACEHOLDER|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|IMAGE_START|>"],
        vision_end_token_id=ids["<|IMAGE_END|>"],
        tie_word_embeddings=False,
    )
    return transformers.PaddleOCRVLForConditionalGeneration(config)


def _paddle_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = PaddleOCRVLImageProcessorPil(
        size={"shortest_edge": 147_384, "longest_edge": 2_822_400},
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )
    image = "<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>"
    return transformers.PaddleOCRVLProcessor(images, tokenizer, chat_template=_chat(image, "user"))


def _glm_model(ids: Ids) -> Any:
    config = transformers.GlmOcrConfig(
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": 64,
        },
        text_config={
            **_TEXT_DIMENSIONS,
            "head_dim": 16,
            "vocab_size": ids[ALL_TOKENS],
            "pad_token_id": ids["<|endoftext|>"],
            "eos_token_id": [ids["<|endoftext|>"], ids["<|user|>"]],
            "rope_parameters": {**_MROPE, "partial_rotary_factor": 1.0},
        },
        image_token_id=ids["<|image|>"],
        video_token_id=ids["<|video|>"],
        image_start_token_id=ids["<|begin_of_image|>"],
        image_end_token_id=ids["<|end_of_image|>"],
        video_start_token_id=ids["<|begin_of_video|>"],
        video_end_token_id=ids["<|end_of_video|>"],
    )
    return transformers.GlmOcrForConditionalGeneration(config)


def _glm_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = Glm46VImageProcessorPil(size={"shortest_edge": 12_544, "longest_edge": 9_633_792})
    image = "<|begin_of_image|><|image|><|end_of_image|>"
    return StillGlmProcessor(images, tokenizer, chat_template=_chat(image, "glm"))


def _qwen_model(ids: Ids) -> Any:
    config = transformers.Qwen2_5_VLConfig(
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": 64,
            "fullatt_block_indexes": [1],
        },
        text_config={
            **_TEXT_DIMENSIONS,
            "vocab_size": ids[ALL_TOKENS],
            "bos_token_id": ids["<|endoftext|>"],
            "eos_token_id": ids["<|im_end|>"],
            "rope_parameters": _MROPE,
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    return transformers.Qwen2_5_VLForConditionalGeneration(config)


def _qwen_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = Qwen2VLImageProcessorPil(size={"shortest_edge": 3136, "longest_edge": 12_845_056})
    image = "<|vision_start|><|image_pad|><|vision_end|>"
    return StillQwenProcessor(images, tokenizer, chat_template=_chat(image, "chatml"))


def _idefics_model(ids: Ids) -> Any:
    config = transformers.Idefics3Config(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 512,
            "patch_size": 16,
        },
        text_config={
            "model_type": "llama",
            **_TEXT_DIMENSIONS,
            "vocab_size": ids[ALL_TOKENS],
            "pad_token_id": ids["<|end_of_text|>"],
        },
        scale_factor=4,
        image_token_id=ids["<image>"],
        pad_token_id=ids["<|end_of_text|>"],
    )
    return transformers.Idefics3ForConditionalGeneration(config)


def _idefics_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = Idefics3ImageProcessorPil(
        size={"longest_edge": 2048},
        max_image_size={"longest_edge": 512},
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )
    return transformers.Idefics3Processor(
        images, tokenizer, image_seq_len=64, chat_template=_chat("<image>", "granite")
    )


_TURNS = {
    # What stands before a user's turn, after it, and before the answer.
    "chatml": ("<|im_start|>user\n", "<|im_end|>\n", "<|im_start|>assistant\n"),
    "user": ("<|begin_of_sentence|>User: ", "\n", "Assistant:\n"),
    "glm": ("[gMASK]<sop><|user|>\n", "", "<|assistant|>\n"),
    "granite": (
        "<|start_of_role|>user<|end_of_role|>",
        "<|end_of_text|>\n",
        "<|start_of_role|>assistant<|end_of_role|>",
    ),
    "plain": ("", "", ""),
}


def _chat(image: str, shape: str) -> str:
    """A chat template: the parts of each message in order, between the family's marks."""
    before, after, answer = _TURNS[shape]
    return (
        "{%- for message in messages -%}"
        f"{{{{ {before!r} }}}}"
        "{%- for part in message['content'] -%}"
        f"{{{{ {image!r} if part['type'] == 'image' else part['text'] }}}}"
        "{%- endfor -%}"
        f"{{{{ {after!r} }}}}"
        "{%- endfor -%}"
        f"{{%- if add_generation_prompt -%}}{{{{ {answer!r} }}}}{{%- endif -%}}"
    )


_DEEPSEEK_SPECIALS = (
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<｜▁pad▁｜>",
    "<image>",
    "<|grounding|>",
    "<|ref|>",
    "<|/ref|>",
    "<|det|>",
    "<|/det|>",
    "<td>",
    "</td>",
)
_QWEN_SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")

FAMILIES: dict[str, Family] = {
    "deepseek-ocr-2": Family(
        _DEEPSEEK_SPECIALS,
        begin="<｜begin▁of▁sentence｜>",
        end="<｜end▁of▁sentence｜>",
        pad="<｜▁pad▁｜>",
        model=_deepseek2_model,
        processor=_deepseek2_processor,
    ),
    "got-ocr-2": Family(
        (*_QWEN_SPECIALS, "<img>", "</img>", "<imgpad>"),
        end="<|im_end|>",
        pad="<|endoftext|>",
        model=_got_model,
        processor=_got_processor,
    ),
    "lighton-ocr": Family(
        (*_QWEN_SPECIALS, "<|image_pad|>", "<|vision_pad|>", "<|vision_end|>"),
        end="<|im_end|>",
        pad="<|endoftext|>",
        model=_lighton_model,
        processor=_lighton_processor,
        named={
            "image_token": "<|image_pad|>",
            "image_break_token": "<|vision_pad|>",
            "image_end_token": "<|vision_end|>",
        },
    ),
    "unlimited-ocr": Family(
        _DEEPSEEK_SPECIALS,
        begin="<｜begin▁of▁sentence｜>",
        end="<｜end▁of▁sentence｜>",
        pad="<｜▁pad▁｜>",
        model=_unlimited_model,
        processor=_unlimited_processor,
    ),
    "paddleocr-vl": Family(
        (
            *("<unk>", "<s>", "</s>", "<|begin_of_sentence|>", "<|video_pad|>"),
            *("<|IMAGE_START|>", "<|IMAGE_PLACEHOLDER|>", "<|IMAGE_END|>"),
            *("<fcel>", "<ecel>", "<lcel>", "<ucel>", "<xcel>", "<nl>"),
        ),
        begin="<s>",
        end="</s>",
        pad="<unk>",
        model=_paddle_model,
        processor=_paddle_processor,
        named={"image_token": "<|IMAGE_PLACEHOLDER|>"},
    ),
    "glm-ocr": Family(
        (
            *("<|endoftext|>", "[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>"),
            *("<|begin_of_image|>", "<|image|>", "<|end_of_image|>"),
            *("<|begin_of_video|>", "<|video|>", "<|end_of_video|>"),
        ),
        end="<|endoftext|>",
        pad="<|endoftext|>",
        model=_glm_model,
        processor=_glm_processor,
    ),
    "olmocr-2": Family(
        (*_QWEN_SPECIALS, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
        end="<|im_end|>",
        pad="<|endoftext|>",
        model=_qwen_model,
        processor=_qwen_processor,
    ),
    "granite-docling": Family(
        (
            *("<|end_of_text|>", "<|start_of_role|>", "<|end_of_role|>", "<end_of_utterance>"),
            *("<fake_token_around_image>", "<image>", "<global-img>"),
            *(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)),
            *("<doctag>", "</doctag>", "<fcel>", "<ecel>", "<nl>"),
        ),
        end="<|end_of_text|>",
        pad="<|end_of_text|>",
        model=_idefics_model,
        processor=_idefics_processor,
    ),
}
