"""Pages of documents as pictures, drawn in a child process that may be killed.

Owns the child (limits of memory, time, files and system calls), drawing, and encoding. Does not
know where documents lie, how pages are made from text (`workers.synthetic`), or what a text layer
says (`workers.textlayer`).

    settings = RasterSettings(Raster(), "prefer", TextLayer(), min_ink_share=0.0005)
    rasterizer = shared_rasterizer(settings, ChildLimits(page_timeout_s=60, memory_bytes=2 * 2**30))
    for page in rasterizer.rasterise(path, "application/pdf", doc_id, range(3)):
        page.image, page.layer, page.error

Start reading in `rasterizer`, the parent's side; `render` is what runs in the child. `media_types`
says what is a document, `opening` what opens it, and `office` makes PDFs of office files.
"""

from workers.rasterising.media_types import PDF, READ, sniff, sniff_file
from workers.rasterising.rasterizer import Rasterizer, shared_rasterizer
from workers.rasterising.readers import NEEDS
from workers.rasterising.settings import ChildLimits, RasterSettings, page_error

__all__ = [
    "NEEDS",
    "PDF",
    "READ",
    "ChildLimits",
    "RasterSettings",
    "Rasterizer",
    "page_error",
    "shared_rasterizer",
    "sniff",
    "sniff_file",
]
