"""The turns of a conversation: parsed from a corpus's chat, cut into passages, aged. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from schemas.conversations import ConversationSource, Fade, FadeMode

_ROLES = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant"}
_LINE = re.compile(r"[^\n]*\n+|[^\n]+")


class ChatTurn(NamedTuple):
    """A turn of a chat in a corpus."""

    role: str
    text: str


def parse_turns(value: object) -> tuple[ChatTurn, ...]:
    """The turns of a chat (`role` and `content`, or `from` and `value`), or of a long text.

    Raises ValueError for any other value; the message names the turn.

    >>> parse_turns([{"from": "human", "value": "Why?"}])
    (ChatTurn(role='user', text='Why?'),)
    """
    if isinstance(value, str):
        return (ChatTurn("user", value),)
    if not isinstance(value, list):
        what = "null" if value is None else f"a {type(value).__name__}"
        raise ValueError(f"it is {what}, and no list of turns or text")
    if not value:
        raise ValueError("it has no turn")
    return tuple(_parse_turn(turn, number) for number, turn in enumerate(value, 1))


def _parse_turn(turn: object, number: int) -> ChatTurn:
    if not isinstance(turn, dict):
        raise ValueError(f"turn {number} is a {type(turn).__name__}, not an object")
    role = turn.get("role") or turn.get("from")
    if not isinstance(role, str) or not role.strip():
        raise ValueError(f"turn {number} names no `role` (nor `from`)")
    content = turn["content"] if "content" in turn else turn.get("value")
    if isinstance(content, list):
        content = "".join(_part_text(part, number) for part in content)
    if not isinstance(content, str):
        raise ValueError(f"turn {number} has no text in `content` (nor `value`)")
    return ChatTurn(_ROLES.get(role.strip(), role.strip()), content)


def _part_text(part: object, number: int) -> str:
    if isinstance(part, str):
        return part
    text = part.get("text") if isinstance(part, dict) else None
    if not isinstance(text, str):
        kind = part.get("type") if isinstance(part, dict) else type(part).__name__
        raise ValueError(f"turn {number} has a part of type {kind!r}, which is no text")
    return text


def to_content(turns: Iterable[ChatTurn]) -> str:
    """The turns as JSON, which is the text of their record; equal turns give equal JSON."""
    return json.dumps([list(turn) for turn in turns], ensure_ascii=False)


def from_content(content: str) -> tuple[ChatTurn, ...]:
    """The inverse of `to_content`."""
    return tuple(ChatTurn(role, text) for role, text in json.loads(content))


def transcript(turns: Iterable[ChatTurn]) -> str:
    """All turns as one text, each after the name of its role."""
    return "\n\n".join(f"{label(role)}\n{text}" for role, text in turns)


def label(role: str) -> str:
    """How a role is named on a page and in a transcript.

    >>> label("user")
    'User:'
    """
    return f"{role[:1].upper()}{role[1:]}:"


@dataclass(frozen=True, slots=True)
class Passage:
    """A turn, or some lines of it, in one mode; `begins` where it has the turn's first line."""

    turn: int
    role: str
    text: str
    age: int
    mode: FadeMode
    begins: bool


def passages(
    turns: Sequence[ChatTurn], source: ConversationSource, count_tokens: Callable[[str], int]
) -> list[Passage]:
    """The turns as passages with a mode each, oldest first; together they have all of the text.

    A turn is cut only where ages are counted in tokens, and only between two lines.
    """
    fade = source.fade
    newest_first: list[Passage] = []
    age = 0
    for number in reversed(range(len(turns))):
        role, text = turns[number]
        lines = _LINE.findall(text) if fade.by == "tokens" and text else [text]
        for place in reversed(range(len(lines))):
            mode = _mode(role, age, source.keep_system, fade)
            newest_first.append(Passage(number, role, lines[place], age, mode, place == 0))
            age += 1 if fade.by == "turns" else count_tokens(lines[place])
    return joined(reversed(newest_first))


def joined(oldest_first: Iterable[Passage]) -> list[Passage]:
    """The passages, neighbours of the same turn and mode joined into one."""
    merged: list[Passage] = []
    for passage in oldest_first:
        last = merged[-1] if merged else None
        if last and (last.turn, last.mode) == (passage.turn, passage.mode):
            merged[-1] = replace(passage, text=last.text + passage.text, begins=last.begins)
        else:
            merged.append(passage)
    return merged


def _mode(role: str, age: int, keep_system: bool, fade: Fade) -> FadeMode:
    return "text" if keep_system and role == "system" else fade.mode(age)
