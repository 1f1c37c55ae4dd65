"""What a media type needs that may not be installed: a library for some images, LibreOffice.

    require_reader("image/heic")    # DocumentError: needs_library: HEIC is read by pillow-heif ...

Pillow reads all other images by itself. Both sides use this: the parent to say what is missing, the
child to load it.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import shutil
from pathlib import Path
from typing import Any

from PIL import features

from schemas.errors import DocumentError
from workers.rasterising.media_types import AVIF, HEIC, JP2, JXL, OFFICE_SUFFIXES

NEEDS = ("needs_library", "needs_libreoffice")
"""Reasons that say what a machine lacks; the document is looked at again in every run."""
_LIBRARIES = {HEIC: ("HEIC", "pillow-heif", "pillow_heif"),
              JXL: ("JPEG XL", "pillow-jxl-plugin", "pillow_jxl")}  # fmt: skip
_CODECS = {AVIF: ("AVIF", "avif"), JP2: ("JPEG 2000", "jpg_2000")}
_COMMANDS = ("soffice", "libreoffice")


def require_reader(media_type: str) -> None:
    """Raises DocumentError where documents of this type cannot be read on this machine."""
    if media_type in _LIBRARIES:
        format_name, package, module = _LIBRARIES[media_type]
        if importlib.util.find_spec(module) is None:
            raise DocumentError(
                "needs_library",
                f"{format_name} is read by {package}: pip install 'pagefoundry[formats]'",
            )
    elif media_type in _CODECS:
        format_name, codec = _CODECS[media_type]
        if not features.check(codec):
            raise DocumentError(
                "needs_library", f"this Pillow was built without {format_name}: install its wheel"
            )
    elif media_type in OFFICE_SUFFIXES and libreoffice() is None:
        raise DocumentError(
            "needs_libreoffice",
            "office files are set by LibreOffice: install it where documents are opened (Debian: "
            "apt-get install libreoffice-writer-nogui libreoffice-calc-nogui "
            "libreoffice-impress-nogui), or convert the file to PDF",
        )


@functools.cache
def load_reader(media_type: str) -> None:
    """Give Pillow the library that it needs for images of this type."""
    if media_type == HEIC:
        importlib.import_module("pillow_heif").register_heif_opener()
    elif media_type == JXL:
        # It decodes an image when it opens it, before its size is judged: the child's memory and
        # deadline bound that. A child has one core.
        importlib.import_module("pillow_jxl")
        plugin: Any = importlib.import_module("pillow_jxl.JpegXLImagePlugin")
        plugin.DECODE_THREADS = 0


def libreoffice() -> Path | None:
    """LibreOffice's program itself, beside the script that starts it; None where there is none.

    The script starts a second process to watch the first, which would outlive a deadline.
    """
    for command in _COMMANDS:
        script = shutil.which(command)
        if script is not None:
            program = Path(script).resolve().with_name("soffice.bin")
            if program.is_file():
                return program
    return None
