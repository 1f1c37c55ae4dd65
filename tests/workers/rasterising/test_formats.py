"""Books, HTML, Markdown, drawings, comics and images: their pages, their text, their pictures."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import DocumentError
from schemas.pages import RasteredPage
from tests import formats
from tests.workers.rasterising.rendering import DOC, open_rasterizer, pixels, settings
from workers.rasterising import media_types as types
from workers.rasterising.media_types import sniff_file
from workers.rasterising.rasterizer import Rasterizer

BOOK = (420, 595)
A4 = (595, 842)
TABLE = "| Part | Price |\n|---|---|\n| Piston | 12.50 |\n| Valve | 3.99 |"
EDGE = 842


@pytest.fixture(scope="module")
def reader() -> Iterator[Rasterizer]:
    with open_rasterizer(settings("prefer", longest_edge_px=EDGE)) as rasterizer:
        yield rasterizer


def read(reader: Rasterizer, folder: Path, data: bytes, name: str = "file") -> list[RasteredPage]:
    path = folder / "document"
    path.write_bytes(data)
    media_type = sniff_file(path, name)
    assert media_type is not None
    count = reader.count_pages(path, media_type)
    return list(reader.rasterise(path, media_type, DOC, range(count)))


def text_of(page: RasteredPage) -> str:
    assert page.layer is not None, (page.error, page.layer_reason)
    return page.layer.text


def refused(reader: Rasterizer, folder: Path, data: bytes, name: str = "file") -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read(reader, folder, data, name)
    assert str(folder) not in caught.value.detail
    return caught.value


@pytest.mark.parametrize(
    ("data", "name", "sheet"),
    [
        (formats.epub(), "a.epub", BOOK),
        (formats.mobi(), "a.mobi", BOOK),
        (formats.html(), "a.html", A4),
        (formats.MARKDOWN.encode(), "a.md", A4),
    ],
    ids=["epub", "mobi", "html", "markdown"],
)
def test_titles_lists_and_tables_of_a_text_that_is_set_are_its_layer(
    reader, tmp_path, data, name, sheet
) -> None:
    (page,) = read(reader, tmp_path, data, name)
    text = text_of(page)
    assert text.startswith(f"# {formats.TITLE}\n\n{formats.PROSE}\n\n## Parts\n\n")
    assert "- the piston\n- the valve" in text
    assert text.endswith(TABLE)
    assert page.image is not None
    width, height = sheet
    assert (page.image.height, page.image.width) == (EDGE, pytest.approx(EDGE * width / height, 1))
    rows = (pixels(page) < 128).any(axis=1)
    # Print at the top, an empty margin above it and an empty rest below.
    assert (rows[:40].any(), rows[40 : EDGE // 2].any(), rows[2 * EDGE // 3 :].any()) == (
        False,
        True,
        False,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1251"])
def test_a_book_of_fiction_is_read_in_its_encoding(reader, tmp_path, encoding) -> None:
    prose = "Насос поднимает воду из низкого места в высокое. Клапан не даёт воде течь обратно."
    (page,) = read(reader, tmp_path, formats.fb2(encoding, prose))
    assert text_of(page) == f"# {formats.TITLE}\n\n{prose}"


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("cp1252", ""),
        ("shift_jis", '<meta charset="shift_jis">'),
        ("gb2312", "<meta http-equiv=Content-Type content='text/html; charset=gb2312'>"),
        ("utf-8", '<meta charset="hex">'),
        ("utf-16", '<meta charset="utf-8">'),
    ],
)
def test_html_is_read_in_its_encoding(reader, tmp_path, encoding, head) -> None:
    words = {"shift_jis": "水を低い所から高い所へ運ぶ道具", "gb2312": "水泵把水从低处送到高处"}
    word = words.get(encoding, "Pumpe für größere Höhen — «é»")
    page = f"<html><head>{head}</head><body><p>{word * 3}</p></body></html>"
    assert text_of(read(reader, tmp_path, page.encode(encoding))[0]).replace("\n", "") == word * 3


@pytest.mark.parametrize("data", [formats.xps(), formats.svg()], ids=["xps", "svg"])
def test_the_words_of_a_drawn_page_are_its_layer(reader, tmp_path, data) -> None:
    (page,) = read(reader, tmp_path, data)
    assert text_of(page).removeprefix("# ") == formats.SHORT
    assert 0.01 < (pixels(page) < 128).mean() < 0.5


def test_a_chapter_begins_on_a_page_and_pages_are_the_same_in_any_order(reader, tmp_path) -> None:
    long = "<h1>Long</h1>" + f"<p>{formats.PROSE}</p>" * 60
    data = formats.epub([formats.BODY, long, formats.BODY])
    pages = read(reader, tmp_path, data)
    firsts = [text_of(page).split("\n")[0] for page in pages]
    assert firsts[:2] == [f"# {formats.TITLE}", "# Long"]
    assert firsts[-1] == f"# {formats.TITLE}"
    assert len(pages) == 7
    words = re.sub(r"\s+", " ", " ".join(map(text_of, pages)))
    assert words.count(formats.PROSE) == 62
    with open_rasterizer(settings("prefer", longest_edge_px=EDGE)) as other:
        (alone,) = other.rasterise(tmp_path / "document", types.EPUB, DOC, range(4, 5))
    assert alone == pages[4]


def test_the_number_of_a_chapter_is_no_number_of_a_page(reader, tmp_path) -> None:
    bodies = [f"<p align=center>{n}</p><p>{formats.PROSE}</p>" for n in (1, 2, 3)]
    pages = read(reader, tmp_path, formats.epub(bodies))
    assert [text_of(page) for page in pages] == [f"{n}\n\n{formats.PROSE}" for n in (1, 2, 3)]


def test_soft_hyphens_and_scripts_are_no_words_and_lost_pictures_give_theirs(
    reader, tmp_path
) -> None:
    body = (
        "<p>The incom&shy;prehensible pump.</p><script>var hidden = 1</script>"
        "<p><img src='http://127.0.0.1:9/a.png' alt=\"The pump &amp; its &lt;valve&gt;\"></p>"
        "<p>It rests, as it should, in the shade of the old mill.</p>"
    )
    (page,) = read(reader, tmp_path, formats.html(body))
    assert text_of(page) == (
        "The incomprehensible pump.\n\nThe pump & its <valve>\n\n"
        "It rests, as it should, in the shade of the old mill."
    )


def test_an_icon_without_a_size_is_as_large_as_a_letter(reader, tmp_path) -> None:
    square = '<svg viewBox="0 0 512 512"><path d="M0 0h512v512h-512z"/></svg>'
    sized = (
        '<svg width="300" height="300" viewBox="0 0 512 512"><path d="M0 0h512v512h-512z"/></svg>'
    )
    icon, drawing = (
        read(reader, tmp_path, formats.html(f"<p>{formats.PROSE}</p>{part}"))
        for part in (square, sized)
    )
    assert (len(icon), len(drawing)) == (1, 1)
    assert (pixels(icon[0]) < 128).mean() < 0.02
    assert (pixels(drawing[0]) < 128).mean() > 0.1


@pytest.mark.parametrize(
    "before", ["---\ntitle: A pump\ntags: [a, b]\n---\n", "---\r\na: b\r\n---\r\n"]
)
def test_metadata_before_a_text_in_markdown_are_no_text(reader, tmp_path, before) -> None:
    (page,) = read(reader, tmp_path, f"{before}\n{formats.PROSE}\n".encode(), "a.md")
    assert text_of(page) == formats.PROSE
    rule = f"{formats.PROSE}\n\n---\n\nmore\n\n---\n"
    assert "more" in text_of(read(reader, tmp_path, rule.encode(), "a.md")[0])


def test_a_table_that_places_things_on_a_page_is_no_table(reader, tmp_path) -> None:
    inner = "<table><tr><td>Mon</td><td>12</td></tr><tr><td>Tue</td><td>14</td></tr></table>"
    body = f"<table><tr><td><h1>News</h1><p>{formats.PROSE}</p>{inner}</td></tr></table>"
    (page,) = read(reader, tmp_path, formats.html(body))
    assert text_of(page).startswith(f"# News\n\n{formats.PROSE}")
    assert text_of(page).endswith("| Mon | 12 |\n|---|---|\n| Tue | 14 |")


def test_a_wide_table_is_set_on_a_wider_page_and_long_lines_of_code_are_broken(
    reader, tmp_path
) -> None:
    row = "".join(f"<td>column{number}</td>" for number in range(20))
    code = f"<pre>{'code ' * 60}end</pre>"
    (page,) = read(reader, tmp_path, formats.html(code + f"<table>{f'<tr>{row}</tr>' * 2}</table>"))
    assert "column19" in text_of(page)
    assert "code end" in text_of(page)
    assert page.image is not None
    assert page.image.width > page.image.height


def test_a_comic_has_its_pictures_as_pages_in_the_order_of_their_numbers(reader, tmp_path) -> None:
    pages = read(reader, tmp_path, formats.cbz(12), "a.cbz")
    dark = [(pixels(page) < 128).mean() for page in pages]
    assert len(dark) == 12
    assert dark == sorted(dark)
    assert {(page.layer, page.error) for page in pages} == {(None, None)}


def test_a_damaged_page_of_a_comic_costs_only_itself(reader, tmp_path) -> None:
    good = formats.encoded("PNG")
    data = formats.zipped({"1.png": good, "2.png": b"none", "3.svg": "<svg/>", "4.png": good})
    pages = read(reader, tmp_path, data, "a.cbz")
    assert [page.error and page.error.reason for page in pages] == [None, "corrupt", None]


IMAGES = [("AVIF", None), ("JPEG2000", None), ("HEIF", "pillow_heif"), ("JXL", "pillow_jxl")]


@pytest.mark.parametrize(("format_name", "library"), IMAGES)
def test_an_image_is_drawn_as_it_is(reader, tmp_path, format_name, library) -> None:
    if library is not None:
        module = pytest.importorskip(library, reason="pip install 'pagefoundry[formats]'")
        getattr(module, "register_heif_opener", lambda: None)()
    (page,) = read(reader, tmp_path, formats.encoded(format_name, 3))
    original = np.asarray(formats.picture(3).convert("L")).astype(int)
    assert np.abs(pixels(page) - original).mean() < 4
    assert page.layer is None


@pytest.mark.parametrize(("name", "module"), [("a.heic", "pillow_heif"), ("a.jxl", "pillow_jxl")])
def test_an_image_whose_library_is_missing_says_what_to_install(
    reader, tmp_path, monkeypatch, name, module
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == module else find(n))
    data = {"a.jxl": b"\xff\x0a", "a.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"}[name]
    error = refused(reader, tmp_path, data)
    assert error.reason == "needs_library"
    assert "pip install 'pagefoundry[formats]'" in error.detail


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (formats.mobi(encryption=2), "a.mobi", "encrypted"),
        (
            formats.epub(
                more={"META-INF/encryption.xml": '<CipherReference URI="chapter0.xhtml"/>'}
            ),
            "a.epub",
            "encrypted",
        ),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/epub+zip", "a.epub", "corrupt"),
        (formats.encoded("AVIF")[:80], "a.avif", "corrupt"),
        (b"\xff\x0anothing", "a.jxl", "corrupt"),
    ],
)
def test_a_book_that_is_locked_or_broken_is_a_reject(reader, tmp_path, data, name, reason) -> None:
    assert refused(reader, tmp_path, data, name).reason == reason


def test_a_book_with_only_its_fonts_encrypted_is_read(reader, tmp_path) -> None:
    locks = '<CipherReference URI="fonts/a.otf"/>'
    (page,) = read(reader, tmp_path, formats.epub(more={"META-INF/encryption.xml": locks}))
    assert text_of(page).startswith(f"# {formats.TITLE}")
