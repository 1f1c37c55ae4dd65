from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from schemas.errors import DocumentError
from schemas.pages import Block
from schemas.typography import PRESETS, Theme, Typography, space
from tests.synthetic_texts import KINDS, MARKDOWN, SENTENCES, text_blocks
from workers.synthetic.drawn import Drawn
from workers.synthetic.text import fonts, sections, typeset
from workers.synthetic.text.blocks import Run, TextBlock
from workers.synthetic.text.markdown import markdown_blocks, plain_blocks, to_text
from workers.synthetic.text.markup import BREAK, css, to_html
from workers.synthetic.text.typography import Style, sample


def squeezed(text: str) -> str:
    return "".join(text.split())


def a_style(preset: str = "document", seed: int = 0, text: str = "", **narrowed: object) -> Style:
    chosen = space(preset, Typography.model_validate(narrowed))  # type: ignore[arg-type]
    return sample(np.random.default_rng(seed), chosen, fonts.script_of(text))


def set_all(blocks: tuple[TextBlock, ...], style: Style, edge_px: int = 320) -> list[Drawn]:
    count = typeset.count(blocks, style)
    drawn = list(typeset.pages(blocks, style, range(count), longest_edge_px=edge_px))
    assert len(drawn) == count
    return drawn


def ink(picture: Image.Image, box: tuple[float, float, float, float]) -> float:
    """The share of pixels in a box, in fractions, that differ from the picture's first pixel."""
    paper = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    marked = np.asarray(ImageChops.difference(picture, paper).convert("L")) > 40
    height, width = marked.shape
    x0, y0, x1, y1 = box
    part = marked[int(y0 * height) : int(y1 * height) + 1, int(x0 * width) : int(x1 * width) + 1]
    return float(part.mean())


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("kind", KINDS)
def test_pages_join_to_the_whole_text_in_every_preset_and_script(preset: str, kind: str) -> None:
    rng = np.random.default_rng([len(preset), len(kind)])
    for seed in range(3):
        blocks = text_blocks(kind, rng, sentences=16)
        style = a_style(preset, seed, blocks[0].text)
        drawn = set_all(blocks, style)
        assert squeezed("".join(page.text for page in drawn)) == squeezed(to_text(blocks))
        assert sum(page.cleaned_chars for page in drawn) == 0
        for page in drawn:
            joined = "".join(block.text for block in page.blocks)
            assert squeezed(joined) == squeezed(page.text)
            for block in page.blocks:
                assert 0 <= block.bbox[0] < block.bbox[2] <= 1
                assert 0 <= block.bbox[1] < block.bbox[3] <= 1
                assert ink(page.picture, block.bbox) > 0.005


def test_all_ink_lies_in_the_boxes_of_the_blocks() -> None:
    blocks = text_blocks("latin", np.random.default_rng(1))
    for page in set_all(blocks, a_style(columns=2, theme=Theme().model_dump()), edge_px=800):
        empty = page.picture.copy()
        for block in page.blocks:
            x0, y0, x1, y1 = block.bbox
            width, height = empty.size
            box = (x0 * width - 2, y0 * height - 2, x1 * width + 2, y1 * height + 2)
            empty.paste("white", tuple(round(side) for side in box))
        assert empty.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("kind", ["latin", "arabic", "markdown"])
def test_a_page_by_itself_is_the_page_of_a_sweep(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "_SECTION_CHARS", 1500)  # so that there are several sections
    blocks = text_blocks(kind, np.random.default_rng(2), sentences=60)
    style = a_style(page_size="a5", font_size_pt=12, columns=1)
    swept = set_all(blocks, style)
    assert len(swept) > 4
    for index in (len(swept) - 1, 2, 0):
        (alone,) = typeset.pages(blocks, style, [index], longest_edge_px=320)
        assert alone.text == swept[index].text
        assert alone.blocks == swept[index].blocks
        assert alone.picture.tobytes() == swept[index].picture.tobytes()
    some = list(typeset.pages(blocks, style, [3, 1], longest_edge_px=320))
    assert [page.text for page in some] == [swept[1].text, swept[3].text]


def test_many_empty_lines_make_no_page_without_text() -> None:
    lost, spaced = "before" + "\n\uf8f4" * 400 + "\nafter", "def f():" + "\n" * 400 + "    pass"
    for blocks, text in (
        (plain_blocks(lost), "before\nafter"),
        ((TextBlock("code", (Run(spaced),)),), "def f():\n\n\n    pass"),
    ):
        (page,) = set_all(blocks, a_style())
        assert page.text == text


def test_a_page_past_the_last_is_refused() -> None:
    blocks = plain_blocks("one page")
    with pytest.raises(DocumentError, match="page index 1 was asked for, but the text has 1 pages"):
        list(typeset.pages(blocks, a_style(), [0, 1], longest_edge_px=320))


def test_nothing_to_draw_is_no_page() -> None:
    assert typeset.count((), a_style()) == 0
    assert typeset.count(plain_blocks("\u200b\ue000 \U0010ffff"), a_style()) == 0


def test_kinds_of_blocks_become_labels_and_markdown() -> None:
    style = a_style(page_size="a4", font_size_pt=9, columns=1)
    blocks = markdown_blocks(MARKDOWN)
    (page,) = typeset.pages(blocks, style, [0], longest_edge_px=640, markdown=True)
    assert [block.label for block in page.blocks[:5]] == [
        "heading",
        "paragraph",
        "heading",
        "list",
        "list",
    ]
    assert {block.label for block in page.blocks} == {"heading", "paragraph", "list", "code"}
    assert markdown_blocks(page.text) == blocks
    tops = [block.bbox[1] for block in page.blocks]
    assert tops == sorted(tops)


def test_columns_are_read_one_after_the_other() -> None:
    numbers = plain_blocks("\n\n".join(f"{number:04}" for number in range(400)))
    style = a_style(page_size="a4", font_size_pt=10, columns=3, alignment="left")
    page = next(typeset.pages(numbers, style, [0], longest_edge_px=640))
    assert [block.text for block in page.blocks] == [f"{n:04}" for n in range(len(page.blocks))]
    lefts = [block.bbox[0] for block in page.blocks]
    assert len({round(left, 2) for left in lefts}) == 3
    turns = [(a, b) for a, b in pairwise(page.blocks) if b.bbox[0] > a.bbox[0] + 0.1]
    assert all(above.bbox[1] > below.bbox[1] for above, below in turns)


def test_the_edge_or_the_dpi_gives_the_size_and_the_paper_its_colour() -> None:
    theme = Theme(text="#ffee00", paper="#102030", heading="#ffee00", panel="#102030")
    style = a_style("web", page_size="a4", theme=theme.model_dump())
    (page,) = typeset.pages(plain_blocks("yellow"), style, [0], longest_edge_px=1024)
    assert page.picture.size == (round(595 * 1024 / 842), 1024)
    assert page.picture.mode == "RGB"
    assert page.picture.getpixel((0, 0)) == page.picture.getpixel((700, 1000)) == (16, 32, 48)
    colours = {colour for _, colour in page.picture.getcolors(1 << 20) or []}
    assert (255, 238, 0) in colours
    (page,) = typeset.pages(plain_blocks("x"), a_style("glyph"), [0], longest_edge_px=1024)
    assert page.picture.size == (595, 842)


def test_glyph_keeps_line_ends_on_lines_of_ten_points() -> None:
    lines = [f"line {number}" for number in range(7)]
    blocks = plain_blocks("\n".join(lines) + "\n\nafter a blank line")
    (page,) = typeset.pages(blocks, a_style("glyph"), [0], longest_edge_px=0)
    marked = np.asarray(page.picture.convert("L")).min(axis=1) < 128
    starts = [y for y in range(1, len(marked)) if marked[y] and not marked[y - 1]]
    # Ascenders of l begin each of the seven lines, and f the one after the blank line.
    gaps = [b - a for a, b in pairwise(starts[:7])]
    assert gaps == [10] * 6
    assert page.text == "\n".join(lines) + "\n\nafter a blank line"


def test_words_longer_than_a_line_are_broken_not_clipped() -> None:
    words = ("x" * 500, "https://example.org/" + "a-b/c_d?" * 80, "Ж" * 300, "漢" * 300)
    mixed = "Данныеdata" * 40 + " " + "שלוםdata" * 40
    blocks = plain_blocks("\n\n".join((*words, mixed)))
    for seed in range(4):
        style = a_style(seed=seed, page_size="a5", font_size_pt=[14, 20])
        drawn = set_all(blocks, style)
        assert squeezed("".join(page.text for page in drawn)) == squeezed(to_text(blocks))


def test_a_word_that_goes_on_in_another_style_stays_in_its_column() -> None:
    blocks = markdown_blocks("see (`tests.benchmarks.growth`): a run")
    for tenths in range(150, 250):  # at some of these the code fits a line and its colon does not
        style = a_style(page_size="a5", columns=1, margin_x_pt=100, font_size_pt=tenths / 10)
        (page,) = set_all(blocks, style)
        assert squeezed(page.text) == squeezed(to_text(blocks))


def test_right_to_left_paragraphs_begin_on_the_right() -> None:
    style = a_style(page_size="a4", columns=1, alignment="left", first_indent_em=0)
    blocks = plain_blocks("שלום עולם\n\nhello world\n\nمرحبا")
    (page,) = typeset.pages(blocks, style, [0], longest_edge_px=640)
    hebrew, english, arabic = page.blocks
    assert hebrew.bbox[0] > 0.5
    assert english.bbox[2] < 0.5
    assert arabic.bbox[2] == pytest.approx(hebrew.bbox[2], abs=0.01)


def test_code_keeps_its_spaces() -> None:
    style = a_style("code", columns=1, code_family="Nimbus Mono")
    block = TextBlock("code", (Run("x\n\tx\n        x"),))
    (page,) = typeset.pages((block,), style, [0], longest_edge_px=800)
    assert page.text == "x\n    x\n        x"
    # One x a line: the left edges of the three lines are four letters apart.
    x0, y0, _, y1 = page.blocks[0].bbox
    grey = np.asarray(page.picture.convert("L")).astype(int)
    height, width = grey.shape
    part = abs(grey[int(y0 * height) : int(y1 * height), int(x0 * width) - 1 :] - grey[0, 0]) > 40
    third = part.shape[0] // 3
    lefts = [int(np.argmax(part[n * third : (n + 1) * third].any(axis=0))) for n in range(3)]
    assert lefts[1] - lefts[0] == pytest.approx(lefts[2] - lefts[1], abs=1)
    assert lefts[0] < lefts[1]


def test_the_same_style_gives_the_same_bytes() -> None:
    blocks = text_blocks("cyrillic", np.random.default_rng(3), sentences=8)
    first, second = (set_all(blocks, a_style(seed=5)) for _ in range(2))
    assert [page.picture.tobytes() for page in first] == [page.picture.tobytes() for page in second]
    assert [page.blocks for page in first] == [page.blocks for page in second]


@pytest.mark.parametrize("kind", ["latin", "greek", "cyrillic", "chinese"])
def test_a_pdf_of_the_same_page_reads_the_same(kind: str) -> None:
    blocks = text_blocks(kind, np.random.default_rng(4), sentences=6)
    style = a_style(page_size="a4", columns=1, font_size_pt=9, family="Charis SIL")
    (page,) = typeset.pages(blocks, style, [0], longest_edge_px=320)
    archive = fonts.archive(style.family, style.code_family)
    html = "".join(to_html(block, style) for block in blocks)
    story = pymupdf.Story(html, user_css=css(style), archive=archive)
    out = io.BytesIO()
    writer = pymupdf.DocumentWriter(out)
    more, _ = story.place(pymupdf.Rect(40, 40, 555, 800))
    assert not more
    device = writer.begin_page(pymupdf.Rect(0, 0, 595, 842))
    story.draw(device)
    writer.end_page()
    writer.close()
    with pymupdf.open("pdf", out.getvalue()) as pdf:
        read = pdf[0].get_text(flags=0)
    assert squeezed(read.replace(BREAK, "")) == squeezed(page.text)


def test_an_inexact_page_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    # A cleaning that lets everything through, as if fonts had all glyphs.
    monkeypatch.setattr(sections, "_shown", lambda block, style: (block, 0))
    with pytest.raises(DocumentError, match="in place of"):
        set_all((TextBlock("paragraph", (Run("soft\u00adhyphen"),)),), a_style())


ANY_BLOCK = st.builds(
    TextBlock,
    st.sampled_from(["paragraph", "heading", "item", "code", "quote"]),
    st.lists(
        st.builds(
            Run,
            st.text(st.characters(), max_size=60),
            st.sampled_from(["", "strong", "emphasis", "code"]),
        ),
        max_size=3,
    ).map(tuple),
    st.integers(1, 6),
    st.sampled_from(["", "•", "12."]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_BLOCK, max_size=4), st.sampled_from(list(PRESETS)), st.integers(0, 50))
def test_any_text_is_set_and_what_is_not_shown_is_counted(
    blocks: list[TextBlock], preset: str, seed: int
) -> None:
    style = a_style(preset, seed)
    drawn = set_all(tuple(blocks), style, edge_px=64)
    shown = "".join(squeezed(page.text) for page in drawn)
    latin = {char for char in to_text(blocks) if char.isascii() and char.isprintable()}
    assert latin - set(shown) <= {" "}


def test_sentences_in_one_document_keep_their_scripts() -> None:
    text = "\n\n".join(sentence for some in SENTENCES.values() for sentence in some)
    blocks = plain_blocks(text)
    drawn = set_all(blocks, replace(a_style(), columns=1))
    assert squeezed("".join(page.text for page in drawn)) == squeezed(text)
    assert all(isinstance(block, Block) for page in drawn for block in page.blocks)
