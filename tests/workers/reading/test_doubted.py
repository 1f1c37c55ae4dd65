"""A layer that is doubted is taken where an engine reads the same words."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path

import pymupdf
import pytest

from schemas.ids import page_id
from schemas.pages import PageReading, RasteredPage, Reading
from schemas.recipe import EngineSpec, Quality, Raster, TextLayer
from tests.builders import PROSE, make_doc_id, make_rastered
from tests.engines import ScriptedEngine
from workers.engines import Engine, load_engine
from workers.rasterising import RasterSettings
from workers.rasterising.render import render_pages
from workers.reading.doubted import agreement
from workers.reading.ladder import LadderSettings
from workers.reading.replica import Replica, ReplicaSettings

SHIFTED = {ord(c): ord(string.ascii_lowercase[n - 9]) for n, c in enumerate(string.ascii_lowercase)}
NAMES = (
    "Kondrel Vantor Qizz\nMirpel Xand Tolpe\nGwerin Brosk Jutta\nPlevna Orsk Dunmar\n"
    "Sarvik Nolte Hurb\nPelm Wadrin Tross\nZemlo Karst Ulvik\nBerzin Fathom Greel\n"
)


def read(page: RasteredPage, engine: Engine) -> PageReading:
    ladder = LadderSettings(Quality(), Raster(), rotate=True)
    (result,) = Replica(engine, ReplicaSettings(EngineSpec(), ladder)).read([page])
    assert result is not None
    return result


def doubted(text: str) -> RasteredPage:
    page = page_id(make_doc_id(1), 0)
    return make_rastered(page, doubted=Reading(page, text), layer_reason="doubtful")


def reader(text: str, turn: int = 0) -> ScriptedEngine:
    return ScriptedEngine(lambda page: Reading(page.page_id, text, turn=turn))


def test_a_layer_that_the_reading_bears_out_is_taken() -> None:
    result = read(doubted(f"**{PROSE}** 1788"), reader(PROSE.replace("e ", "c ")))
    assert result.reading.text == f"**{PROSE}** 1788"
    assert (result.text_source, result.engine) == ("text_layer", "text_layer")
    tries = [(attempt.engine, attempt.outcome) for attempt in result.attempts]
    assert tries == [("text_layer", "doubtful"), ("fake", "ok"), ("text_layer", "ok")]


def test_a_layer_of_other_words_gives_way_to_the_reading() -> None:
    result = read(doubted(PROSE.translate(SHIFTED)), reader(PROSE))
    assert result.reading.text == PROSE
    assert (result.text_source, result.engine) == ("ocr", "fake")
    assert [attempt.engine for attempt in result.attempts] == ["text_layer", "fake"]


def test_a_bad_reading_bears_nothing_out() -> None:
    result = read(doubted(PROSE), reader(""))
    assert result.text_source == "ocr"
    assert result.reading.text == ""


@pytest.mark.parametrize(
    ("layer", "reading", "share"),
    [
        ("the bell", "bell the", 1.0),
        ("Bell bell", "bell", 0.5),
        ("a b c", "a b c", 0.0),
        ("", "bell", 0.0),
        ("# ﬁne 485000", "fine 718333", 0.5),
    ],
)
def test_agreement_is_the_share_of_the_layers_words(layer: str, reading: str, share: float) -> None:
    assert agreement(layer, reading) == share


def pdf_of(text: str, says: Mapping[int, int], folder: Path) -> Path:
    """A PDF that draws `text`, whose layer `says` other letters, as its font does not show."""
    pdf = pymupdf.open()
    page = pdf.new_page()
    font = page.insert_font(fontname="F0", fontbuffer=pymupdf.Font("notos").buffer, set_simple=True)
    page.insert_textbox((60, 60, 540, 780), text, fontsize=11, fontname="F0")
    lines = [f"<{code:02x}> <{says.get(code, code):04x}>" for code in range(32, 127)]
    head = "begincmap 1 begincodespacerange <00> <ff> endcodespacerange"
    body = f"{len(lines)} beginbfchar {' '.join(lines)} endbfchar endcmap"
    xref = pdf.get_new_xref()
    pdf.update_object(xref, "<<>>")
    pdf.update_stream(xref, f"{head} {body}".encode())
    pdf.xref_set_key(font, "ToUnicode", f"{xref} 0 R")
    path = folder / "page.pdf"
    pdf.save(path)
    return path


@pytest.mark.parametrize(
    ("text", "says", "source"),
    [
        (f"{PROSE}\n{PROSE}", {}, "text_layer"),
        (f"{PROSE}\n{PROSE}", SHIFTED, "ocr"),
        (NAMES * 3, {}, "text_layer"),
    ],
    ids=["prose", "a map that lies", "names"],
)
def test_a_page_ends_with_the_words_that_it_shows(
    text: str, says: Mapping[int, int], source: str, tmp_path: Path
) -> None:
    path = pdf_of(text, says, tmp_path)
    settings = RasterSettings(Raster(), "prefer", TextLayer(), 0.0)
    (page,) = render_pages(str(path), "application/pdf", make_doc_id(1), range(1), settings)
    result = read(page, load_engine(EngineSpec(), threads=1))
    assert result.text_source == source, result.attempts
    assert agreement(text, result.reading.text) > 0.9
