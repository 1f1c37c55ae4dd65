"""dots.ocr in vLLM, which has its network and its config, and does not bring the two together.

vLLM (0.32) does not know the model type `dots_ocr` and asks to run code of the checkpoint, which is
never done here. So its own class for the config is registered, in each of its processes: importing
this module is what registers. vLLM sends the config to its engine core and its workers, where they
import the module as the home of the config's class.

The processor is loaded without its part for video, which pages do not need.
"""

from __future__ import annotations

from typing import Any

from vllm.model_executor.models import dots_ocr
from vllm.transformers_utils.config import _CONFIG_REGISTRY, _register_config_class
from vllm.transformers_utils.configs.dotsocr import DotsOCRConfig as _DotsOCRConfig

from workers.engines.processors import StillQwen2Processor

MODEL_TYPE = "dots_ocr"


class DotsOCRConfig(_DotsOCRConfig):  # type: ignore[misc]  # vLLM is not installed for mypy
    """vLLM's class, which brings this module along; vLLM's model asks for this very name."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)


def _register() -> None:
    if not issubclass(StillQwen2Processor, dots_ocr.Qwen2VLProcessor):
        raise TypeError(f"its processor is {dots_ocr.Qwen2VLProcessor.__name__}")
    _CONFIG_REGISTRY[MODEL_TYPE] = DotsOCRConfig
    _register_config_class(MODEL_TYPE, DotsOCRConfig)  # transformers loads tokenizers by it
    dots_ocr.Qwen2VLProcessor = StillQwen2Processor


_register()
