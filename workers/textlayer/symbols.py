"""Give the text of symbol fonts the characters that they draw.

The letters of Symbol are Greek, those of Zapf Dingbats are pictures. A PDF that has such a font
under an encoding of text says «a b g» for αβγ and «3» for a tick; others give its codes in the
private use area, U+F061 for α. The tables are Adobe's standard encodings of the two fonts, as
Unicode publishes them (VENDORS/ADOBE/symbol.txt, zdingbat.txt), and for Wingdings the signs on
which Unicode's own proposal for it (L2/11-052) leaves no doubt. Does not look at the font's file.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pymupdf

from workers.textlayer.broken import BROKEN
from workers.textlayer.private_use import KNOWN_PRIVATE
from workers.textlayer.raw import RawBlock, RawLine, RawSpan, copied, plain_name, translate

_PRIVATE = 0xF000  # of the codes of a font, as Windows names them
_ASCII = range(0x20, 0x7F)
_HIGH = range(0xA0, 0x100)


def _table(*parts: tuple[range, str]) -> dict[int, str]:
    """The character of each code; a space stands for codes that have none, save the space."""
    table = {
        code: sign
        for codes, signs in parts
        for code, sign in zip(codes, signs, strict=True)
        if sign != " "
    }
    return table | {0x20: " ", 0xA0: table.get(0xA0, " ")}


_SYMBOL = _table(
    (
        _ASCII,
        " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"
        "‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    ),
    (
        _HIGH,
        "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓"
        "◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ ⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭ ",
    ),
)
_DINGBATS = _table(
    (
        _ASCII,
        " ✁✂✃✄☎✆✇✈✉☛☞✌✍✎✏✐✑✒✓✔✕✖✗✘✙✚✛✜✝✞✟✠✡✢✣✤✥✦✧★✩✪✫✬✭✮✯✰✱✲✳✴✵✶✷✸✹✺✻✼✽✾✿"
        "❀❁❂❃❄❅❆❇❈❉❊❋●❍■❏❐❑❒▲▼◆❖◗❘❙❚❛❜❝❞",
    ),
    (range(0x80, 0x8E), "❨❩❪❫❬❭❮❯❰❱❲❳❴❵"),
    (
        _HIGH,
        " ❡❢❣❤❥❦❧♣♦♥♠①②③④⑤⑥⑦⑧⑨⑩❶❷❸❹❺❻❼❽❾❿"
        "➀➁➂➃➄➅➆➇➈➉➊➋➌➍➎➏➐➑➒➓➔→↔↕➘➙➚➛➜➝➞➟➠➡➢➣➤➥➦➧➨➩➪➫➬➭➮➯ ➱➲➳➴➵➶➷➸➹➺➻➼➽➾ ",
    ),
)
# The numbers in the names of Zapf Dingbats' glyphs, a1 to a206, in the order of the codes.
_NAMES = """
1 2 202 3 4 5 119 118 117 11 12 13 14 15 16 105 17 18 19 20 21 22 23 24 25 26 27 28 6 7
8 9 10 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55
56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 203 75 204 76 77 78 79 81 82 83
84 97 98 99 100
101 102 103 104 106 107 108 112 111 110 109 120 121 122 123 124 125 126 127 128 129 130
131 132 133 134 135 136 137 138 139 140 141 142 143 144 145 146 147 148 149 150 151 152
153 154 155 156 157 158 159 160 161 163 164 196 165 192 166 167 168 169 170 171 172 173
162 174 175 176 177 178 179 193 180 199 181 200 182 201 183 184 197 185 194 198 186 195
187 188 189 190 191
"""
_NAMED_CODES = [*range(0x21, 0x7F), *(code for code in range(0xA1, 0xFF) if code != 0xF0)]
_NUMBERED = {
    int(number): _DINGBATS[code]
    for code, number in zip(_NAMED_CODES, _NAMES.split(), strict=True)
    if number != "32"  # a space is one that MuPDF put between words
}
_WINGDINGS = _table(
    (range(0x22, 0x24), "✂✁"),
    (range(0x45, 0x49), "☜☞☝☟"),
    (range(0x5E, 0x6A), "♈♉♊♋♌♍♎♏♐♑♒♓"),
    (range(0x6C, 0x70), "●❍■□"),
    (range(0x71, 0x73), "❑❒"),
    (range(0x75, 0x77), "◆❖"),
    (range(0x81, 0x8B), "①②③④⑤⑥⑦⑧⑨⑩"),
    (range(0x8C, 0x96), "❶❷❸❹❺❻❼❽❾❿"),
    (range(0x9F, 0xA0), "•"),
    (range(0xA7, 0xA9), "▪◻"),
    (range(0xAB, 0xAC), "★"),
    (range(0xD8, 0xD9), "➢"),
    (range(0xDF, 0xE3), "←→↑↓"),
    (range(0xFB, 0xFF), "✗✓☒☑"),
)


@dataclass(frozen=True, slots=True)
class _Font:
    """A font by its name: the characters that its text may rightly have, and the mends of others.

    `mends` has the sign for each character that stands for its code by Windows' encoding, and for
    the private-use ones that `private_use` does not know.
    """

    name: re.Pattern[str]
    own: frozenset[str]
    mends: Mapping[int, str]


def _font(name: str, signs: Mapping[int, str], also: str = "") -> _Font:
    mends: dict[int, str] = {}
    for code, sign in signs.items():
        mends[code] = mends[ord(bytes([code]).decode("cp1252", "replace"))] = sign
        if _PRIVATE + code not in KNOWN_PRIVATE:
            mends[_PRIVATE + code] = sign
    mends.pop(0xFFFD, None)  # for the codes that Windows' encoding does not have
    return _Font(re.compile(name), frozenset((*signs.values(), *also)), mends)


_LOOKALIKES = "µ*-'\"~^`ΔΩ"
"""What right maps of Symbol also give for its mu, asterisk, minus, primes and tilde."""

_DINGBATS_FONT = _font(r"(ITC)?(Zapf ?)?Dingbats(ITC|StandardL?)?([,-].*)?", _DINGBATS)
_FONTS = (
    _font(r"Symbol(MT|StandardL?|PS|PSMT|Std|Neu)?([,-].*)?", _SYMBOL, _LOOKALIKES),
    _DINGBATS_FONT,
    _font(r"Wingdings(-Regular)?([,-].*)?", _WINGDINGS),
)
_BULLET_FONT = re.compile("wingdings|webdings|dingbats|sorts|starsymbol|opensymbol", re.I)
_PICTURE_FONT = re.compile("symbol|ding|icon|awesome|math|music|emoji|barcode", re.I)
_MIN_LETTERS = 20
_VOWEL = re.compile("[aeiouy]", re.I)


def dingbats_have_codes(page: pymupdf.Page) -> bool:
    """Whether the text of Zapf Dingbats on `page` gives codes, or else the numbers of names.

    MuPDF goes by an encoding of text or a ToUnicode map. Without them it takes the glyph a71 for
    the character 71, «G», though its code is that of «l»: a black disc.
    """
    fonts = [font for font in page.get_fonts() if "ingbats" in font[3]]
    return any(
        encoding or page.parent.xref_get_key(xref, "ToUnicode")[0] == "xref"
        for xref, _, _, _, _, encoding, *_ in fonts
        if xref > 0
    )


def with_mended_symbols(
    blocks: Sequence[RawBlock], have_codes: Callable[[], bool]
) -> Sequence[RawBlock]:
    """`blocks` with the signs that symbol fonts draw; `blocks` themselves where there is no such.

    `have_codes` is asked only where there is Zapf Dingbats (see `dingbats_have_codes`).

    A font that has only characters of its own, such as α in Symbol, is left alone: its map is
    right. Where it has both kinds, two fonts share the name, and each span is judged alone.
    """
    lines = [line for block in blocks for line in block.get("lines", ())]
    if not any(_is_suspect(span) for line in lines for span in line["spans"]):
        return blocks
    mended = copied(blocks)
    of_fonts: dict[str, list[RawSpan]] = defaultdict(list)
    for line in (line for block in mended for line in block.get("lines", ())):
        _mend_bullet(line)
        for span in filter(_is_suspect, line["spans"]):
            of_fonts[span["font"]].append(span)
    for name, spans in of_fonts.items():
        if font := _font_of(name):
            is_numbered = font.name is _DINGBATS_FONT.name and not have_codes()
            _mend_font(spans, replace(font, mends=_NUMBERED) if is_numbered else font)
        elif _are_letters("".join(s["text"] for s in spans)) and not _PICTURE_FONT.search(name):
            for span in spans:
                translate(span, _LETTER_CODES)
    return mended


def _is_suspect(span: RawSpan) -> bool:
    """Whether the font is a symbol font by its name, or by the codes of its characters."""
    has_codes = not span["text"].isascii() and BROKEN.search(span["text"]) is not None
    return has_codes or _font_of(span["font"]) is not None


@functools.lru_cache(maxsize=1024)
def _font_of(name: str) -> _Font | None:
    plain = plain_name(name)
    return next((font for font in _FONTS if font.name.fullmatch(plain)), None)


def _mend_bullet(line: RawLine) -> None:
    """Put a bullet where a line opens by one sign of a symbol font that nothing tells."""
    span = line["spans"][0] if line["spans"] else None
    if span is None or span["text"].isascii() or not BROKEN.fullmatch(span["text"].strip()):
        return
    if _BULLET_FONT.search(span["font"]) and not _is_told(span):
        translate(span, {ord(span["text"].strip()): "•"})


def _is_told(span: RawSpan) -> bool:
    font = _font_of(span["font"])
    return font is not None and ord(span["text"].strip()) in font.mends


def _mend_font(spans: Sequence[RawSpan], font: _Font) -> None:
    is_wrong = [any(ord(c) in font.mends and c not in font.own for c in s["text"]) for s in spans]
    if not any(is_wrong):
        return
    has_own = any(c in font.own and c > "\xff" for span in spans for c in span["text"])
    for span, wrong in zip(spans, is_wrong, strict=True):
        if wrong or not has_own:
            translate(span, font.mends)


_LETTER_CODES = {_PRIVATE + code: chr(code) for code in _ASCII}
_CODE = re.compile("[\uf020-\uf07e]")


def _are_letters(text: str) -> bool:
    """Whether the private-use codes in `text` are ASCII, by the shares of letters and vowels."""
    plain = "".join(chr(ord(code) - _PRIVATE) for code in _CODE.findall(text))
    letters = [c for c in plain if c.isalpha()]
    if len(letters) < max(_MIN_LETTERS, 0.6 * len(plain.replace(" ", ""))):
        return False
    return 0.25 <= len(_VOWEL.findall(plain)) / len(letters) <= 0.6
