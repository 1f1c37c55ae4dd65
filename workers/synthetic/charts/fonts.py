"""What charts and formulas share of matplotlib: its fonts, and its settings without the user's."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType

from PIL import ImageFont

from schemas.errors import RequestError

# Settings that concern where matplotlib runs, not what it draws.
_NOT_LOOKS = ("backend", "interactive", "toolbar", "webagg", "datapath", "date.epoch")


@functools.cache
def matplotlib() -> ModuleType:
    """The package. Raises RequestError where it is not installed."""
    try:
        import matplotlib
    except ImportError as exc:
        raise RequestError(
            "charts and formulas need matplotlib: pip install 'pagefoundry[synthetic]'"
        ) from exc
    return matplotlib


def own_settings() -> AbstractContextManager[None]:
    """A context in which matplotlib draws by its defaults, whatever a `matplotlibrc` says."""
    context: AbstractContextManager[None] = matplotlib().rc_context(_overridden())
    return context


@functools.cache
def _overridden() -> dict[str, object]:
    """The defaults of settings that a `matplotlibrc` has changed."""
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
