"""How a page image is made, the limits of the child that makes it, and the names of failures.

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
from schemas.recipe_sections import Raster, TextLayer

_OUT_OF_MEMORY = re.compile(r"\b(m|c|re)alloc\b|[Cc]annot allocate")


@dataclass(frozen=True, slots=True)
class RasterSettings:
    """How a page image is made, whether the text layer may replace a reading, and when the layout
    model looks at the page (`auto`, `always`, `never`).

    A layer that accounts for less than `min_coverage` of the page's print is not taken."""

    raster: Raster
    routing: str
    text_layer: TextLayer
    min_ink_share: float
    layout: str = "auto"
    min_coverage: float = 0.0


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Limits of one child: seconds a page, bytes of address space."""

    page_timeout_s: float
    memory_bytes: int


def memory_error(memory_bytes: int) -> PageError:
    """The error of a page that needed more memory than its child may have."""
    return PageError("memory_limit", f"needed more than {memory_bytes / 2**20:.0f} MiB")


def page_error(exc: Exception, path: str = "") -> PageError:
    """The error of a page whose work raised this exception in this process.

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
    """Whether MuPDF, or a library below it, says in this message that an allocation failed.

    Nothing but the message tells. `tests/workers/rasterising/test_settings.py` gets the messages
    from the library itself.
    """
    return _OUT_OF_MEMORY.search(message) is not None
