"""Layout as a list of JSON objects, each with a box and often a label and a text.

HunyuanOCR and dots.ocr answer so. Models leave out a bracket, or write LaTeX without doubling its
backslashes, so each object is read by itself and a broken one as far as it goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_START = re.compile(r'\{\s{0,40}"(?:b?box|bbox_2d|layout_type|category|label|text)"\s{0,9}:')
_OPENING = re.compile(r"\s*(?:```(?:json)?\s*)?\[?\s*(?=\{)")
# A backslash, with what follows if JSON knows the two; `\nu` and its like are LaTeX.
_ESCAPE = re.compile(r'\\(?:(["\\/]|u[0-9a-fA-F]{4}|n(?!(?:u|eq?|abla|i|ot)\b))|)')
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_BOX_OF_BROKEN = re.compile(r'"b?box(?:_2d)?"\s{0,9}:\s{0,9}["\[]([^"{}]{0,300}?)["\]]\s{0,9}[,}]')
_LABEL_OF_BROKEN = re.compile(r'"(?:layout_type|category|label)"\s{0,9}:\s{0,9}"([^"{}]{0,60})"')
_TEXT_OF_BROKEN = re.compile(r'"text"\s{0,9}:\s{0,9}"')
_DECODER = json.JSONDecoder(parse_int=float, parse_constant=lambda _: None, strict=False)


@dataclass(frozen=True, slots=True)
class Element:
    """One object: its label, the numbers of its box as they are, and its text."""

    label: str
    numbers: tuple[float, ...]
    text: str


def elements(output: str) -> list[Element]:
    """The elements of `output`, in order; none if it does not begin as a list of objects."""
    if _OPENING.match(output) is None:
        return []
    starts = [start.start() for start in _START.finditer(output)]
    return [_element(output[start:end]) for start, end in pairwise([*starts, len(output)])]


def _element(written: str) -> Element:
    for text in (written, _ESCAPE.sub(_doubled, written)):
        try:
            return _whole(_DECODER.raw_decode(text)[0])
        except (ValueError, RecursionError):
            continue
    return _broken(written)


def _doubled(escape: re.Match[str]) -> str:
    return escape[0] if escape[1] else "\\\\"


def _whole(fields: Mapping[str, object]) -> Element:
    box = next((fields[name] for name in ("bbox", "box", "bbox_2d") if name in fields), "")
    label = next((fields[n] for n in ("layout_type", "category", "label") if n in fields), "")
    text = fields.get("text")
    numbers = _numbers_in(box) if isinstance(box, str) else tuple(_flat([box]))
    return Element(
        label if isinstance(label, str) else "", numbers, text if isinstance(text, str) else ""
    )


def _broken(written: str) -> Element:
    """What can be read of an object that is no JSON."""
    box, label = _BOX_OF_BROKEN.search(written), _LABEL_OF_BROKEN.search(written)
    text = _TEXT_OF_BROKEN.search(written)
    end = written.rfind('"')
    said = written[text.end() : end] if text is not None and end >= text.end() else ""
    return Element(
        label[1] if label else "",
        _numbers_in(box[1]) if box else (),
        said.replace("\\n", "\n").replace('\\"', '"'),
    )


def _numbers_in(text: str) -> tuple[float, ...]:
    # Floats, since int() refuses numbers of more than 4300 digits.
    return tuple(float(number) for number in _NUMBER.findall(text))


def _flat(values: Iterable[object], depth: int = 3) -> Iterator[float]:
    """The numbers in lists within lists."""
    for value in values:
        if isinstance(value, float):
            yield value
        elif isinstance(value, Sequence) and not isinstance(value, str) and depth:
            yield from _flat(value, depth - 1)
