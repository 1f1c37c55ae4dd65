"""The engine reads pages we set ourselves: right letters, right order, one page at a time."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pymupdf
import pytest
from PIL import Image
from rapidfuzz.distance import Levenshtein

from schemas.pages import PageImage, Reading
from workers.engines.rapidocr import RapidOcrEngine
from workers.engines.text_lines import Line

PROSE = (
    "The inventory lists every document and every page that the sources hold now. A shard is "
    "small enough for one replica, and its receipt is written last."
)
CHINESE = "文档被分成小块,每一块都有一张收据。收据最后写入,所以它的存在就意味着完成。"
LONGEST_EDGE_PX = 1280


def page_image(name: str, pdf: pymupdf.Document, turn: int = 0) -> PageImage:
    page = pdf[0]
    zoom = LONGEST_EDGE_PX / max(page.rect.width, page.rect.height)
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom))
    image = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples).rotate(turn)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=92)
    return PageImage(name, data.getvalue(), *image.size)


def set_page(
    boxes: Sequence[tuple[tuple[float, float, float, float], str, float]], font: str = "tiro"
) -> pymupdf.Document:
    """An A5 page with each text set in its box at its size in points."""
    pdf = pymupdf.open()
    page = pdf.new_page(width=420, height=595)
    for rect, text, size_pt in boxes:
        assert page.insert_textbox(rect, text, fontsize=size_pt, fontname=font) >= 0
    return pdf


def accuracy(text: str, truth: str) -> float:
    return Levenshtein.normalized_similarity(" ".join(text.split()), " ".join(truth.split()))


PROSE_PAGE = page_image("prose", set_page([((40, 40, 380, 200), PROSE, 11)]))
BLANK_PAGE = page_image("blank", set_page([]))
BROKEN_PAGE = PageImage("broken", b"\xff\xd8\xff not a jpeg", 800, 600)


@pytest.fixture(scope="module")
def engine() -> RapidOcrEngine:
    return RapidOcrEngine()


@pytest.fixture(scope="module")
def prose(engine: RapidOcrEngine) -> Reading:
    [reading] = engine.read([PROSE_PAGE])
    return reading


def test_reads_prose(prose: Reading) -> None:
    assert prose.error is None
    assert accuracy(prose.text, PROSE) > 0.98
    assert prose.confidence is not None
    assert 0.9 < prose.confidence <= 1
    assert prose.vision_tokens == 0


def test_reads_chinese_without_spaces_between_lines(engine: RapidOcrEngine) -> None:
    page = page_image("zh", set_page([((40, 40, 300, 200), CHINESE, 12)], font="china-s"))
    [reading] = engine.read([page])
    # The model may write a full-width comma for a narrow one.
    assert accuracy(reading.text.replace("，", ","), CHINESE) > 0.95
    assert " " not in reading.text


def test_blocks_carry_text_place_and_label(engine: RapidOcrEngine) -> None:
    pdf = set_page([((40, 40, 380, 90), "A Large Heading", 24), ((40, 120, 380, 300), PROSE, 11)])
    [reading] = engine.read([page_image("title", pdf)])
    title, body = reading.blocks
    assert title.text.lstrip("# ") == "A Large Heading"
    assert title.label in ("title", "heading")
    assert title.text.startswith("#")
    assert body.label == "paragraph"
    assert reading.text == f"{title.text}\n\n{body.text}"
    # The text boxes start at (40, 120) of 420 x 595 points; detection adds a few pixels around.
    assert body.bbox[:2] == pytest.approx((40 / 420, 120 / 595), abs=0.012)
    assert all(0 <= low < high <= 1 for low, high in zip(body.bbox[:2], body.bbox[2:], strict=True))


def test_reads_columns_one_after_the_other(engine: RapidOcrEngine) -> None:
    left, right = PROSE, PROSE[::-1].translate(str.maketrans(",.", "  "))
    heading = "A heading that runs across both of the columns"
    pdf = set_page(
        [
            ((40, 40, 380, 70), heading, 14),
            ((40, 80, 200, 400), left, 9),
            ((220, 80, 380, 400), right, 9),
        ]
    )
    [reading] = engine.read([page_image("columns", pdf)])
    assert reading.blocks[0].text.lstrip("# ") == heading
    assert accuracy(reading.text, f"{heading} {left} {right}") > 0.9


def test_reads_a_page_that_is_upside_down(engine: RapidOcrEngine) -> None:
    pdf = set_page([((40, 40, 380, 200), PROSE, 11)])
    [reading] = engine.read([page_image("turned", pdf, turn=180)])
    assert accuracy(reading.text, PROSE) > 0.95


def test_a_page_that_does_not_decode_costs_only_itself(engine: RapidOcrEngine) -> None:
    truncated = PageImage("short", PROSE_PAGE.data[:200], PROSE_PAGE.width, PROSE_PAGE.height)
    empty = PageImage("empty", b"", 10, 10)
    readings = engine.read([BROKEN_PAGE, PROSE_PAGE, truncated, empty])
    assert [reading.page_id for reading in readings] == ["broken", "prose", "short", "empty"]
    for reading in (readings[0], readings[2], readings[3]):
        assert reading.error is not None
        assert reading.error.reason == "engine_error"
        assert (reading.text, reading.blocks, reading.confidence) == ("", (), None)
    assert readings[1].error is None
    assert readings[1].text


def test_a_page_without_text_is_empty_and_no_error(engine: RapidOcrEngine) -> None:
    [reading] = engine.read([BLANK_PAGE])
    assert (reading.text, reading.blocks, reading.error) == ("", (), None)


def test_no_pages_is_no_readings(engine: RapidOcrEngine) -> None:
    assert engine.read([]) == []


@pytest.mark.parametrize("size_px", [(1, 1), (3000, 4), (5, 1200), (40, 16)])
def test_odd_shapes_are_read(engine: RapidOcrEngine, size_px: tuple[int, int]) -> None:
    data = io.BytesIO()
    Image.new("RGB", size_px, "white").save(data, "PNG")
    [reading] = engine.read([PageImage("odd", data.getvalue(), *size_px)])
    assert (reading.text, reading.error) == ("", None)


def test_a_reading_depends_on_neither_neighbours_nor_threads(
    engine: RapidOcrEngine, prose: Reading
) -> None:
    long_line = page_image("long", set_page([((20, 40, 400, 60), PROSE[:90], 8)]))
    crowd = engine.read([long_line, PROSE_PAGE, BROKEN_PAGE, long_line])
    assert crowd[1] == prose
    assert crowd[0] == crowd[3]
    assert RapidOcrEngine(threads=1).read([PROSE_PAGE]) == [prose]


def test_a_page_in_a_script_that_the_model_does_not_know_has_low_confidence(
    engine: RapidOcrEngine,
) -> None:
    pdf = pymupdf.open()
    page = pdf.new_page(width=420, height=595)
    text = "المكتبة القديمة في المدينة تحفظ الخرائط والرسائل منذ قرون طويلة " * 4
    page.insert_htmlbox((40, 80, 380, 555), f"<p dir='rtl' style='font-size:14px'>{text}</p>")
    page.insert_textbox((40, 40, 380, 70), "A heading in English", fontsize=14)
    [reading] = engine.read([page_image("arabic", pdf)])
    assert reading.confidence is not None
    assert reading.confidence < 0.5


def test_a_long_strip_is_read_in_tiles(engine: RapidOcrEngine) -> None:
    pdf = pymupdf.open()
    page = pdf.new_page(width=420, height=3000)
    for top in range(40, 2900, 1200):
        assert page.insert_textbox((40, top, 380, top + 150), PROSE, fontsize=14) >= 0
    pixmap = page.get_pixmap()
    strip = PageImage("strip", pixmap.tobytes("png"), pixmap.width, pixmap.height)
    [reading] = engine.read([strip])
    assert accuracy(reading.text, " ".join([PROSE] * 3)) > 0.97
    assert reading.coverage == pytest.approx(1, abs=0.02)


def test_the_lines_of_a_page_stand_where_they_are(engine: RapidOcrEngine) -> None:
    lines = engine.lines(PROSE_PAGE)
    assert accuracy(" ".join(line.text for line in sorted(lines, key=_top)), PROSE) > 0.95
    for line in lines:
        assert len(line.places) == len(line.text)
        # the text is set from 40 to 380 of 420 points, and from 40 to 200 of 595
        assert 30 / 420 * PROSE_PAGE.width < line.corners[:, 0].min()
        assert line.corners[:, 1].max() < 200 / 595 * PROSE_PAGE.height
    assert engine.lines(BLANK_PAGE) == []
    with pytest.raises(ValueError, match="not an image"):
        engine.lines(BROKEN_PAGE)


def _top(line: Line) -> float:
    return float(line.corners[:, 1].min())
