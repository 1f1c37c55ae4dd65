"""Leave out of MuPDF's text what the page's picture does not show.

A run of text is left out if its box shows no ink of its own: white on white, clipped away, or under
a bar, a rectangle or a picture. So is print too small to be read. Of a run that is hidden in part
the rest stays. `picture` has the thresholds. Does not judge the page: glyphs that are not painted,
but lie on ink, stay for `lines` to count, because they are the words of a scan.

Cost: 0.4 ms where all text is plain. Where a fill follows the text that it covers, or text lies on
a photograph whose colours it shares, its glyphs are drawn alone and compared with the page: 3 ms
more. Where a stretch of a run shows no ink, its words are judged one by one: 5 ms more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.hidden_text import HiddenRun
from workers.textlayer.likeness import stands_out
from workers.textlayer.partly_hidden import without_blank, without_covered
from workers.textlayer.picture import Ink, are_clear, are_too_small, ink_of
from workers.textlayer.raw import RawBlock, RawLine
from workers.textlayer.spots import Spots, box_of, union
from workers.textlayer.stretches import with_blank_stretch
from workers.textlayer.unpainted import contradicting, show_seen

_MAX_HEIGHT = 3.0  # of a run's box, in sizes of its font
_MIN_CHARS = 4  # fewer glyphs say nothing of a photograph


@dataclass(frozen=True, slots=True)
class Hidden:
    """The runs that are not seen, in the page's order, and the characters of all text.

    `is_changed`: whether the blocks are not as they were.
    """

    runs: tuple[HiddenRun, ...] = ()
    layer_chars: int = 0
    is_changed: bool = False


NOTHING_HIDDEN = Hidden()


def without_hidden(blocks: Sequence[RawBlock], page: Spots | None) -> Hidden:
    """Take the runs out of `blocks`, in place, that the picture does not show.

    `page` has the runs of `blocks`.
    """
    if page is None:
        return NOTHING_HIDDEN
    texts = [spot.span["text"] for spot in page.spots]
    layer_chars = sum(map(len, texts)) - "".join(texts).count(" ")
    ways, on_ink = _whole_runs(page)
    shown = show_seen(page, on_ink)
    said = contradicting(page, [number for number in on_ink if number not in shown])
    painted = [n for n in range(len(page.spots)) if page.colours[n] >= 0 and n not in ways]
    partly = without_covered(page, painted)
    left = np.array([number for number in painted if number not in partly], np.intp)
    left = left[_have_firm_boxes(page)[left]]
    partly |= without_blank(page, with_blank_stretch(texts, page.boxes, left, page.picture))
    runs = {n: HiddenRun(page.spots[n].span["text"].strip(), way) for n, way in ways.items()}
    runs |= said | partly
    if ways or partly:
        _take_out(blocks, page, ways.keys(), partly.keys())
    in_order = tuple(runs[number] for number in sorted(runs))
    return Hidden(in_order, layer_chars, bool(ways or partly or shown))


def _have_firm_boxes(page: Spots) -> NDArray[np.bool_]:
    """Which runs stand in boxes of their own height: those of Type 3 fonts may be any."""
    sides = page.boxes[:, 2:] - page.boxes[:, :2]
    are_firm: NDArray[np.bool_] = sides.min(axis=1) <= _MAX_HEIGHT * page.sizes
    return are_firm


def _whole_runs(page: Spots) -> tuple[dict[int, str], list[int]]:
    """How whole runs are hidden, by number, and the unpainted runs that lie on ink."""
    unclear = np.flatnonzero(~are_clear(page.boxes, page.colours, page.picture)).tolist()
    inks = ink_of([page.run(number) for number in unclear], page.picture)
    ways: dict[int, str] = {}
    textured: list[int] = []
    for number, ink in zip(unclear, inks, strict=True):
        is_painted = page.colours[number] >= 0
        if ink in (Ink.NONE, Ink.FOREIGN):
            ways[number] = "no_ink" if is_painted else "unpainted"
        elif is_painted and ink is Ink.TEXTURED and page.counts[number] >= _MIN_CHARS:
            textured.append(number)
    ways |= dict.fromkeys(_lost_in_texture(page, textured), "no_ink")
    tiny = are_too_small(page.boxes, page.sizes, page.counts, page.picture)
    ways |= dict.fromkeys(np.flatnonzero(tiny).tolist(), "tiny")
    unpainted = np.flatnonzero(page.colours < 0).tolist()
    return ways, [number for number in unpainted if number not in ways]


def _lost_in_texture(page: Spots, numbers: Sequence[int]) -> list[int]:
    """The runs whose glyphs cannot be told from the ground that they stand on."""
    if not numbers:
        return []
    mask = page.sources.draw(None)
    return [n for n in numbers if not stands_out(box_of(page.boxes[n]), mask, page.picture)]


def _take_out(
    blocks: Sequence[RawBlock], page: Spots, whole: Iterable[int], partly: Iterable[int]
) -> None:
    """Take whole runs out, and the lines of which nothing is left."""
    lines: dict[int, RawLine] = {}
    for number in (*whole, *partly):
        lines[id(page.spots[number].line)] = page.spots[number].line
    for number in whole:
        page.spots[number].span["text"] = ""
    for line in lines.values():
        line["spans"] = [span for span in line["spans"] if span["text"]]
        if line["spans"]:
            line["bbox"] = union([span["bbox"] for span in line["spans"]])
    for block in blocks:
        if block["type"] == 0:
            block["lines"] = [line for line in block["lines"] if line["spans"]]
