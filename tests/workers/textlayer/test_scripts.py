"""Fonts of 8 bits that draw another script are found by their letters, and their text is mended."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.textlayer.raw import RawBlock
from workers.textlayer.scripts import with_mended_scripts

RUSSIAN = "Привет всем, кто читает эту книгу о вёрстке в начале нового года"
UKRAINIAN = "Український правопис містить правила переносу слів і поширюється на всі видання"
GREEK = "Η επιτροπή συνήλθε την Τρίτη για να συζητήσει τον προϋπολογισμό του λιμανιού"
THAI = "คณะกรรมการ ประชุม เมื่อ วันอังคาร เพื่อ หารือ เรื่อง งบประมาณ ประจำปี ของ ท่าเรือ"


def mended(*texts: str) -> list[str]:
    """The texts of spans of one font each, after they are mended."""
    spans = [{"font": f"F{number}", "text": text} for number, text in enumerate(texts)]
    blocks = with_mended_scripts([cast(RawBlock, {"type": 0, "lines": [{"spans": spans}]})])
    assert tuple(span["text"] for span in spans) == texts
    return [span["text"] for line in blocks[0]["lines"] for span in line["spans"]]


def read_as_latin(text: str, codec: str) -> str:
    """`text` as it is read where a font of `codec` has Windows' Latin encoding."""
    return "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in text.encode(codec))


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (UKRAINIAN, "cp1251"),
        (UKRAINIAN, "koi8-u"),
        (GREEK, "cp1253"),
        (GREEK, "iso8859-7"),
        (THAI, "cp874"),
    ],
)
def test_text_of_another_script_is_decoded(text: str, codec: str) -> None:
    assert mended(read_as_latin(text, codec)) == [text]
    assert mended(read_as_latin(text, codec).replace(" ", " LaTeX ")) == [
        text.replace(" ", " LaTeX ")
    ]


def test_cyrillic_of_tex_has_places_of_its_own() -> None:
    tex = str.maketrans("їєіІ«»", "\xf7\xffiI\xab\xbb")  # any bytes, for those of no letter
    places = str.maketrans("\xf7\xff\xab\xbb", "\xa8\xb9\xbe\xbf")
    text = f"«{UKRAINIAN}» — так, де- сять"
    letters = text.replace("—", "\x16").replace("-", "\x7f").translate(tex)
    read = "".join(
        c.translate(places) if ord(c) < 0x100 else read_as_latin(c, "cp1251") for c in letters
    )
    assert "¨íñüêèé" in read
    assert mended(read) == [text]


def test_a_heading_goes_by_the_text_below_it() -> None:
    heading, text = (read_as_latin(t, "cp1251") for t in ("Глава", RUSSIAN))
    assert mended(heading, text) == ["Глава", RUSSIAN]
    assert mended(heading) == [heading]


STAY = {
    "French": "À été créée là-bas où l’élève préféré âgé dès sa rentrée à l’école a pâli, créé",
    "Vietnamese": "Ðây là môt ngày ðep trõi và tôi rât vui ðýõc gãp ông ã nhà thõ",
    "Icelandic": "Það er æði að sjá þá síðan þær fóru út á sjó í óveðri, ýmist úfnar eða æðandi",
    "Turkish": "Þimdi güneþ doðuyor ve öðrenciler çýðlýk çýðlýða okula gidiyor, üþüyor",
    "Czech": "Pøíliš žluouèký kùò úpìl ïábelské ódy, ètyøi øíèní øeky tøpytí",
    "Finnish": "Sää äityi yöllä, hän ääneti öisin pöllöä äyräällä älyää, ääliö",
    "Portuguese": "São ações à é í ó ú, não há razão; às opiniões, avô e avó, lá já está",
    "a table of letters": "À Á Â Ã Ä Å Æ Ç È É Ê Ë Ì Í Î Ï Ð Ñ Ò Ó Ô Õ Ö Ø Ù Ú Û Ü Ý Þ ß",
    "rows of letters": "ÀÁÂÃÄÅÆÇ ÈÉÊËÌÍÎÏ ÐÑÒÓÔÕÖ× ØÙÚÛÜÝÞß àáâãäåæç èéêëìíîï ðñòóôõö÷",
    "notes drawn by letters": "ÓÓ ÓÓÓÓ ˇ *ˇ ÓÓ ÓÓÓÓ ˇ ÉÉ ÃÃ ÓÓÓÓ ÓÓÓÓ ÓÓÓÓ " * 20,
}


@pytest.mark.parametrize("text", STAY.values(), ids=STAY.keys())
def test_latin_text_stays(text: str) -> None:
    assert mended(text) == [text]


def test_text_that_no_encoding_explains_is_lost() -> None:
    hebrew = (
        "הוועדה התכנסה ביום שלישי כדי לדון בתקציב השנתי של הנמל והחברים הסכימו לתקן את המזח לפני"
        " החורף וכי העלות תחולק בין שתי העיירות כאשר המהנדסים יסיימו את סקר החומה שנבנתה לפני"
    )
    (read,) = mended(read_as_latin(hebrew, "cp1255"))
    assert read.count("\ufffd") > 100
    assert mended(read_as_latin("שלום לכולם", "cp1255")) == [read_as_latin("שלום לכולם", "cp1255")]


@given(st.text(st.characters(max_codepoint=0xFF), max_size=80))
def test_mending_never_raises_and_keeps_the_length(text: str) -> None:
    (read,) = mended(text)
    assert len(read) == len(text)


@given(st.text(st.characters(max_codepoint=0x7E, min_codepoint=32), max_size=200))
def test_ascii_stays(text: str) -> None:
    assert mended(text, read_as_latin(RUSSIAN, "cp1251")) == [text, RUSSIAN]
