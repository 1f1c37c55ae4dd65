"""Blocks as HTML and a style as a style sheet, in the parts of HTML and CSS that MuPDF knows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise

from workers.synthetic.text.blocks import Run, TextBlock
from workers.synthetic.text.fonts import Script, css_name, script_of, style_sheet
from workers.synthetic.text.typography import Style

BREAK = "\u200b"
"""Marks where a line may break within a word; `glyphs` has removed it from the texts themselves."""

_LANGUAGES: dict[Script, str] = {
    **{"arabic": "ar", "hebrew": "he", "devanagari": "hi", "thai": "th"},
    **{"han": "zh", "kana": "ja", "hangul": "ko"},
}
_TAGS = {"": ("", ""), "strong": ("<b>", "</b>"), "emphasis": ("<i>", "</i>")}
_CODE_TAGS = ("<code>", "</code>")
_ITEM_EM, _HANG_EM, _QUOTE_EM = 1.8, 1.3, 1.4
_MAX_INDENTS = 4  # deeper blocks would have no width left in a narrow column
_CODE_SIZE = 0.9
_BREAKS_EM = 0.5  # free at the line's end: MuPDF sets lines with `BREAK` longer than it measured
_WORD_EM = 0.8  # letters of the longest unbroken word for each em of the line, in mixed scripts
_WORD = re.compile(r"\S+")
_FIRST_WORD, _LAST_WORD = re.compile(r"\S+"), re.compile(r"\S+\Z")

# Thai, Lao, Myanmar and Khmer write no space between words.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{2,}")
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")
_TRAILING = frozenset("ะาำๅๆฯະາຳໆຯ")
_JOINING = frozenset("\u1039\u17d2\u0eba")  # the next consonant goes under this one
_FINAL = "\u103a"  # the asat: its consonant ends the syllable before


@lru_cache(maxsize=256)
def css(style: Style) -> str:
    """The style sheet of a style, for the HTML of `to_html`."""
    size, theme = style.font_size_pt, style.theme
    gap = style.paragraph_gap * style.line_height * size
    text, code = css_name(style.family, "text"), css_name(style.code_family, "code")
    levels = "".join(
        f".h{level}{{font-size:{size * style.heading_scale ** ((6 - level) / 5):.2f}pt}}"
        for level in range(1, 7)
    )
    panel = f"background-color:{theme.panel};" if theme.panel != theme.paper else ""
    return (
        style_sheet(style.family, "text")
        + style_sheet(style.code_family, "code")
        + "@page{margin:0}body{margin:0}"
        + f"body,p{{font-family:{text};font-size:{size:.2f}pt;line-height:{style.line_height:.4f};"
        f"color:{theme.text};overflow-wrap:break-word}}p{{margin:0 0 {gap:.2f}pt 0}}"
        f"code,.code{{font-family:{code}}}"
        f".code{{{panel}white-space:pre-wrap;font-size:{size * _CODE_SIZE:.2f}pt;"
        f"padding:{size * 0.4:.2f}pt}}"
        f".heading{{font-weight:bold;color:{theme.heading}}}" + levels
    )


def to_html(block: TextBlock, style: Style) -> str:
    """One block as a `<p>` with its direction and language, and its line breaks."""
    is_rtl = block.kind != "code" and _is_right_to_left(block.text)
    language = _LANGUAGES.get(script_of(block.text[:400]))
    longest = round(_WORD_EM * style.column_width_pt(style.columns) / _size_pt(block, style))
    marker = f"{escape(block.marker)}&#160; " if block.marker else ""
    if block.kind == "code":
        body = _inner(block.text, longest)
    else:
        seams = _seams(block.runs, longest)
        body = "".join(
            seam + _run_html(run, longest) for seam, run in zip(seams, block.runs, strict=True)
        )
    rules = _inline_style(block, style, is_rtl, has_breaks=BREAK in body)
    attributes = [f'class="{_classes(block)}"', f'style="{rules}"']
    if is_rtl:
        attributes.append('dir="rtl"')
    if language:
        attributes.append(f'lang="{language}"')
    return f"<p {' '.join(attributes)}>{marker}{body}</p>"


def _classes(block: TextBlock) -> str:
    return f"heading h{block.level}" if block.kind == "heading" else block.kind


def _size_pt(block: TextBlock, style: Style) -> float:
    scale = style.heading_scale ** ((6 - block.level) / 5) if block.kind == "heading" else 1.0
    return style.font_size_pt * scale


def _inline_style(block: TextBlock, style: Style, is_rtl: bool, has_breaks: bool) -> str:
    start, end = ("right", "left") if is_rtl else ("left", "right")
    alignment = style.alignment
    if block.kind in ("code", "item") and alignment in ("center", "right"):
        alignment = "left"
    if block.kind in ("code", "heading") and alignment == "justify":
        alignment = "left"
    rules = [f"text-align:{alignment}"]  # MuPDF mirrors it for right-to-left text
    size = style.font_size_pt
    if has_breaks:
        rules.append(f"padding-{end}:{_BREAKS_EM * _size_pt(block, style):.2f}pt")
    if block.kind == "item":
        indent = (min(block.level, _MAX_INDENTS) + 1) * _ITEM_EM * size
        rules.append(f"margin-{start}:{indent:.2f}pt")
        # MuPDF has hanging indents on the left side only.
        hang = _HANG_EM * size if block.marker and not is_rtl else 0
        rules.append(f"text-indent:{-hang:.2f}pt")
    elif block.kind == "quote":
        rules.append(f"margin-{start}:{min(block.level, _MAX_INDENTS) * _QUOTE_EM * size:.2f}pt")
        rules.append(f"border-{start}:{size * 0.2:.2f}pt solid {style.theme.heading}")
        rules.append(f"padding-{start}:{size:.2f}pt")
    elif block.kind == "paragraph" and alignment != "center":
        rules.append(f"text-indent:{style.first_indent_em * size:.2f}pt")
    return ";".join(rules)


def _seams(runs: Sequence[Run], longest: int) -> Iterator[str]:
    """What precedes each run: `BREAK` within a long word, as MuPDF breaks only within a run."""
    for before, after in pairwise(("", *(run.text for run in runs))):
        tail, head = _LAST_WORD.search(before), _FIRST_WORD.match(after)
        is_long = tail and head and len(tail[0]) + len(head[0]) > longest
        yield BREAK if is_long else ""


def _run_html(run: Run, longest: int) -> str:
    opening, closing = _CODE_TAGS if run.style == "code" else _TAGS[run.style]
    return f"{opening}{_inner(run.text, longest).replace(chr(10), '<br/>')}{closing}"


def _inner(text: str, longest: int) -> str:
    if not text.isascii():
        text = _UNSPACED.sub(lambda match: _breakable(match[0]), text)
        text = _WORD.sub(lambda match: _broken(match[0], longest), text)
    return escape(text, quote=False)


def _broken(word: str, longest: int) -> str:
    """A long word with `BREAK` where the script changes, as MuPDF breaks only within a script."""
    if len(word) <= longest or word.isascii():
        return word
    parts = [word[0]]
    for before, char in pairwise(word):
        is_same = _kind(before) == _kind(char) or unicodedata.category(char).startswith("M")
        parts.append(char if is_same or char in "\u200c\u200d" else BREAK + char)
    return "".join(parts)


@lru_cache(maxsize=1 << 16)
def _kind(char: str) -> str:
    """The class of a character, of which MuPDF sets a run in one piece: script, digit, sign."""
    if not char.isalpha():
        return unicodedata.bidirectional(char)
    return unicodedata.name(char, "").split(" ")[0]


def _breakable(word: str) -> str:
    """`word` with `BREAK` between its syllables, approximately, for want of a dictionary of words.

    A consonant stays together with its vowels and marks, with the consonant under it, and with the
    one that ends its syllable.
    """
    parts = [word[0]]
    for place in range(1, len(word)):
        before, char = word[place - 1], word[place]
        stays = (
            before in _LEADING_VOWELS
            or before in _JOINING
            or char in _TRAILING
            or unicodedata.category(char).startswith("M")
            or word[place + 1 : place + 2] == _FINAL
        )
        parts.append(char if stays else BREAK + char)
    return "".join(parts)


def _is_right_to_left(text: str) -> bool:
    """By the first letter with a direction, as UAX #9 does for a paragraph (rules P2 and P3)."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
