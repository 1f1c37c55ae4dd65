"""Comic books: zips whose pictures, in the order of their names, are pages. Runs in the child."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field

from schemas.errors import DocumentError
from workers.rasterising import archives
from workers.rasterising.frames import ImageFile, open_image_data
from workers.rasterising.media_types import has_text, sniff

_DIGITS = re.compile(r"(\d+)")
_MAX_PICTURE_BYTES = 128 << 20


@dataclass(slots=True)
class Comic:
    """An open comic book; `entries` are its pages. The picture of the last page stays open."""

    archive: zipfile.ZipFile
    entries: tuple[str, ...]
    _page: tuple[int, ImageFile] | None = field(default=None)

    def page(self, index: int) -> ImageFile:
        """A page's picture. Raises DocumentError where it is none."""
        if self._page is not None and self._page[0] == index:
            return self._page[1]
        if index >= len(self.entries):
            raise DocumentError("corrupt", f"the comic book has {len(self.entries)} pages")
        self._forget()
        picture = _picture(self.archive, self.entries[index])
        self._page = (index, picture)
        return picture

    def close(self) -> None:
        """Close the file."""
        self._forget()
        self.archive.close()

    def _forget(self) -> None:
        if self._page is not None:
            self._page[1].close()
            self._page = None


def open_comic(path: str) -> Comic:
    """Open a comic book. Raises DocumentError where it is no zip."""
    try:
        archive = zipfile.ZipFile(path)
    except archives.BROKEN_ZIP as exc:
        raise DocumentError("corrupt", f"comic book cannot be opened: {exc}") from exc
    entries = sorted(filter(archives.is_picture, archive.namelist()), key=_natural)
    if not entries:
        archive.close()
        raise DocumentError("no_pages", "the comic book has no picture")
    return Comic(archive, tuple(entries))


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """The key by which page 2 comes before page 10."""
    parts = _DIGITS.split(name.lower())
    numbers = [(int(part[:50]) if part.isdigit() else 0, part) for part in parts]
    return numbers, name


def _picture(archive: zipfile.ZipFile, entry: str) -> ImageFile:
    if archive.getinfo(entry).flag_bits & 1:
        raise DocumentError("encrypted", "the comic book needs a password; add it without one")
    try:
        data = archives.read_entry(archive, entry, _MAX_PICTURE_BYTES + 1)
    except archives.BROKEN_ZIP as exc:
        raise DocumentError("corrupt", f"the page cannot be unpacked: {exc}") from exc
    if len(data) > _MAX_PICTURE_BYTES:
        raise DocumentError("page_too_large", f"a picture of over {_MAX_PICTURE_BYTES:,} bytes")
    media_type = sniff(data[:1024])
    if media_type is None or not media_type.startswith("image/") or has_text(media_type):
        raise DocumentError("corrupt", f"the page is no picture: it starts with {data[:8]!r}")
    return open_image_data(io.BytesIO(data), media_type)
