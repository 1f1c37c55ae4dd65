"""Remove from a text the characters that a page would not show, so that the text is what is seen.

Owns which characters of a block can be drawn. The removed ones are counted: controls and others
without ink; private, unassigned and unpaired ones; marks without a letter to stand on; and all that
no font has a glyph for. White space that looks like a space becomes one, and a letter with accents
becomes one character where Unicode's canonical composition has it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from pymupdf import mupdf

from workers.synthetic.text.blocks import Run, TextBlock
from workers.synthetic.text.fonts import has_own, reach, script_of_char
from workers.synthetic.text.typography import Style

SetAlone = Callable[[TextBlock], Sequence[tuple[str, mupdf.FzFont]]]
"""Sets a block, and returns its characters without white space, each with the font that drew it."""

_TAB_SPACES = 4
_JOINERS = "\u200c\u200d"  # without ink, but they change the shapes of the letters around them
_SPACES = re.compile(
    r"[\t\x0b\x0c\r\x1c-\x1f\x85\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800]"
)
_ACCENTED = re.compile(r"[^\W\d_][\u0300-\u036f]+")
_EMPTY_LINES, _MANY_LINES = re.compile(r"\n(?: *\n)+"), re.compile(r"\n(?: *\n){3,}")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
# Arabic, Syriac and Kaithi signs around numbers: format characters, but with ink.
_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2\U000110bd")
_NEVER = ("Cc", "Cf", "Cs", "Co", "Cn")
_MAX_MARKS = 4  # on one letter: no script stacks more, and a line is not high enough for more
_MARK_RUN = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0]+")


def drawable(block: TextBlock, style: Style, set_alone: SetAlone) -> tuple[TextBlock, int]:
    """`block` with only the characters that can be drawn, and how many were removed."""
    runs = tuple(replace(run, text=_spaced(run.text, block.kind == "code")) for run in block.runs)
    spaced = replace(block, runs=runs)
    cleaned = replace(
        spaced,
        runs=tuple(replace(run, text=_filtered(run, block, style)) for run in runs),
        marker=_filtered(Run(block.marker), block, style),
    )
    if any(_in_context(run, block, style) for run in cleaned.runs):
        cleaned = _tried(cleaned, style, set_alone)
    return _without_empty_lines(cleaned), _length(spaced) - _length(cleaned)


def _without_empty_lines(block: TextBlock) -> TextBlock:
    """`block` without empty lines, of which code keeps two in a row. Many of them in a row would
    make a page without text."""
    pattern, kept = (_MANY_LINES, "\n\n\n") if block.kind == "code" else (_EMPTY_LINES, "\n")
    runs = tuple(replace(run, text=pattern.sub(kept, run.text)) for run in block.runs)
    return replace(block, runs=runs)


def is_mixed(text: str) -> bool:
    """Whether a text has letters of three scripts, or of two where one is not in `Script`."""
    if text.isascii():
        return False
    scripts = {script for char in set(text) if (script := script_of_char(char))}
    names = {_name(char) for char in set(text) if char.isalpha()}
    return len(scripts) > 2 or ("other" in scripts and len(names) > 1)


def in_main_script(block: TextBlock) -> TextBlock:
    """`block` with only ASCII and the characters of its most frequent script."""
    counts = Counter(_name(char) for char in block.text if char.isalpha())
    main = max(counts, key=lambda name: counts[name], default="")
    letters = enumerate(char for char, _ in _letters(block))
    foreign = {place for place, char in letters if not (char.isascii() or _name(char) == main)}
    return _without(block, foreign)


def _name(char: str) -> str:
    """The first word of a character's Unicode name, which for letters is the script."""
    return unicodedata.name(char, "").split(" ")[0]


def family_of(run: Run, block: TextBlock, style: Style) -> str:
    """The family that a run of a block is set in."""
    return style.code_family if block.kind == "code" or run.style == "code" else style.family


def _length(block: TextBlock) -> int:
    return len(block.text) + len(block.marker)


def _spaced(text: str, is_code: bool) -> str:
    if is_code:
        text = text.expandtabs(_TAB_SPACES)
    text = _SPACES.sub(" ", text)
    return _ACCENTED.sub(lambda match: unicodedata.normalize("NFC", match[0]), text)


def _filtered(run: Run, block: TextBlock, style: Style) -> str:
    family = family_of(run, block, style)
    never = {char for char in set(run.text) if not _may_show(family, char)}
    text = run.text
    if never:
        text = text.translate(dict.fromkeys(map(ord, never)))
    if not _NOT_ASCII.search(text):
        return text
    text = _MARK_RUN.sub(lambda match: _few_marks(match[0]), text)
    return _without_orphans(text)


@lru_cache(maxsize=1 << 17)
def _may_show(family: str, char: str) -> bool:
    if char.isspace() or char in _JOINERS:
        return char in "\n \xa0\u3000" or char in _JOINERS
    is_never = unicodedata.category(char) in _NEVER and char not in _VISIBLE_FORMATS
    return not is_never and reach(family, char) != "never"


def _few_marks(marks: str) -> str:
    """The first few marks on a letter, each once: a repeated one would cover the first."""
    return "".join(dict.fromkeys(marks))[:_MAX_MARKS]


def _without_orphans(text: str) -> str:
    """`text` without marks that follow no letter of their script, and joiners that join nothing.

    MuPDF would draw a dotted circle under such a mark.
    """
    kept: list[str] = []
    for place, char in enumerate(text):
        before = kept[-1] if kept else " "
        if char in _JOINERS:
            after = text[place + 1 : place + 2] or " "
            if not (_joins(before) and _joins(after)):
                continue
        elif _is_mark(char):
            owner = next((c for c in reversed(kept[-2:]) if c not in _JOINERS), " ")
            if not _carries(owner, char):
                continue
        kept.append(char)
    return "".join(kept)


def _joins(char: str) -> bool:
    return not char.isascii() and not char.isspace() and char not in _JOINERS


@lru_cache(maxsize=1 << 16)
def _is_mark(char: str) -> bool:
    return not char.isascii() and unicodedata.category(char).startswith("M")


@lru_cache(maxsize=1 << 16)
def _carries(owner: str, mark: str) -> bool:
    if owner.isspace():
        return False
    script = _name(mark)
    if script in ("COMBINING", "VEDIC"):
        return True
    return unicodedata.name(owner, "").startswith(script)


def _in_context(run: Run, block: TextBlock, style: Style) -> bool:
    family = family_of(run, block, style)
    return any(
        reach(family, char) == "in_context"
        for char in set(run.text)
        if not char.isspace() and char not in _JOINERS
    )


def _tried(block: TextBlock, style: Style, set_alone: SetAlone) -> TextBlock:
    """`block` without the characters that were set in a font that has no glyph for them.

    Removing one can join two runs of a script, so the rest is set again. If glyphs are missing the
    second time too, all characters that depend on their neighbours are removed.
    """
    for _ in range(2):
        missing = _missing(block, style, set_alone)
        if missing is None:
            break
        if not missing:
            return block
        block = _without(block, missing)
    shared = {
        place
        for place, (char, run) in enumerate(_letters(block))
        if _in_context(Run(char, run.style), block, style)
    }
    return _without(block, shared)


def _letters(block: TextBlock) -> list[tuple[str, Run]]:
    """The block's characters without white space, each with its run."""
    return [(char, run) for run in block.runs for char in run.text if not char.isspace()]


def _missing(block: TextBlock, style: Style, set_alone: SetAlone) -> set[int] | None:
    """The places of the block's characters that were drawn without a glyph, white space not
    counted; None where not all characters were set."""
    placed = _letters(block)
    drawn = set_alone(replace(block, marker=""))
    if [char for char, _ in placed] != [char for char, _ in drawn]:
        return None
    return {
        place
        for place, ((char, run), (_, font)) in enumerate(zip(placed, drawn, strict=True))
        if _in_context(Run(char, run.style), block, style) and not has_own(font, char)
    }


def _without(block: TextBlock, removed: set[int]) -> TextBlock:
    """`block` without the characters at these places, white space not counted."""
    runs, place = [], 0
    for run in block.runs:
        kept = []
        for char in run.text:
            if char.isspace() or place not in removed:
                kept.append(char)
            place += not char.isspace()
        runs.append(replace(run, text="".join(kept)))
    return replace(block, runs=tuple(runs))
