"""The font families that texts are set in, and which characters they can show.

All fonts come from pinned packages, never from the machine: those of MuPDF, of pymupdf-fonts (SIL
OFL), and DejaVu Sans of matplotlib. Where a family has no glyph, MuPDF takes it from its fallback
fonts: Noto for most scripts, Droid Sans Fallback for Chinese, Japanese and Korean.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pymupdf
import pymupdf_fonts
from pymupdf import mupdf

from schemas.errors import RecipeError

Script = (
    Literal["latin", "greek", "cyrillic", "arabic", "hebrew", "devanagari", "thai"]
    | Literal["han", "kana", "hangul", "other"]
)
Reach = Literal["always", "in_context", "never"]
"""Whether a character has a glyph: one that scripts share may have it in some runs only."""


@dataclass(frozen=True, slots=True)
class _Faces:
    """A family's fonts: MuPDF's own by their name in style sheets, or fonts of packages by their
    names, for regular, bold, italic and bold italic."""

    built_in: str = ""
    packaged: tuple[str, ...] = ()


_FAMILIES: dict[str, _Faces] = {
    "Charis SIL": _Faces("Charis SIL"),
    "Nimbus Roman": _Faces("Times"),
    "Nimbus Sans": _Faces("Helvetica"),
    "Nimbus Mono": _Faces("Courier"),
    "Noto Sans": _Faces(packaged=("notos", "notosbo", "notosit", "notosbi")),
    "FiraGO": _Faces(packaged=("figo", "figbo", "figit", "figbi")),
    "Ubuntu": _Faces(packaged=("ubuntu", "ubuntubo", "ubuntuit", "ubuntubi")),
    "Ubuntu Mono": _Faces(packaged=("ubuntm", "ubuntmbo", "ubuntmit", "ubuntmbi")),
    "Fira Mono": _Faces(packaged=("fimo", "fimbo")),
    "Space Mono": _Faces(packaged=("spacemo", "spacembo", "spacemit", "spacembi")),
    "Cascadia Mono": _Faces(packaged=("cascadia", "cascadiab", "cascadiai", "cascadiabi")),
    "DejaVu Sans": _Faces(
        packaged=(
            "DejaVuSans.ttf",
            "DejaVuSans-Bold.ttf",
            "DejaVuSans-Oblique.ttf",
            "DejaVuSans-BoldOblique.ttf",
        )
    ),
}
_FACES = (("normal", "normal"), ("bold", "normal"), ("normal", "italic"), ("bold", "italic"))
# Letters that a family must have to be used for a script. Scripts that are not listed are set in
# one fallback font each, whatever the family.
_OWN_LETTERS: dict[Script, str] = {
    **{"latin": "aß", "greek": "αώ", "cyrillic": "жё", "arabic": "بپ", "hebrew": "אש"},
    **{"devanagari": "कष", "thai": "กฮ"},
}
# MuPDF's fallback both for Latin, Greek and Cyrillic letters and for characters that scripts share.
_SHARED_FALLBACK = "Noto Serif Regular"
_SHARED_LETTERS = ("LATIN", "GREEK", "CYRILLIC")


def style_sheet(family: str, name: str) -> str:
    """`@font-face` rules that define a family as `name`; MuPDF's own families need none."""
    return "".join(
        f"@font-face{{font-family:{name};font-weight:{weight};font-style:{style};"
        f"src:url('{file}')}}"
        for (weight, style), file in zip(_FACES, _FAMILIES[family].packaged, strict=False)
    )


def css_name(family: str, name: str) -> str:
    """The name of a family in a style sheet that begins with `style_sheet(family, name)`."""
    return f"'{_FAMILIES[family].built_in or name}'"


@lru_cache(maxsize=64)
def archive(family: str, code_family: str) -> pymupdf.Archive:
    """The font files that the families' style sheets name."""
    files = pymupdf.Archive()
    for name in _FAMILIES[family].packaged + _FAMILIES[code_family].packaged:
        files.add(_font_file(name), name)
    return files


@lru_cache(maxsize=64)
def _font_file(name: str) -> bytes:
    if not name.endswith(".ttf"):
        data: bytes = pymupdf_fonts.fontdescriptors[name]["loader"]()
        return data
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise RecipeError("family DejaVu Sans comes with matplotlib, which is not installed")
    # Read without importing matplotlib, which takes a second and looks at the machine's fonts.
    return (Path(spec.origin).parent / "mpl-data/fonts/ttf" / name).read_bytes()


@lru_cache(maxsize=64)
def _fonts(family: str) -> tuple[mupdf.FzFont, ...]:
    faces = _FAMILIES[family]
    if faces.built_in:
        return tuple(
            mupdf.fz_new_builtin_font(faces.built_in, weight == "bold", style == "italic")
            for weight, style in _FACES
        )
    return tuple(pymupdf.Font(fontbuffer=_font_file(name)).this for name in faces.packaged)


@lru_cache(maxsize=1 << 17)
def reach(family: str, char: str) -> Reach:
    """Whether text in `family` shows `char`, in all of its weights.

    A glyph without ink counts as none. MuPDF looks for a glyph in the family, then in the font of
    the run's script, then in fonts of symbols. A character that scripts share takes the script of
    its neighbours, so where the family lacks it, only setting the text tells whether it is shown.
    """
    reaches = {_reach(font, char) for font in _fonts(family)}
    return reaches.pop() if len(reaches) == 1 else "never" if "never" in reaches else "in_context"


def _reach(font: mupdf.FzFont, char: str) -> Reach:
    glyph = mupdf.fz_encode_character(font, ord(char))
    if glyph > 0:
        return "always" if _has_ink(font, glyph) else "never"
    glyph, fallback = mupdf.fz_encode_character_with_fallback(font, ord(char), 0, 0)
    if glyph > 0 and not _has_ink(fallback, glyph):
        return "never"
    category = unicodedata.category(char)
    if glyph > 0 and mupdf.fz_font_name(fallback) != _SHARED_FALLBACK:
        return "always"
    if glyph > 0 and unicodedata.name(char, "").startswith(_SHARED_LETTERS):
        return "always"
    # A letter brings its own script, so no neighbour changes where MuPDF looks for it.
    is_letter = category in ("Lo", "Lu", "Ll", "Lt")
    return "never" if glyph <= 0 and is_letter else "in_context"


def _has_ink(font: mupdf.FzFont, glyph: int) -> bool:
    box = mupdf.fz_bound_glyph(font, glyph, mupdf.FzMatrix())
    # In ems. A stroke may be thin in one direction only; MuPDF's boxes of empty glyphs are 1e-7.
    return bool(max(box.x1 - box.x0, box.y1 - box.y0) > 1e-3)


def has_own(font: mupdf.FzFont, char: str) -> bool:
    """Whether this font draws `char` itself, without a fallback."""
    glyph = mupdf.fz_encode_character(font, ord(char))
    return glyph > 0 and _has_ink(font, glyph)


@lru_cache(maxsize=256)
def can_set(family: str, script: Script) -> bool:
    """Whether the family has the script; true for scripts that every family leaves to fallbacks."""
    letters = _OWN_LETTERS.get(script, "")
    fonts = _fonts(family)[:1] if letters else ()
    return all(mupdf.fz_encode_character(font, ord(c)) > 0 for font in fonts for c in letters)


_NAMED_SCRIPTS: dict[str, Script] = {
    **{"LATIN": "latin", "GREEK": "greek", "CYRILLIC": "cyrillic", "ARABIC": "arabic"},
    **{"HEBREW": "hebrew", "DEVANAGARI": "devanagari", "THAI": "thai", "CJK": "han"},
    **{"HIRAGANA": "kana", "KATAKANA": "kana", "HANGUL": "hangul"},
}


@lru_cache(maxsize=1 << 16)
def script_of_char(char: str) -> Script | None:
    """The script of a letter, None for other characters."""
    if not char.isalpha():
        return None
    if char.isascii():
        return "latin"
    return _NAMED_SCRIPTS.get(unicodedata.name(char, "").split(" ")[0], "other")


def script_of(text: str) -> Script:
    """The script of most letters. Chinese characters count as `kana` where a tenth of the East
    Asian letters are kana."""
    if text.isascii():
        return "latin"
    counts = Counter(script for char in text if (script := script_of_char(char)))
    east_asian = counts["han"] + counts["kana"]
    if counts["kana"] * 10 >= east_asian > 0:
        counts["kana"], counts["han"] = east_asian, 0
    return max(counts, key=lambda script: counts[script], default="latin")
