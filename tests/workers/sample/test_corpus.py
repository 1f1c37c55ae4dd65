"""The sample corpus is as its list says: the same bytes each time, and the bad files are bad."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pymupdf
import pytest
from PIL import Image, ImageSequence

from workers.sample.corpus import (
    ABSURD_WIDTH_PT,
    PASSWORD,
    SampleFile,
    sample_files,
    write_sample_corpus,
)
from workers.sample.locked import rc4
from workers.sample.pages import Sheet, to_html, typeset

IMAGE_SUFFIXES = {".png", ".jpg", ".webp", ".tiff"}
SCANNED_PDFS = ["kiln-notebook.pdf", "kiln-chinese.pdf"]
REPOSITORY = Path(__file__).resolve().parents[3]
PRINT_DIGESTS = """
import hashlib
from workers.sample.corpus import sample_files
for file, data in sample_files():
    print(file.name, hashlib.sha256(data).hexdigest())
"""


@pytest.fixture(scope="module")
def corpus() -> dict[str, tuple[SampleFile, bytes]]:
    return {file.name: (file, data) for file, data in sample_files()}


def open_pdf(corpus: dict[str, tuple[SampleFile, bytes]], name: str) -> pymupdf.Document:
    return pymupdf.open(stream=corpus[name][1], filetype="pdf")


def five_grams(text: str) -> set[tuple[str, ...]]:
    tokens = text.lower().split()
    return {tuple(tokens[start : start + 5]) for start in range(len(tokens) - 4)}


def is_readable_pdf(file: SampleFile) -> bool:
    return file.name.endswith(".pdf") and file.expected == "pages"


def test_another_process_makes_the_same_bytes(
    corpus: dict[str, tuple[SampleFile, bytes]],
) -> None:
    here = {name: hashlib.sha256(data).hexdigest() for name, (_, data) in corpus.items()}
    env = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(REPOSITORY)}
    printed = subprocess.run(
        [sys.executable, "-c", PRINT_DIGESTS], env=env, check=True, capture_output=True, text=True
    ).stdout
    assert dict(line.split() for line in printed.splitlines()) == here


def test_two_calls_make_the_same_bytes(
    corpus: dict[str, tuple[SampleFile, bytes]], tmp_path: Path
) -> None:
    files = write_sample_corpus(tmp_path / "made" / "for it")
    assert files == [file for file, _ in corpus.values()]
    written = {path.name: path.read_bytes() for path in (tmp_path / "made" / "for it").iterdir()}
    assert written == {name: data for name, (_, data) in corpus.items()}


def test_the_demo_stays_small(corpus: dict[str, tuple[SampleFile, bytes]]) -> None:
    distinct = {data: file for file, data in corpus.values()}.values()
    page_rejects = sum(index is not None for file in distinct for index, _ in file.rejects)
    assert sum(file.pages for file in distinct) - page_rejects == 23
    assert sum(len(data) for _, data in corpus.values()) < 4_000_000


def test_pages_are_as_many_as_listed(corpus: dict[str, tuple[SampleFile, bytes]]) -> None:
    for name, (file, data) in corpus.items():
        if is_readable_pdf(file):
            assert open_pdf(corpus, name).page_count == file.pages, name
        elif Path(name).suffix in IMAGE_SUFFIXES:
            with Image.open(io.BytesIO(data)) as image:
                frames = [frame.size for frame in ImageSequence.Iterator(image)]
            assert len(frames) == file.pages, name
            assert all(max(size) > 1280 for size in frames), name


def test_rejected_pages_exist(corpus: dict[str, tuple[SampleFile, bytes]]) -> None:
    for file, _ in corpus.values():
        assert all(index is None or 0 <= index < file.pages for index, _ in file.rejects)
        assert (file.pages == 0) == (file.expected != "pages")


def test_born_digital_pages_carry_their_text(
    corpus: dict[str, tuple[SampleFile, bytes]],
) -> None:
    for name, (file, _) in corpus.items():
        if not is_readable_pdf(file) or name in SCANNED_PDFS:
            continue
        rejected = {index for index, reason in file.rejects if reason != "duplicate"}
        for index, page in enumerate(open_pdf(corpus, name)):
            text = page.get_text()
            assert "\ufffd" not in text
            assert index in rejected or len(text.split()) > 120 or len(text) > 200, (name, index)


def test_no_two_good_pages_share_prose(corpus: dict[str, tuple[SampleFile, bytes]]) -> None:
    seen: set[tuple[str, ...]] = set()
    for name, (file, _) in corpus.items():
        if is_readable_pdf(file) and "copy" not in name and "reflowed" not in name:
            for page in open_pdf(corpus, name):
                grams = five_grams(page.get_text())
                assert len(grams & seen) <= 2, (name, grams & seen)
                seen |= grams


@pytest.mark.parametrize("name", SCANNED_PDFS)
def test_scans_have_a_jpeg_and_no_text_layer(
    corpus: dict[str, tuple[SampleFile, bytes]], name: str
) -> None:
    document = open_pdf(corpus, name)
    for page in document:
        assert page.get_text().strip() == ""
        [image] = page.get_images()
        assert image[8] == "DCTDecode"


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("lighthouse-chinese.pdf", "\u4e00", "\u9fff"),
        ("archive-russian.pdf", "\u0400", "\u04ff"),
        ("olives-greek.pdf", "\u0370", "\u03ff"),
    ],
)
def test_other_scripts_come_back_as_letters(
    corpus: dict[str, tuple[SampleFile, bytes]], name: str, first: str, last: str
) -> None:
    for page in open_pdf(corpus, name):
        assert sum(first <= letter <= last for letter in page.get_text()) > 200


def test_one_page_is_turned_and_displays_in_landscape(
    corpus: dict[str, tuple[SampleFile, bytes]],
) -> None:
    upright, turned = open_pdf(corpus, "lighthouse-orders.pdf")
    assert (upright.rotation, turned.rotation) == (0, 90)
    assert turned.rect.width > turned.rect.height
    heading = turned.search_for("Stores and visitors")[0] * turned.rotation_matrix
    assert heading.width > heading.height
    assert heading.x0 < turned.rect.width / 4
    assert heading.y0 < turned.rect.height / 4


def test_the_copy_is_the_same_bytes(corpus: dict[str, tuple[SampleFile, bytes]]) -> None:
    assert corpus["river-survey.pdf"][1] == corpus["river-survey-copy.pdf"][1]


def test_the_reflowed_page_is_a_near_duplicate(
    corpus: dict[str, tuple[SampleFile, bytes]],
) -> None:
    [original] = open_pdf(corpus, "archive-rules.pdf")
    [reflowed] = open_pdf(corpus, "archive-rules-reflowed.pdf")
    first, second = original.get_text(), reflowed.get_text()
    assert first.split() != second.split()
    assert first.splitlines()[1:-1] != second.splitlines()[1:-1]
    left, right = five_grams(first), five_grams(second)
    assert len(left & right) / len(left | right) >= 0.9


def test_the_absurd_and_the_blank_page_stand_among_normal_ones(
    corpus: dict[str, tuple[SampleFile, bytes]],
) -> None:
    widths = [page.rect.width for page in open_pdf(corpus, "glass-absurd-page.pdf")]
    assert widths[1] == ABSURD_WIDTH_PT
    assert max(widths[0], widths[2]) < 1000
    blank = open_pdf(corpus, "clock-blank-page.pdf")[1]
    assert blank.get_text() == ""
    assert blank.get_pixmap().is_unicolor


def test_the_truncated_pdf_has_no_page_left(
    corpus: dict[str, tuple[SampleFile, bytes]],
) -> None:
    assert corpus["truncated.pdf"][1].startswith(b"%PDF-")
    assert open_pdf(corpus, "truncated.pdf").page_count == 0


def test_the_locked_pdf_opens_with_its_password_only(
    corpus: dict[str, tuple[SampleFile, bytes]],
) -> None:
    document = open_pdf(corpus, "locked.pdf")
    assert document.needs_pass
    assert not document.authenticate("guess")
    assert document.authenticate(PASSWORD)
    assert "green glaze" in document[0].get_text()


def test_the_empty_file_and_the_note_are_no_pdf(
    corpus: dict[str, tuple[SampleFile, bytes]],
) -> None:
    assert corpus["empty.pdf"][1] == b""
    assert b"%PDF" not in corpus["note.pdf"][1]


def test_rc4_agrees_with_its_published_vector() -> None:
    # The first of the three vectors that circulate with the cipher: key "Key", text "Plaintext".
    assert rc4(b"Key", b"Plaintext").hex() == "bbf316e8d940af0ad3"


def test_markup_is_escaped_and_chinese_lines_join_without_spaces() -> None:
    assert to_html("# A < B\n\n- one\ntwo\n- three", "en") == (
        "<h1 lang='en'>A &lt; B</h1><ul lang='en'><li>one\ntwo</li><li>three</li></ul>"
    )
    assert to_html("灯\n塔", "zh-Hans") == "<p lang='zh-Hans'>灯塔</p>"


def test_text_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        typeset("too long", [Sheet(("word " * 3000,))])
