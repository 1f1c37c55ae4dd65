"""The families of the tiny checkpoints: their special tokens, processors and chat templates.

Everything that decides the number of image tokens is as in the real checkpoints. So are the names
of special tokens and the shapes of chat templates. The models are in `tests.checkpoint_models`.
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

from tests import checkpoint_models
from tests.checkpoint_models import Ids
from workers.engines.processors import StillGlmProcessor, StillQwenProcessor


@dataclass(frozen=True, slots=True)
class Family:
    """How one family is made.

    `specials` are the special tokens in order. `named` holds those that the tokenizer also knows
    by an attribute, such as `image_token`. `model` makes a model with random weights from the
    tokens' ids. A family whose checkpoints are in a layout of their own has neither `model` nor
    `processor`: see `tests.checkpoint_deepseek` and `tests.checkpoint_dots`.
    """

    specials: Sequence[str]
    end: str
    pad: str
    model: Callable[[Ids], Any] | None = None
    processor: Callable[[PreTrainedTokenizerFast], Any] | None = None
    begin: str | None = None
    named: Mapping[str, str] = field(default_factory=dict)


_HALF = [0.5, 0.5, 0.5]


def _deepseek2_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    return transformers.DeepseekOcr2Processor(DeepseekOcr2ImageProcessorPil(), tokenizer)


def _got_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = GotOcr2ImageProcessorPil(size={"height": 1024, "width": 1024})
    return transformers.GotOcr2Processor(images, tokenizer)


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


def _unlimited_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    # Imported here: vLLM pins transformers to a release that lacks this class.
    from transformers.models.unlimited_ocr.processing_unlimited_ocr import UnlimitedOcrProcessor

    from workers.engines.unlimited_images import UnlimitedOcrImageProcessorPil

    images = UnlimitedOcrImageProcessorPil()
    return UnlimitedOcrProcessor(images, tokenizer, chat_template=_chat("<image>", "plain"))


def _paddle_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = PaddleOCRVLImageProcessorPil(
        size={"shortest_edge": 147_384, "longest_edge": 2_822_400},
        image_mean=_HALF,
        image_std=_HALF,
    )
    image = "<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>"
    return transformers.PaddleOCRVLProcessor(images, tokenizer, chat_template=_chat(image, "user"))


def _glm_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = Glm46VImageProcessorPil(size={"shortest_edge": 12_544, "longest_edge": 9_633_792})
    image = "<|begin_of_image|><|image|><|end_of_image|>"
    return StillGlmProcessor(images, tokenizer, chat_template=_chat(image, "glm"))


def _qwen_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = Qwen2VLImageProcessorPil(size={"shortest_edge": 3136, "longest_edge": 12_845_056})
    image = "<|vision_start|><|image_pad|><|vision_end|>"
    return StillQwenProcessor(images, tokenizer, chat_template=_chat(image, "chatml"))


def _idefics_processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    images = Idefics3ImageProcessorPil(
        size={"longest_edge": 2048},
        max_image_size={"longest_edge": 512},
        image_mean=_HALF,
        image_std=_HALF,
    )
    return transformers.Idefics3Processor(
        images, tokenizer, image_seq_len=64, chat_template=_chat("<image>", "granite")
    )


_TURNS = {
    # The text before a user's turn, after it, and before the answer.
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
    "deepseek-ocr": Family(
        _DEEPSEEK_SPECIALS,
        begin="<｜begin▁of▁sentence｜>",
        end="<｜end▁of▁sentence｜>",
        pad="<｜▁pad▁｜>",
    ),
    "deepseek-ocr-2": Family(
        _DEEPSEEK_SPECIALS,
        begin="<｜begin▁of▁sentence｜>",
        end="<｜end▁of▁sentence｜>",
        pad="<｜▁pad▁｜>",
        model=checkpoint_models.deepseek2_model,
        processor=_deepseek2_processor,
    ),
    "got-ocr-2": Family(
        (*_QWEN_SPECIALS, "<img>", "</img>", "<imgpad>"),
        end="<|im_end|>",
        pad="<|endoftext|>",
        model=checkpoint_models.got_model,
        processor=_got_processor,
    ),
    "lighton-ocr": Family(
        (*_QWEN_SPECIALS, "<|image_pad|>", "<|vision_pad|>", "<|vision_end|>"),
        end="<|im_end|>",
        pad="<|endoftext|>",
        model=checkpoint_models.lighton_model,
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
        model=checkpoint_models.unlimited_model,
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
        model=checkpoint_models.paddle_model,
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
        model=checkpoint_models.glm_model,
        processor=_glm_processor,
    ),
    "olmocr-2": Family(
        (*_QWEN_SPECIALS, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
        end="<|im_end|>",
        pad="<|endoftext|>",
        model=checkpoint_models.qwen_model,
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
        model=checkpoint_models.idefics_model,
        processor=_idefics_processor,
    ),
}
