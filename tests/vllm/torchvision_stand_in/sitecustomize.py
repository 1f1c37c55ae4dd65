"""Gives vLLM's DeepSeek-OCR what it needs of torchvision, which has no build for the CPU; dots.ocr
only imports it.

Python imports this module at its start where the folder is in PYTHONPATH. transformers looks for
torchvision to decide which image processors it uses; it must not find this.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import FrameType

_NAMES = frozenset(
    f"torchvision{rest}"
    for rest in ("", ".transforms", ".transforms.v2", ".transforms.v2.functional")
)


class StandIn:
    """A finder of `torchvision.transforms` for all but transformers' check."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: object = None
    ) -> ModuleSpec | None:
        if name not in _NAMES or _asks_transformers():
            return None
        # It asks once, and must not find this module among those that are loaded.
        from transformers.utils.import_utils import is_torchvision_available

        assert not is_torchvision_available()
        folder = Path(__file__).parent
        return spec_from_file_location(
            name, folder / "two_steps.py", submodule_search_locations=[str(folder)]
        )


def _asks_transformers() -> bool:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename.endswith("transformers/utils/import_utils.py"):
            return frame.f_code.co_name == "_is_package_available"
        frame = frame.f_back
    return False


sys.meta_path.append(StandIn)
