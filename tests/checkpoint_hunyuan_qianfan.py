"""The tiny checkpoints of HunyuanOCR and Qianfan-OCR.

As `tests.checkpoint_families`: sizes of patches, special tokens and chat templates are real.
"""

from __future__ import annotations

from typing import Any

import transformers
from transformers import PreTrainedTokenizerFast
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

from tests.checkpoint_families import Family
from tests.checkpoint_models import ALL_TOKENS, TEXT, VISION, Ids

_UNTIED = {**TEXT, "tie_word_embeddings": False}
_BEGIN, _END, _PAD = "<｜hy_begin▁of▁sentence｜>", "<｜hy_Assistant｜>", "<｜hy_▁pad▁｜>"
_USER, _SYSTEM_END = "<｜hy_User｜>", "<｜hy_place▁holder▁no▁3｜>"
_IMAGE = {
    "image_start_token": "<｜hy_place▁holder▁no▁100｜>",
    "image_token": "<｜hy_place▁holder▁no▁102｜>",
    "image_end_token": "<｜hy_place▁holder▁no▁101｜>",
}
# Also an empty system message has its end token.
_HUNYUAN_TEMPLATE = (
    f"{_BEGIN}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}"
    f"{{{{ message['content'] }}}}{_SYSTEM_END}"
    "{%- else -%}"
    "{%- for part in message['content'] -%}"
    f"{{{{ {''.join(_IMAGE.values())!r} if part['type'] == 'image' else part['text'] }}}}"
    "{%- endfor -%}"
    f"{_USER}"
    "{%- endif -%}"
    "{%- endfor -%}"
)
_QIANFAN_TEMPLATE = (
    "{%- for message in messages -%}"
    "<|im_start|>user\n"
    "{%- for part in message['content'] -%}"
    "{{ '<image>\n' if part['type'] == 'image' else part['text'] }}"
    "{%- endfor -%}"
    "<|im_end|>\n"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant\n{%- endif -%}"
)


def _hunyuan_model(ids: Ids) -> Any:
    config = transformers.HunYuanVLConfig(
        vision_config={**VISION, "patch_size": 16},
        text_config={
            **_UNTIED,
            "vocab_size": ids[ALL_TOKENS],
            "head_dim": 64,
            "bos_token_id": ids[_BEGIN],
            "eos_token_id": ids[_END],
            "pad_token_id": ids[_PAD],
            "rope_parameters": {
                "rope_type": "xdrope",
                "rope_theta": 10_000.0,
                "alpha": 1000.0,
                "factor": 1.0,
                "xdrope_section": [8, 8, 8, 8],
            },
        },
        image_token_id=ids[_IMAGE["image_token"]],
        im_start_id=ids[_IMAGE["image_start_token"]],
        im_end_id=ids[_IMAGE["image_end_token"]],
        tie_word_embeddings=False,
    )
    return transformers.HunYuanVLForConditionalGeneration(config)


def _hunyuan_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    # Imported here: vLLM pins a transformers whose processor needs torchvision.
    from transformers.models.hunyuan_vl.image_processing_pil_hunyuan_vl import (
        HunYuanVLImageProcessorPil,
    )

    images = HunYuanVLImageProcessorPil()
    return transformers.HunYuanVLProcessor(images, tokenizer, chat_template=_HUNYUAN_TEMPLATE)


def _qianfan_model(ids: Ids) -> Any:
    config = transformers.QianfanOCRConfig(
        vision_config={**VISION, "image_size": 448, "patch_size": 14},
        text_config={
            **_UNTIED,
            "model_type": "qwen3",
            "vocab_size": ids[ALL_TOKENS],
            "head_dim": 64,
            "bos_token_id": ids["<|endoftext|>"],
            "eos_token_id": ids["<|im_end|>"],
        },
        image_token_id=ids["<IMG_CONTEXT>"],
    )
    return transformers.QianfanOCRForConditionalGeneration(config)


def _qianfan_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = GotOcr2ImageProcessorPil(
        size={"height": 448, "width": 448},
        crop_to_patches=True,
        min_patches=1,
        max_patches=12,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
    return transformers.QianfanOCRProcessor(images, tokenizer, chat_template=_QIANFAN_TEMPLATE)


HUNYUAN_QIANFAN: dict[str, Family] = {
    "hunyuan-ocr": Family(
        (_PAD, _BEGIN, _USER, _END, _SYSTEM_END, *_IMAGE.values()),
        begin=_BEGIN,
        end=_END,
        pad=_PAD,
        model=_hunyuan_model,
        processor=_hunyuan_processor,
        named=_IMAGE,
    ),
    "qianfan-ocr": Family(
        (
            *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>"),
            *("<think>", "</think>", "<box>", "</box>", "<COORD_000>", "<COORD_999>"),
        ),
        end="<|im_end|>",
        pad="<|endoftext|>",
        model=_qianfan_model,
        processor=_qianfan_processor,
        named={
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
        },
    ),
}
