"""Take out of a run the letters that are not seen, and leave the others.

Owns runs over which a fill lies, and runs that show no ink along a stretch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from schemas.hidden_text import HiddenRun
from schemas.pages import Box
from workers.textlayer.covers import Drawn, hold, place_all
from workers.textlayer.likeness import is_like
from workers.textlayer.picture import Boxes, Grey, Ink, Run, ink_of, inked_share
from workers.textlayer.raw import RawChar
from workers.textlayer.spots import Spots, box_of, union

_MIN_INKED_SHARE = 0.25
"""Of the columns of a word that is seen, in a run that shows no ink along a stretch: letters have
more than half. The word at the stretch's end may show a piece of its last letter."""
_MIN_CHARS = 4  # fewer glyphs cannot be told from the lines of a drawing that cross them


def without_covered(page: Spots, numbers: Iterable[int]) -> dict[int, HiddenRun]:
    """Take the letters under fills out of the runs `numbers`, in place: what was taken of which."""
    covered = _covered(page, numbers)
    drawn = page.drawn
    if drawn is None or not covered:
        return {}
    mask = page.sources.draw({number for _, objects in covered.values() for number in objects})
    taken: dict[int, HiddenRun] = {}
    for number, (fills, _) in covered.items():
        box = box_of(page.boxes[number])
        if is_like(box, mask, page.picture) and not _is_barred(box, fills, drawn):
            continue
        chars = page.chars(number)
        is_under = _are_under(drawn, fills, place_all([c["bbox"] for c in chars], page.matrix))
        is_seen: list[bool] = []
        for under, part in itertools.groupby(is_under):
            start = len(is_seen)
            letters = chars[start : start + len(list(part))]
            is_shown = not under or _is_seen_below(_part(page, number, letters), mask, page)
            is_seen += [is_shown] * len(letters)
        if not all(is_seen):
            taken[number] = _take(page, number, chars, is_seen, "covered")
    return taken


def _covered(page: Spots, numbers: Iterable[int]) -> Mapping[int, tuple[list[int], list[int]]]:
    """The fills over each of the runs, and the text objects that may have drawn it."""
    drawn = page.drawn
    if drawn is None:
        return {}
    judged = np.array(
        [n for n in numbers if page.colours[n] >= 0 and page.counts[n] >= _MIN_CHARS], np.intp
    )
    found = {n: drawn.covering(n, page.boxes) for n in drawn.may_cover(page.boxes, judged)}
    return {number: (fills, objects) for number, (fills, objects) in found.items() if fills}


def _is_barred(box: Box, fills: Sequence[int], drawn: Drawn) -> bool:
    """Whether some fill ends inside of the box, so that it may cover a part of it."""
    first, last = (0, 2) if box[2] - box[0] >= box[3] - box[1] else (1, 3)
    ends = drawn.fills[fills]
    return bool(((ends[:, first] > box[first] + 1) | (ends[:, last] < box[last] - 1)).any())


def _are_under(drawn: Drawn, fills: Sequence[int], boxes: Boxes) -> list[bool]:
    """Which boxes have their middle under one of the fills."""
    over = drawn.fills[list(fills)]
    return [bool(hold(over, box).any()) for box in boxes]


def _is_seen_below(run: Run, mask: Grey, page: Spots) -> bool:
    """Whether letters are seen though a fill lies over them."""
    has_ink = ink_of([run], page.picture)[0] not in (Ink.NONE, Ink.FOREIGN)
    return has_ink and is_like(run.box, mask, page.picture)


def _part(page: Spots, number: int, chars: Sequence[RawChar]) -> Run:
    span = page.spots[number].span
    boxes = place_all([char["bbox"] for char in chars], page.matrix)
    text = "".join(char["c"] for char in chars)
    return Run(text, union([box_of(box) for box in boxes]), span["size"], span["color"])


def without_blank(page: Spots, numbers: Iterable[int]) -> dict[int, HiddenRun]:
    """Take the words that show no ink out of the runs `numbers`, in place."""
    taken: dict[int, HiddenRun] = {}
    for number in numbers:
        chars = page.chars(number)
        is_seen = _are_words_seen(page, number, chars)
        if not all(is_seen):
            taken[number] = _take(page, number, chars, is_seen, "no_ink")
    return taken


def _are_words_seen(page: Spots, number: int, chars: Sequence[RawChar]) -> list[bool]:
    """Which letters of a run stand in a word that is seen."""
    starts = [0, *(at for at, char in enumerate(chars) if char["c"].isspace()), len(chars)]
    words = [chars[first:last] for first, last in itertools.pairwise(starts)]
    runs = [_part(page, number, word) for word in words if _plain(word)]
    inks = iter(ink_of(runs, page.picture))
    shares = iter([inked_share(run, page.picture) for run in runs])
    is_seen: list[bool] = []
    for word in words:
        is_word_seen = True
        if _plain(word):
            share = next(shares)
            is_word_seen = next(inks) not in (Ink.NONE, Ink.FOREIGN)
            is_word_seen &= share >= _MIN_INKED_SHARE or _count_letters(word) < _MIN_CHARS
        is_seen += [is_word_seen] * len(word)
    return is_seen


def _plain(word: Sequence[RawChar]) -> str:
    return "".join(char["c"] for char in word).strip()


def _count_letters(word: Sequence[RawChar]) -> int:
    return sum(char["c"].isalnum() for char in word)


def _take(
    page: Spots, number: int, chars: Sequence[RawChar], is_seen: Sequence[bool], way: str
) -> HiddenRun:
    """Leave a run the letters that are seen, and give the others."""
    kept: list[RawChar] = []
    gone: list[str] = []
    for char, seen in zip(chars, is_seen, strict=True):
        if seen:
            kept.append(char)
        elif kept and kept[-1]["c"] != " ":
            kept.append({**char, "c": " "})
        if not seen or char["c"].isspace():
            gone.append(char["c"])
    span = page.spots[number].span
    span["text"] = "".join(char["c"] for char in kept).strip()
    if "chars" in span:
        span["chars"] = kept
    if span["text"]:
        span["bbox"] = union([char["bbox"] for char in kept])
    return HiddenRun("".join(gone).strip(), way)
