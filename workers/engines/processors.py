"""Loads a checkpoint's processor, with or without torchvision.

DeepSeek-OCR's first version names a processor that is code of the checkpoint, which is never run:
`workers.engines.deepseek_ocr` has one in its place.

Without torchvision `AutoProcessor` refuses Unlimited-OCR, whose image processor needs it, and
GLM-OCR and all of Qwen's families, whose processors have a part for video. Pages need no video, so
these are loaded here without that part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers import AutoProcessor
from transformers.models.glm46v.processing_glm46v import Glm46VProcessor
from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
from transformers.models.qwen2_vl.processing_qwen2_vl import Qwen2VLProcessor
from transformers.models.qwen3_vl.processing_qwen3_vl import Qwen3VLProcessor
from transformers.processing_utils import ProcessorMixin
from transformers.utils.import_utils import is_torchvision_available

from workers.engines.deepseek_ocr.processor import load_deepseek_processor

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from transformers.image_processing_utils import BaseImageProcessor


class _NoVideo:
    """Leaves out the video processor: transformers takes the parts from these arguments' names."""

    def __init__(
        self,
        image_processor: BaseImageProcessor | None = None,
        tokenizer: PreTrainedTokenizerBase | None = None,
        chat_template: str | None = None,
        **kwargs: object,
    ) -> None:
        # The next class in line is a processor, whose third argument is the one for video.
        super().__init__(image_processor, tokenizer, None, chat_template, **kwargs)  # type: ignore[call-arg]


class StillQwenProcessor(_NoVideo, Qwen2_5_VLProcessor):  # type: ignore[misc]  # no types there
    """Qwen2.5-VL's processor for pictures only."""


class StillQwen2Processor(_NoVideo, Qwen2VLProcessor):  # type: ignore[misc]  # no types there
    """Qwen2-VL's processor for pictures only."""


class StillQwen3Processor(_NoVideo, Qwen3VLProcessor):  # type: ignore[misc]  # no types there
    """The processor of Qwen3-VL and Qwen3.5 for pictures only."""


class StillGlmProcessor(_NoVideo, Glm46VProcessor):  # type: ignore[misc]  # no types there
    """GLM-OCR's processor for pictures only."""

    def create_mm_token_type_ids(self, input_ids: list[list[int]]) -> list[list[int]]:
        """1 for an image token, else 0: the rule of `ProcessorMixin`, which knows no videos."""
        marks: list[list[int]] = ProcessorMixin.create_mm_token_type_ids(self, input_ids)
        return marks


_STILL: dict[str, type[ProcessorMixin]] = {
    "qwen2_vl": StillQwen2Processor,
    "qwen2_5_vl": StillQwenProcessor,
    "qwen3_vl": StillQwen3Processor,
    "qwen3_5": StillQwen3Processor,
    "glm_ocr": StillGlmProcessor,
}


def load_processor(model: str, model_type: str, revision: str | None = None) -> ProcessorMixin:
    """The processor of the checkpoint `model`, a Hub id or a folder, whose config has `model_type`.

    Raises what transformers raises: OSError, ValueError or ImportError.
    """
    if model_type == "deepseek_vl_v2":
        return load_deepseek_processor(model, revision)
    if not is_torchvision_available():
        if model_type.replace("-", "_") == "unlimited_ocr":
            # Imported here: vLLM pins a transformers that does not have this family.
            from workers.engines.unlimited_images import load_unlimited_processor

            return load_unlimited_processor(model, revision)
        if model_type in _STILL:
            return _STILL[model_type].from_pretrained(model, revision=revision or "main")
    return AutoProcessor.from_pretrained(
        model, revision=revision or "main", trust_remote_code=False
    )
