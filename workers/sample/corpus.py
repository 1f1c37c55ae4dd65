"""The sample corpus: its files, good and bad, and what a run should make of each.

Owns the list of files and the expected results. The words are in `workers.sample.prose*`, the
drawing is in `workers.sample.pages`. The bytes are the same on each run, so a dataset made of them
has known ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from workers.sample import prose as words
from workers.sample import prose_scanned as scanned_words
from workers.sample import prose_scripts as scripts
from workers.sample.locked import locked_pdf
from workers.sample.pages import (
    PAGE_HEIGHT_PT,
    PAGE_WIDTH_PT,
    Sheet,
    add_sheet,
    encode,
    new_document,
    pdf_bytes,
    render,
    scanned,
    typeset,
    worn,
)

PASSWORD = "brackhill"
ABSURD_WIDTH_PT, ABSURD_HEIGHT_PT = 14_000_000, 10


@dataclass(frozen=True)
class SampleFile:
    """One file of the corpus and what a run should make of it.

    `what` describes it for people. `pages` counts all its pages, rejected ones too; it is 0 for an
    unreadable document. `rejects` are pairs of page index and reason; the index is None if the
    whole document is rejected.
    """

    name: str
    what: str
    pages: int
    rejects: tuple[tuple[int | None, str], ...] = ()

    @property
    def expected(self) -> str:
        """The reason if the whole document is rejected, else `pages`."""
        return next((reason for index, reason in self.rejects if index is None), "pages")


def write_sample_corpus(folder: Path) -> list[SampleFile]:
    """Write the corpus into `folder`, made if missing; files of the same names are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for file, data in sample_files():
        (folder / file.name).write_bytes(data)
        files.append(file)
    return files


def sample_files() -> Iterator[tuple[SampleFile, bytes]]:
    """All files of the corpus with their bytes, in a fixed order."""
    for file, make in _FILES:
        yield file, make()


def _river_survey() -> bytes:
    sheets = [
        Sheet((words.RIVER_INTRODUCTION,)),
        Sheet((words.RIVER_TABLE,), 10.5),
        Sheet(words.RIVER_COLUMNS, 10.5),
        Sheet((words.RIVER_PROPOSALS,)),
    ]
    return typeset("A Survey of the Orrin Water", sheets)


def _lighthouse_orders() -> bytes:
    sheets = [
        Sheet((words.LIGHTHOUSE_UPRIGHT,), family="sans-serif"),
        Sheet((words.LIGHTHOUSE_SIDEWAYS,), family="sans-serif", sideways=True),
    ]
    return typeset("The light on Skerry Point", sheets)


def _lighthouse_chinese() -> bytes:
    sheets = [Sheet((page,), 14.5, lang="zh-Hans") for page in scripts.LIGHTHOUSE_CHINESE]
    return typeset("北角灯塔", sheets)


def _archive_russian() -> bytes:
    return typeset("Городской архив", [Sheet((scripts.ARCHIVE_RUSSIAN,), lang="ru")])


def _olives_greek() -> bytes:
    return typeset(
        "The old olive press, in Greek",
        [Sheet((scripts.OLIVES_GREEK,), lang="el", family="sans-serif")],
    )


def _archive_rules() -> bytes:
    return typeset("Rules of the reading room", [Sheet((words.ARCHIVE_RULES,))])


def _archive_rules_reflowed() -> bytes:
    sheet = Sheet((words.ARCHIVE_RULES_EDITED,), 10, margin_pt=80, family="sans-serif")
    return typeset("Rules of the reading room, large margins", [sheet])


def _kiln_scan() -> bytes:
    sheets = [Sheet((page,), 13.5) for page in scanned_words.KILN_NOTEBOOK]
    return scanned("Notes on the firing of the long kiln", sheets, seed=1)


def _kiln_scan_chinese() -> bytes:
    return scanned("山坡上的长窑", [Sheet((scripts.KILN_CHINESE,), 17, lang="zh-Hans")], seed=11)


def _bridge_png() -> bytes:
    return encode(
        [render(Sheet((scanned_words.BRIDGE_PLACARD,), 13.5, family="sans-serif"))], "PNG"
    )


def _bell_jpeg() -> bytes:
    return encode([worn(render(Sheet((scanned_words.BELL_POSTER,), 13.5)), seed=21)], "JPEG")


def _seed_webp() -> bytes:
    page = render(Sheet((scanned_words.SEED_CATALOGUE,), 13.5))
    return encode([worn(page, seed=31, skew_degrees=-0.4)], "WEBP", quality=70)


def _harbour_tiff() -> bytes:
    # A fax: one bit a pixel, CCITT group 4, the usual format of archives of office paper.
    pages = [
        render(Sheet((page,), 13.5, family="sans-serif")) for page in scanned_words.HARBOUR_LOG
    ]
    bilevel = [page.convert("1", dither=Image.Dither.NONE) for page in pages]
    return encode(bilevel, "TIFF", compression="group4")


def _glass_with_absurd_page() -> bytes:
    document = new_document("A short guide to window glass")
    add_sheet(document, Sheet((words.GLASS_PAGES[0],)))
    document.new_page(width=ABSURD_WIDTH_PT, height=ABSURD_HEIGHT_PT)
    add_sheet(document, Sheet((words.GLASS_PAGES[1],)))
    return pdf_bytes(document)


def _clock_with_blank_page() -> bytes:
    document = new_document("The tower clock at Saint Ebba")
    add_sheet(document, Sheet((words.CLOCK_PAGES[0],)))
    document.new_page(width=PAGE_WIDTH_PT, height=PAGE_HEIGHT_PT)
    add_sheet(document, Sheet((words.CLOCK_PAGES[1],)))
    return pdf_bytes(document)


def _truncated() -> bytes:
    """Half a PDF: its page tree was in the other half, so no repair can find a page."""
    sheets = [Sheet((page,)) for page in (words.RIVER_INTRODUCTION, words.RIVER_PROPOSALS)]
    whole = typeset("The upper Orrin, first draft", sheets, packed=True)
    return whole[: len(whole) // 2]


def _locked() -> bytes:
    return locked_pdf(words.SEALED_LETTER, PASSWORD)


_FILES: tuple[tuple[SampleFile, Callable[[], bytes]], ...] = (
    (
        SampleFile(
            "river-survey.pdf", "born-digital report: headings, table, two columns, lists", 4
        ),
        _river_survey,
    ),
    (SampleFile("river-survey-copy.pdf", "the same bytes under a second name", 4), _river_survey),
    (
        SampleFile("lighthouse-orders.pdf", "born-digital, second page turned by /Rotate 90", 2),
        _lighthouse_orders,
    ),
    (
        SampleFile("lighthouse-chinese.pdf", "born-digital, Simplified Chinese", 2),
        _lighthouse_chinese,
    ),
    (SampleFile("archive-russian.pdf", "born-digital, Cyrillic", 1), _archive_russian),
    (SampleFile("olives-greek.pdf", "born-digital, Greek", 1), _olives_greek),
    (SampleFile("archive-rules.pdf", "born-digital, one page of prose", 1), _archive_rules),
    (
        SampleFile(
            "archive-rules-reflowed.pdf",
            "the page of archive-rules.pdf in another layout, two words changed",
            1,
            ((0, "duplicate"),),
        ),
        _archive_rules_reflowed,
    ),
    (SampleFile("kiln-notebook.pdf", "scan without a text layer, grey and askew", 2), _kiln_scan),
    (
        SampleFile("kiln-chinese.pdf", "Chinese scan without a text layer", 1),
        _kiln_scan_chinese,
    ),
    (SampleFile("bridge-placard.png", "page image, clean", 1), _bridge_png),
    (SampleFile("bell-foundry.jpg", "page image, a worn scan", 1), _bell_jpeg),
    (SampleFile("seed-catalogue.webp", "page image, a worn scan", 1), _seed_webp),
    (SampleFile("harbour-log.tiff", "two fax pages in one file", 2), _harbour_tiff),
    (
        SampleFile(
            "glass-absurd-page.pdf",
            f"its middle page is {ABSURD_WIDTH_PT:,} x {ABSURD_HEIGHT_PT} points",
            3,
            ((1, "page_too_large"),),
        ),
        _glass_with_absurd_page,
    ),
    (
        SampleFile("clock-blank-page.pdf", "its middle page is blank", 3, ((1, "blank"),)),
        _clock_with_blank_page,
    ),
    (SampleFile("truncated.pdf", "half of a PDF", 0, ((None, "corrupt"),)), _truncated),
    (
        SampleFile("locked.pdf", "needs a password", 0, ((None, "encrypted"),)),
        _locked,
    ),
    (SampleFile("empty.pdf", "zero bytes", 0, ((None, "empty_file"),)), bytes),
    (
        SampleFile("note.pdf", "plain text under a PDF's name", 0, ((None, "not_a_document"),)),
        words.PLAIN_NOTE.encode,
    ),
)
