"""Small corpora for the pipeline tests: words drawn at random, so that no two pages are alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pymupdf

_VOCABULARY = """
after again against almost along already although always among another around because become
before began behind being believe below between beyond bring brought building called cannot carried
certain change children church city close cold coming common company could country course daughter
different doing doubt during early either enough evening every father feeling feet figure finally
follow foreign forward friend garden general given going golden ground growing happened having
hear heart history house hundred hurried important inside instead itself keeping kitchen known large
later laughed leave letter light listen little living longer looking making market matter maybe
meeting members middle million minute moment money months morning mother moving music myself narrow
nature nearly never nothing number office often order other outside paper passed people perhaps
person picture place plain point power present problem public question quite reached reading ready
really reason received remember rather river school second seemed several should silver simple since
small social someone sometimes spring standing started still story street strong subject suddenly
summer support table taken talking their themselves there these thing thinking those though thought
thousand through today together toward travel trouble trying under until upon usually village voice
waiting walked watched water weather whether which while whole window winter within without woman
wonder words working world would writing written years yellow young
"""


def prose(seed: int, words: int = 120) -> str:
    """Return common English words, the same for the same seed: a text layer of them is trusted."""
    random = np.random.default_rng(seed)
    return " ".join(random.choice(_VOCABULARY.split(), words))


def pdf(texts: list[str]) -> bytes:
    """Return a born-digital PDF with a page for each text; equal texts give equal bytes."""
    document = pymupdf.open()
    for text in texts:
        page = document.new_page(width=420, height=595)
        left = page.insert_textbox((40, 40, 380, 555), text, fontsize=9)
        assert left >= 0, "the text does not fit its page"
    return document.tobytes(no_new_id=True, garbage=3)


def write_pdf(folder: Path, name: str, first_seed: int, pages: int = 1, words: int = 120) -> Path:
    """Write a PDF whose pages have the texts of seeds `first_seed`, `first_seed + 1`, …"""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pdf([prose(first_seed + index, words) for index in range(pages)]))
    return path


def write_pdfs(folder: Path, count: int, pages: int) -> Path:
    """Write `0.pdf`, `1.pdf`, … with pages of seeds 0, 100, … and on; return the folder."""
    for number in range(count):
        write_pdf(folder, f"{number}.pdf", first_seed=100 * number, pages=pages)
    return folder


def write_scan(folder: Path, name: str, first_seed: int, pages: int = 1, words: int = 120) -> Path:
    """Write the same pages as `write_pdf`, as pictures without a text layer."""
    scan = pymupdf.open()
    for shown in pymupdf.open(write_pdf(folder, name, first_seed, pages, words)):
        page = scan.new_page(width=shown.rect.width, height=shown.rect.height)
        page.insert_image(page.rect, pixmap=shown.get_pixmap(dpi=150))
    path = folder / name
    path.write_bytes(scan.tobytes(no_new_id=True, garbage=3))
    return path
