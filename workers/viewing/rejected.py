"""What can still be shown of inputs that are not in the dataset: their pictures.

A rejected page has no picture in the dataset. It is drawn again from its source, by the fenced
child that draws pages for a run, and only if the source still has the bytes that its id names.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from schemas.errors import DocumentError, PageFoundryError
from schemas.inventory import Document
from schemas.lines import error_line
from schemas.pages import RasteredPage
from schemas.recipe_sections import Raster, TextLayer
from schemas.shards import SeenFile
from schemas.sources import is_made
from workers import store
from workers.rasterising import ChildLimits, Rasterizer, RasterSettings
from workers.sources.containers import is_unchanged, open_document
from workers.viewing.stored import Picture

_LIMITS = ChildLimits(page_timeout_s=20, memory_bytes=3 * 2**30)
_MAX_REMOTE_BYTES = 512 * 2**20
_MADE = "the page was made from a record, and only a run makes it again"


@dataclass(frozen=True, slots=True)
class Redrawn:
    """The picture of a rejected page, drawn again from its source; None where `why_not` says why.

    `why_not` is one line for the user: the source is gone, has changed, or cannot be drawn.
    `layer_text` is the text of the page's own text layer, where that is a good one.
    """

    picture: Picture | None
    why_not: str | None = None
    layer_text: str | None = None


class Redrawer:
    """Draws rejected pages, one at a time, as the run that rejected them did. For threads."""

    def __init__(self, reading_settings: Mapping[str, object]) -> None:
        self._reading_settings = reading_settings
        self._lock = threading.Lock()
        self._rasterizer: Rasterizer | None = None

    def draw(self, document: Document, page_index: int) -> Redrawn:
        """Draw a page of a document of the inventory."""
        if is_made(document.media_type):
            return Redrawn(None, _MADE)
        if document.media_type is None or document.page_count is None:
            return Redrawn(None, f"the document has no pages: {document.detail or document.reason}")
        why_not = "no file of the document is there any more"
        for file in document.files:
            try:
                return self._from(file, document, page_index)
            except FileNotFoundError:
                continue
            except PageFoundryError as exc:
                why_not = str(exc)
            except ValidationError as exc:
                why_not = f"this release does not draw as the version was made ({error_line(exc)})"
        return Redrawn(None, why_not)

    def close(self) -> None:
        """End the child that draws."""
        if self._rasterizer is not None:
            self._rasterizer.close()

    def _from(self, file: SeenFile, document: Document, page_index: int) -> Redrawn:
        """Draw from one of the document's files.

        Raises FileNotFoundError where it is gone, DocumentError where it has changed.
        """
        if file.is_link:
            raise DocumentError("source_missing", f"{file.uri} is a link, and is not fetched again")
        is_here = store.is_local(file.container)
        if is_here and not Path(store.local_path(file.container)).is_file():
            raise FileNotFoundError(file.container)
        if not is_unchanged(file):
            raise DocumentError("source_changed", f"{file.uri} changed after the inventory")
        if not is_here and file.member is None and file.size > _MAX_REMOTE_BYTES:
            raise DocumentError("too_large", f"{file.uri} is too large to fetch for one page")
        with open_document(file, document.doc_id, kept=None) as path:
            if store.sha256_of(str(path)) != document.doc_id:
                raise DocumentError("source_changed", f"{file.uri} holds other bytes by now")
            assert document.media_type is not None
            return _redrawn(self._page(path, document.media_type, document.doc_id, page_index))

    def _page(self, path: Path, media_type: str, doc_id: str, index: int) -> RasteredPage:
        with self._lock:
            if self._rasterizer is None:
                self._rasterizer = Rasterizer(_settings(self._reading_settings), _LIMITS)
            pages = self._rasterizer.rasterise(path, media_type, doc_id, range(index, index + 1))
            return next(iter(pages))


def _settings(reading: Mapping[str, object]) -> RasterSettings:
    """The settings of a version. Raises ValidationError where this release knows others."""
    raster = Raster.model_validate(reading.get("raster", {}))
    layer = TextLayer.model_validate(reading.get("text_layer", {}))
    # The layout model takes longer than all the rest, and changes only the text.
    return RasterSettings(raster, "prefer", layer, 0.0, "never")


def _redrawn(page: RasteredPage) -> Redrawn:
    text = page.layer.text if page.layer is not None else None
    if page.image is None:
        error = page.error
        return Redrawn(None, f"{error.reason}: {error.detail}" if error else "nothing was drawn")
    return Redrawn(Picture.of(page.image.data), None, text)
