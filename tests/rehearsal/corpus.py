"""Long documents whose pages cost next to nothing to draw."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pymupdf

_TITLE = "document {:08d}"


def write_corpus(folder: Path, documents: int, pages: int) -> list[str]:
    """Write PDFs of `pages` pages each, which differ only in their titles; return their ids."""
    folder.mkdir(parents=True)
    with pymupdf.open() as pdf:
        for _ in range(pages):
            page = pdf.new_page(width=100, height=140)
            page.draw_rect((20, 20, 80, 60), fill=(0, 0, 0))
        pdf.set_metadata({"title": _TITLE.format(0)})
        template = pdf.tobytes(no_new_id=True)
    doc_ids = []
    title = _TITLE.format(0).encode()
    assert template.count(title) == 1, "the title must be there as it is, to be replaced"
    for number in range(documents):
        data = template.replace(title, _TITLE.format(number).encode())
        (folder / f"{number:08d}.pdf").write_bytes(data)
        doc_ids.append(hashlib.sha256(data).hexdigest())
    return doc_ids
