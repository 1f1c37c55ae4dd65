"""The logical order of a line from the order in which its letters stand on the page. Pure.

Inverts the Unicode bidirectional algorithm (UAX 9) for one line without explicit embeddings:
Hebrew and Arabic from the right, words of other scripts and numbers in them from the left,
punctuation where it belongs to its neighbours, brackets mirrored. A number that stands on the
right of a Latin word in a line from the right can be logically before or after it (`Windows 10`
and `10 Windows` look the same); it is taken to come after.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

MIRRORED = dict(zip("()[]{}<>«»‹›≤≥⟨⟩【】「」", ")(][}{><»«›‹≥≤⟩⟨】【」「", strict=True))
_OPENING = dict(zip(")]}>»›⟩】」", "([{<«‹⟨【「", strict=True))
_KINDS = {"L": "l", "R": "r", "AL": "a", "EN": "e", "AN": "n", "ES": "s", "CS": "c", "ET": "t"}
_NUMBER = re.compile("(?:t*e+(?:(?:[sc]|t+)e+)*t*|n+(?:cn+)*)+")  # rules W4 and W5
_NUMBER_AFTER_ARABIC = re.compile("[en]+(?:c[en]+)*")  # and W2
_LEFT_SPAN = re.compile("l(?:[^ran]*(?:et*|l))?")
_RIGHT_SPAN = re.compile("[ran](?:[^l]*[ran])?")
_MAX_GLYPHS = 2_000  # a longer "line" is no text; the search for numbers is quadratic
_LIST_NUMBER = re.compile(r"\s[.:)\]-]+\d+$")


def logical(visual: Sequence[str], is_rtl: bool | None = None) -> str:
    """The text that was typed, from its glyphs as they stand from left to right.

    Each item of `visual` is one glyph: a letter with its marks, or the letters of a ligature.
    `is_rtl` is the direction of the paragraph; without it, that of most of the line's letters.

    >>> logical("!abc 123 (םולש)")
    '(שלום) abc 123!'
    """
    order, mirrored = logical_order(visual, is_rtl)
    return "".join(
        MIRRORED.get(visual[i], visual[i]) if i in mirrored else visual[i] for i in order
    )


def logical_order(visual: Sequence[str], is_rtl: bool | None = None) -> tuple[list[int], set[int]]:
    """The indices of `visual` in logical order, and those of brackets to be mirrored."""
    kinds = "".join(_KINDS.get(unicodedata.bidirectional(glyph[:1]), "o") for glyph in visual)
    right = kinds.count("r") + kinds.count("a")
    has_order = is_rtl or right or "n" in kinds
    if not has_order or len(kinds) > _MAX_GLYPHS:
        return list(range(len(kinds))), set()
    if is_rtl is None:
        is_rtl = right > kinds.count("l")
    order: list[int] = []
    turned: list[int] = []
    for start, end, goes_left in _runs(visual, kinds, is_rtl):
        if goes_left:
            turned += range(start, end)
            order += _from_the_right(kinds, start, end)
        else:
            order += range(start, end)
    return order, _to_be_mirrored(visual, sorted(turned))


def _runs(visual: Sequence[str], kinds: str, is_rtl: bool) -> list[tuple[int, int, bool]]:
    """Runs of the line in logical order: start, end, and whether the run goes to the left.

    In a line from the right, a word of another script with the words and numbers beside it is a
    run of its own; in a line from the left, it is what lies between two letters from the right.
    """
    partners = _partners(visual)
    runs: list[tuple[int, int, bool]] = []
    at = 0
    while span := (_LEFT_SPAN if is_rtl else _RIGHT_SPAN).search(kinds, at):
        start, end = span.span()
        closing = (i for i in range(start, end) if partners.get(i, start) < start)
        if is_rtl:
            end = next(closing, end)
            start = _with_number(partners, kinds, start, at)
            found = _LIST_NUMBER.search("".join(glyph[:1] for glyph in visual[start:end]))
            end -= len(found[0]) if found else 0
        start, end = _with_partners(partners, kinds, start, end, at, "ran" if is_rtl else "l")
        runs += [(at, start, is_rtl), (start, end, not is_rtl)]
        at = end
    runs.append((at, len(kinds), is_rtl))
    return runs[::-1] if is_rtl else runs


def _with_number(partners: dict[int, int], kinds: str, start: int, least: int) -> int:
    """Where the number on the left of a Latin word begins, as in `3 km`; a bracket parts them."""
    number = start
    for i in range(start - 1, least - 1, -1):
        if kinds[i] in "ran" or i in partners:
            break
        if kinds[i] == "e" or (kinds[i] == "t" and number == i + 1):
            number = i
    return number


def _partners(visual: Sequence[str]) -> dict[int, int]:
    """The index of the other bracket of each pair."""
    partners: dict[int, int] = {}
    waiting: list[int] = []
    for i, glyph in enumerate(visual):
        if glyph in _OPENING.values():
            waiting.append(i)
        elif waiting and visual[waiting[-1]] == _OPENING.get(glyph):
            partners[i] = waiting.pop()
            partners[partners[i]] = i
    return partners


def _with_partners(
    partners: dict[int, int], kinds: str, start: int, end: int, least: int, barrier: str
) -> tuple[int, int]:
    """The span with the partner of each bracket in it, unless it lies past a barrier (rule N0)."""
    for i in range(start, end):
        partner = partners.get(i, i)
        if least <= partner < start and not any(k in barrier for k in kinds[partner:start]):
            start = partner
        elif partner >= end and not any(k in barrier for k in kinds[end:partner]):
            end = partner + 1
    return start, end


def _from_the_right(kinds: str, start: int, end: int) -> list[int]:
    """The indices of a run that goes to the left, with its numbers from the left."""
    reading = kinds[start:end][::-1]
    order: list[int] = []
    at = 0
    number = _NUMBER
    while at < len(reading):
        if reading[at] in "ra":
            number = _NUMBER_AFTER_ARABIC if reading[at] == "a" else _NUMBER
        found = number.match(reading, at)
        length = len(found[0]) if found else 1
        order += range(end - at - length, end - at)
        at += length
    return order


def _to_be_mirrored(visual: Sequence[str], turned: Sequence[int]) -> set[int]:
    """The brackets among the glyphs that go to the left.

    None where they open on the right already: some programs map a glyph to the letter typed.
    """
    brackets = [i for i in turned if visual[i] in MIRRORED]
    if not _partners([visual[i] for i in brackets]) and _partners(
        [visual[i] for i in reversed(brackets)]
    ):
        return set()
    return set(brackets)
