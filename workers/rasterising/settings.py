"""What a page image is made like, what limits its child has, and what a failure is called.

Values and pure functions that the parent, the child and `workers.synthetic` share. Does not open,
draw or start anything.
"""

from __future__ import annotations

import re
import resource
from dataclasses import dataclass

from schemas.errors import DocumentError
from schemas.lines import one_line
from schemas.pages import PageError
from schemas.recipe import Raster, TextLayer

_OUT_OF_MEMORY = re.compile(r"\b(m|c|re)alloc\b|[Cc]annot allocate")


@dataclass(frozen=True, slots=True)
class RasterSettings:
    """What a page image is made like, and whether the text layer may replace a reading."""

    raster: Raster
    routing: str
    text_layer: TextLayer
    min_ink_share: float


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Limits of one child: seconds a page, bytes of address space."""

    page_timeout_s: float
    memory_bytes: int


def memory_error(memory_bytes: int) -> PageError:
    """The error of a page that needed more memory than its child may have."""
    return PageError("memory_limit", f"needed more than {memory_bytes / 2**20:.0f} MiB")


def page_error(exc: Exception, path: str = "") -> PageError:
    """What an exception in this process means for the page.

    The local `path` is removed from the message: it means nothing on another machine.
    """
    message = exc.detail if isinstance(exc, DocumentError) else str(exc)
    detail = one_line(message.replace(path, "the file") if path else message)
    if isinstance(exc, DocumentError):
        return PageError(exc.reason, detail)
    if isinstance(exc, MemoryError) or is_out_of_memory(detail):
        return memory_error(resource.getrlimit(resource.RLIMIT_AS)[0])
    return PageError("corrupt", f"{type(exc).__name__}: {detail}")


def is_out_of_memory(message: str) -> bool:
    """Whether MuPDF, or a library below it, was refused the memory that it asked for.

    Only the words of its errors tell; `tests/workers/rasterising/test_settings.py` gets them from
    the library itself.
    """
    return _OUT_OF_MEMORY.search(message) is not None
