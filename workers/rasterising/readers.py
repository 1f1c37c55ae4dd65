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
from workers.rasterising.media_types import (
    AVIF,
    HEIC,
    JP2,
    JXL,
    ODP,
    ODS,
    OFFICE_SUFFIXES,
    PPT,
    PPTX,
    XLS,
    XLSX,
)

NEEDS = ("needs_library", "needs_libreoffice")
"""Reasons that say what a machine lacks; the document is looked at again in every run."""
_LIBRARIES = {HEIC: ("HEIC", "pillow-heif", "pillow_heif"),
              JXL: ("JPEG XL", "pillow-jxl-plugin", "pillow_jxl")}  # fmt: skip
_CODECS = {AVIF: ("AVIF", "avif"), JP2: ("JPEG 2000", "jpg_2000")}
_PARTS = (("Writer", "libswlo.so"), ("Calc", "libsclo.so"), ("Impress", "libsdlo.so"))
"""The programs of LibreOffice that are packages of their own, and the library that each is."""
_WRITER, _CALC, _IMPRESS = _PARTS
_PROGRAMS = {XLSX: _CALC, ODS: _CALC, XLS: _CALC, PPTX: _IMPRESS, ODP: _IMPRESS, PPT: _IMPRESS}
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
    elif media_type in OFFICE_SUFFIXES:
        _require_libreoffice(media_type)


def _require_libreoffice(media_type: str) -> None:
    program = libreoffice()
    if program is None:
        missing = "LibreOffice"
    else:
        name, library = _PROGRAMS.get(media_type, _WRITER)
        there = {other for _, other in _PARTS if program.with_name(other).exists()}
        if library in there or not there:  # other builds may name them in another way
            return
        missing = f"LibreOffice {name}"
    raise DocumentError(
        "needs_libreoffice",
        f"the file is set by {missing}: install it where documents are opened (Debian: apt-get "
        "install libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui), or "
        "convert the file to PDF",
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
