"""Runs that MuPDF calls not painted: which a reader sees all the same, and which say other words.

- Text that clips (render mode 7) is seen through what is drawn after it, such as a gradient.
- Glyphs of a Type 3 font with colours of their own are drawings for MuPDF, and stay unpainted.
- Text of render mode 3 over a scan is the words of the scan, which stay for `lines` to count.
  Over painted words that say something else, it is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.hidden_text import HiddenRun
from workers.textlayer.covers import hold
from workers.textlayer.likeness import is_like
from workers.textlayer.spots import Spots, box_of

_CLIPPED = 64  # FZ_STEXT_CLIPPED: render modes 4 to 7
_FILLED = 16
_MAX_RIVALS = 20  # bounds what a page of many texts in one place costs


def show_seen(page: Spots, numbers: Sequence[int]) -> set[int]:
    """Have those of the unpainted runs `numbers` that the picture shows count as painted."""
    rivals = {
        number: _rivals(page, number)
        for number in numbers
        if page.spots[number].span["char_flags"] & _CLIPPED
    }
    asked = [number for number, texts in rivals.items() if not _says(texts, _text(page, number))]
    if not asked:
        return set()
    mask = page.sources.draw(None)
    seen = {n for n in asked if is_like(box_of(page.boxes[n]), mask, page.picture)}
    for number in seen:
        span = page.spots[number].span
        span["alpha"], span["char_flags"] = 255, span["char_flags"] | _FILLED
    return seen


def contradicting(page: Spots, numbers: Sequence[int]) -> dict[int, HiddenRun]:
    """Those of the unpainted runs `numbers` over painted text that says something else."""
    if (page.colours < 0).all():
        return {}
    found: dict[int, HiddenRun] = {}
    for number in numbers:
        rivals = _rivals(page, number)
        if rivals and not _says(rivals, text := _text(page, number)):
            found[number] = HiddenRun(text, "unpainted")
    return found


def _text(page: Spots, number: int) -> str:
    return page.spots[number].span["text"].strip()


def _rivals(page: Spots, number: int) -> list[str]:
    """The painted texts in the place of a run."""
    around = hold(page.boxes, page.boxes[number]) & (page.colours >= 0)
    return [_text(page, other) for other in around.nonzero()[0][:_MAX_RIVALS].tolist()]


def _says(texts: Sequence[str], text: str) -> bool:
    """Whether `texts` have the letters of `text`, or it has theirs."""
    letters, others = _letters(text), _letters("".join(texts))
    return bool(others) and (letters in others or others in letters)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
