"""The sizes of DeepSeek-OCR's first version in vLLM, which has them as constants of its modules.

vLLM (0.32) counts and makes views by `BASE_SIZE`, `IMAGE_SIZE` and `CROP_MODE`, for Gundam. They
are set here, once in a process and before vLLM loads the model:

- in the process that loads vLLM, which makes the views, by `set_sizes`;
- in its workers, which measure memory by them, as `Sizes` is imported there: vLLM imports the class
  by `NAME` before it loads the model, and the setting comes in the environment.

A release whose modules are built otherwise is refused, here or by the count of `prove_sizes` in
`workers.engines.vllm.engine`.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from schemas.errors import NoEngineError
from workers.engines.profiles.profile import Mode

ARCHITECTURE = "DeepseekOCRForCausalLM"
NAME = f"{__name__}.Sizes"
"""The class's name for `vllm.LLM(worker_extension_cls=...)`."""
_SETTING = "PAGEFOUNDRY_DEEPSEEK_SIZES"
"""The environment variable with the sizes: `base_size,image_size,crop_mode`, the last 0 or 1."""

_applied: str | None = None
"""The sizes of this process; the variable is taken back when vLLM has started its processes."""

_PROCESSOR = "vllm.transformers_utils.processors.deepseek_ocr"
_MODEL = "vllm.model_executor.models.deepseek_ocr"


def set_sizes(mode: Mode) -> None:
    """Have vLLM, in this process and in those that it starts, read in `mode`.

    Raises NoEngineError where this process already reads in another mode, or vLLM is of a release
    that has its sizes elsewhere.
    """
    side_px, has_tiles = side_and_tiles(mode)
    wanted = f"{side_px},{mode.image_settings['image_size']},{int(has_tiles)}"
    if (_applied or os.environ.get(_SETTING, wanted)) != wanted:
        raise NoEngineError(
            f"engine.mode: vLLM already reads with DeepSeek-OCR in another mode than {mode.name} "
            "in this process, and its sizes are constants; use one mode"
        )
    os.environ[_SETTING] = wanted
    _apply(wanted)


def side_and_tiles(mode: Mode) -> tuple[int, bool]:
    """The side of a mode's view in pixels, and whether it has tiles."""
    side_px = mode.image_settings["base_size"]
    assert isinstance(side_px, int)
    return side_px, bool(mode.image_settings["crop_mode"])


def _apply(setting: str) -> None:
    global _applied  # noqa: PLW0603 - as the constants of vLLM's modules, one of the process
    base_size, image_size, crop_mode = map(int, setting.split(","))
    constants = {"BASE_SIZE": base_size, "IMAGE_SIZE": image_size, "CROP_MODE": bool(crop_mode)}
    try:
        processor, model = importlib.import_module(_PROCESSOR), importlib.import_module(_MODEL)
        for module in (processor, model):
            _replace(module, constants)
        made_by = processor.DeepseekOCRProcessor
        # The mode is the default value of an argument, bound when the function was defined.
        if made_by.__call__.__kwdefaults__ != {"crop_mode": made_by.process_one.__defaults__[-1]}:
            raise AttributeError("DeepseekOCRProcessor.__call__ takes other arguments")
        made_by.__call__.__kwdefaults__["crop_mode"] = bool(crop_mode)
    except (ImportError, AttributeError, TypeError) as exc:
        raise NoEngineError(
            f"vLLM's DeepSeek-OCR cannot be set to a mode: {exc}; install vLLM 0.32"
        ) from exc
    _applied = setting


def _replace(module: ModuleType, constants: dict[str, int]) -> None:
    for name, value in constants.items():
        getattr(module, name)  # AttributeError in a release that has it elsewhere
        setattr(module, name, value)


class Sizes:
    """Empty: what vLLM's workers import."""


if _SETTING in os.environ:
    _apply(os.environ[_SETTING])
