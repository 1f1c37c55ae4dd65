"""What charts and formulas take from matplotlib besides drawing: its fonts and its own settings."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from PIL import ImageFont

from schemas.errors import RequestError

# Settings that say where matplotlib runs, not what it draws.
_NOT_LOOKS = ("backend", "interactive", "toolbar", "webagg", "datapath", "date.epoch")


@functools.cache
def matplotlib() -> Any:
    """The package. Raises RequestError where it is not installed."""
    try:
        import matplotlib
    except ImportError as exc:
        raise RequestError(
            "charts and formulas need matplotlib: pip install 'pagefoundry[synthetic]'"
        ) from exc
    return matplotlib


def own_settings() -> AbstractContextManager[None]:
    """In this context matplotlib draws by its own settings, whatever a `matplotlibrc` says."""
    context: AbstractContextManager[None] = matplotlib().rc_context(_overridden())
    return context


@functools.cache
def _overridden() -> dict[str, Any]:
    package = matplotlib()
    return {
        name: value
        for name, value in package.rcParamsDefault.items()
        if not name.startswith(_NOT_LOOKS) and package.rcParams[name] != value
    }


def font_folder() -> Path:
    """Where matplotlib keeps its fonts."""
    return Path(matplotlib().get_data_path()) / "fonts" / "ttf"


@functools.cache
def _measuring(file: str) -> ImageFont.FreeTypeFont:
    # Large, so that hinting does not round the advances.
    return ImageFont.truetype(str(font_folder() / file), 100, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=4096)
def text_width(file: str, text: str) -> float:
    """The width of a line of text in ems."""
    return _measuring(file).getlength(text) / 100
