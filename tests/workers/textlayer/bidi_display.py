"""How a line is displayed: the Unicode bidirectional algorithm (UAX 9), as the tests' oracle.

For one line without explicit embeddings and isolates. Rules are named as in UAX 9, revision 50.
"""

from __future__ import annotations

import unicodedata

PAIRS = {"(": ")", "[": "]", "{": "}"}
MIRRORED = {**PAIRS, **{close: opening for opening, close in PAIRS.items()}, "«": "»", "»": "«"}


def displayed(text: str, is_rtl: bool) -> str:
    """The letters of `text` from left to right as a reader sees them."""
    levels = _levels(text, int(is_rtl))
    order = list(range(len(text)))
    for level in range(max(levels, default=0), 0, -1):  # L2
        at = 0
        while at < len(order):
            end = at
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[at:end] = order[at:end][::-1]
            at = max(end, at + 1)
    return "".join(  # L4
        MIRRORED.get(text[i], text[i]) if levels[i] % 2 else text[i] for i in order
    )


def _levels(text: str, base: int) -> list[int]:
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    side = "R" if base else "L"
    _resolve_numbers(kinds, side)
    _resolve_brackets(text, kinds, side)
    _resolve_neutrals(kinds, side)
    levels = []
    for kind in kinds:  # I1, I2
        if base:
            levels.append(1 if kind == "R" else 2)
        else:
            levels.append({"L": 0, "R": 1}.get(kind, 2))
    for i in range(len(text) - 1, -1, -1):  # L1
        if not text[i].isspace():
            break
        levels[i] = base
    return levels


def _resolve_numbers(kinds: list[str], side: str) -> None:
    strong = side
    for i, kind in enumerate(kinds):  # W1, W2
        if kind == "NSM":
            kinds[i] = kinds[i - 1] if i else side
        if kind in ("L", "R", "AL"):
            strong = kind
        elif kind == "EN" and strong == "AL":
            kinds[i] = "AN"
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for i in range(1, len(kinds) - 1):  # W4
        a, kind, b = kinds[i - 1 : i + 2]
        if a == b and ((kind in ("ES", "CS") and a == "EN") or (kind == "CS" and a == "AN")):
            kinds[i] = a
    for i, kind in enumerate(kinds):  # W5
        if kind == "EN":
            for step in (-1, 1):
                j = i + step
                while 0 <= j < len(kinds) and kinds[j] == "ET":
                    kinds[j] = "EN"
                    j += step
    strong = side
    for i, kind in enumerate(kinds):  # W6, W7
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[i] = "L"
        elif kind in ("ES", "ET", "CS"):
            kinds[i] = "ON"


def _side_of(kind: str) -> str | None:
    return "R" if kind in ("R", "EN", "AN") else "L" if kind == "L" else None


def _resolve_brackets(text: str, kinds: list[str], side: str) -> None:
    stack: list[int] = []
    pairs: list[tuple[int, int]] = []
    for i, letter in enumerate(text):
        if kinds[i] != "ON":
            continue
        if letter in PAIRS:
            stack.append(i)
        elif letter in PAIRS.values():
            for at in range(len(stack) - 1, -1, -1):
                if PAIRS[text[stack[at]]] == letter:
                    pairs.append((stack[at], i))
                    del stack[at:]
                    break
    for start, end in sorted(pairs):  # N0
        inside = {_side_of(kind) for kind in kinds[start + 1 : end]} - {None}
        if side in inside:
            kinds[start] = kinds[end] = side
        elif inside:
            sides = [found for kind in kinds[:start] if (found := _side_of(kind))]
            kinds[start] = kinds[end] = sides[-1] if sides else side


def _resolve_neutrals(kinds: list[str], side: str) -> None:
    at = 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and _side_of(kinds[end]) is None:
            end += 1
        before = _side_of(kinds[at - 1]) if at else side
        after = _side_of(kinds[end]) if end < len(kinds) else side
        kinds[at:end] = [(before if before == after else side) or side] * (end - at)  # N1, N2
        at = end + 1
