"""Mask personal data in a conversation: in turns, messages, and the images of older turns.

Each value is masked in all texts of the row and in all images: where its place in one of them is
not known for sure, the conversation cannot be masked, and is rejected instead.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from schemas.findings import Finding
from schemas.recipe_sections import Raster
from workers.policies import personal
from workers.policies.judgement import Judge
from workers.policies.personal.line_reader import read_lines
from workers.policies.personal.placing import WHOLE
from workers.text import measures

Row = Mapping[str, Any]
_SEEN_PLACES = {"characters", "line"}


def mask_conversation(
    row: Row, images: bytes, text: str, policy: Judge, raster: Raster
) -> tuple[dict[str, Any], bytes] | None:
    """A row of `schemas.tables.STAGED` that is a conversation, and its images, after the mask.

    Args:
        images: its images end to end, each of `shown.bytes` bytes.
        text: the row's text as the policy has masked it.

    None where a value is not found in each text and image in which it must be: it goes on from one
    image to the next, or the image is too small to be read.
    """
    settings = policy.step.pii
    assert settings is not None
    turns, shown = row["turns"], row["shown"]
    of_row = [row["text"], *texts_of_turns(row)]
    named = None if policy.names is None else list(map(policy.names.of, of_row))
    found = [
        [one for one in of_text if settings.counts(one) and one.kind in settings.masked_kinds]
        for of_text in personal.find_all(of_row, row["language"], named)
    ]
    masked = [personal.mask(old, own).text for old, own in zip(of_row, found, strict=True)]
    in_text, *rest = map(_values, of_row, found)
    in_turns, in_shown = rest[: len(turns)], rest[len(turns) : len(turns) + len(shown)]
    in_words = [own for own, turn in zip(in_turns, turns, strict=True) if turn["mode"] == "text"]
    if masked[0] != text or not in_text == _all(in_turns) == _all([*in_words, *in_shown]):
        return None
    of_shown = found[1 + len(turns) : 1 + len(turns) + len(shown)]
    painted = list(_painted(shown, images, of_shown, row["language"], policy, raster))
    if not all(painted):
        return None
    new_texts = iter(masked[1:])
    new_turns = [_turn(turn, next(new_texts)) for turn in turns]
    new_shown = [
        {**one, "text": next(new_texts), "bytes": len(data)}
        for one, data in zip(shown, painted, strict=True)
    ]
    return {**row, **_tokens(new_turns, new_shown)} | {
        "text": text,
        "turns": new_turns,
        "shown": new_shown,
        "messages": _messages(row, new_texts),
    }, b"".join(painted)


def _values(text: str, found: Sequence[Finding]) -> Counter[str]:
    return Counter(personal.compact(text[one.start : one.end]) for one in found)


def _all(counts: Iterable[Counter[str]]) -> Counter[str]:
    return sum(counts, Counter())


def texts_of_turns(row: Row) -> list[str]:
    """The texts of a conversation apart from its own: of turns, of images, and of messages."""
    parts = itertools.chain.from_iterable(message["content"] for message in row["messages"])
    of_messages = [part for part in parts if part["type"] == "text"]
    return [one["text"] for one in [*row["turns"], *row["shown"], *of_messages]]


def _messages(row: Row, texts: Iterator[str]) -> list[Row]:
    return [
        {
            **message,
            "content": [
                {**part, "text": next(texts)} if part["type"] == "text" else part
                for part in message["content"]
            ],
        }
        for message in row["messages"]
    ]


def _turn(turn: Row, text: str) -> Row:
    if text == turn["text"]:
        return turn
    return {**turn, "text": text, "text_tokens": measures.count_tokens(text)}


def _tokens(turns: Sequence[Row], shown: Sequence[Row]) -> dict[str, Any]:
    before = sum(turn["text_tokens"] for turn in turns)
    after = sum(turn["text_tokens"] for turn in turns if turn["mode"] == "text")
    after += sum(one["vision_tokens"] for one in shown)
    ratio = round(before / after, 4) if after else None
    return {"tokens_before": before, "tokens_after": after, "ratio": ratio}


def _painted(
    shown: Sequence[Row],
    images: bytes,
    found: Sequence[Sequence[Finding]],
    language: str,
    policy: Judge,
    raster: Raster,
) -> Iterator[bytes]:
    """Each image without its findings; no bytes for one in which a place is not known for sure."""
    settings, start = policy.step.pii, 0
    assert settings is not None
    for one, findings in zip(shown, found, strict=True):
        data = images[start : start + one["bytes"]]
        start += one["bytes"]
        if not findings:
            yield data
            continue
        regions = [personal.Region(WHOLE, one["text"], findings)]
        result = personal.paint(data, regions, read_lines, settings, raster, language)
        yield b"" if result.left or set(result.places) - _SEEN_PLACES else result.data
