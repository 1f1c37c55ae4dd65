"""Loads a checkpoint's processor, with or without torchvision.

Without it `AutoProcessor` refuses three families: Unlimited-OCR, whose image processor has no other
form, and Qwen2.5-VL and GLM-OCR, whose processors hold a part for video. Pages need no video; here
those are loaded without that part.
"""

from __future__ import annotations

from typing import Any

from transformers import AutoProcessor
from transformers.models.glm46v.processing_glm46v import Glm46VProcessor
from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
from transformers.processing_utils import ProcessorMixin
from transformers.utils.import_utils import is_torchvision_available


class StillQwenProcessor(Qwen2_5_VLProcessor):  # type: ignore[misc]  # no types there
    """Qwen2.5-VL's processor for pictures only: the parts are read off `__init__`'s arguments."""

    def __init__(
        self,
        image_processor: Any = None,
        tokenizer: Any = None,
        chat_template: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(image_processor, tokenizer, None, chat_template, **kwargs)


class StillGlmProcessor(Glm46VProcessor):  # type: ignore[misc]  # no types there
    """GLM-OCR's processor for pictures only."""

    def __init__(
        self,
        image_processor: Any = None,
        tokenizer: Any = None,
        chat_template: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(image_processor, tokenizer, None, chat_template, **kwargs)

    def create_mm_token_type_ids(self, input_ids: Any) -> Any:
        """1 for an image token, else 0, as for any family whose pictures are not in videos."""
        return ProcessorMixin.create_mm_token_type_ids(self, input_ids)


_STILL: dict[str, Any] = {"qwen2_5_vl": StillQwenProcessor, "glm_ocr": StillGlmProcessor}


def load_processor(model: str, model_type: str, revision: str | None = None) -> Any:
    """The processor of a checkpoint, a Hub id or a folder, of the `model_type` of its config.

    Raises what transformers raises: OSError, ValueError or ImportError.
    """
    if not is_torchvision_available():
        if model_type.replace("-", "_") == "unlimited_ocr":
            # Imported here: vLLM holds transformers at a release that does not know it.
            from workers.engines.unlimited_images import load_unlimited_processor

            return load_unlimited_processor(model, revision)
        if model_type in _STILL:
            return _STILL[model_type].from_pretrained(model, revision=revision or "main")
    return AutoProcessor.from_pretrained(model, revision=revision or "main")
