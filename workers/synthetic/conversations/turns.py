"""The turns of a conversation: read from what chats look like in corpora, cut, aged. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from schemas.conversations import ConversationSource, Fade, FadeMode

_ROLES = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant"}
_LINE = re.compile(r"[^\n]*\n+|[^\n]+")


class Said(NamedTuple):
    """A turn as it stands in a corpus."""

    role: str
    text: str


def said(value: Any) -> tuple[Said, ...]:
    """The turns of a chat (`role` and `content`, or `from` and `value`), or of a long text.

    Raises ValueError for what is neither, naming the turn.

    >>> said([{"from": "human", "value": "Why?"}])
    (Said(role='user', text='Why?'),)
    """
    if isinstance(value, str):
        return (Said("user", value),)
    if not isinstance(value, list):
        what = "null" if value is None else f"a {type(value).__name__}"
        raise ValueError(f"it is {what}, and no list of turns or text")
    if not value:
        raise ValueError("it has no turn")
    return tuple(_said(turn, number) for number, turn in enumerate(value, 1))


def _said(turn: Any, number: int) -> Said:
    if not isinstance(turn, dict):
        raise ValueError(f"turn {number} is a {type(turn).__name__}, not an object")
    role = turn.get("role") or turn.get("from")
    if not isinstance(role, str) or not role.strip():
        raise ValueError(f"turn {number} names no `role` (nor `from`)")
    content = turn["content"] if "content" in turn else turn.get("value")
    if isinstance(content, list):
        content = "".join(_part(part, number) for part in content)
    if not isinstance(content, str):
        raise ValueError(f"turn {number} has no text in `content` (nor `value`)")
    return Said(_ROLES.get(role.strip(), role.strip()), content)


def _part(part: Any, number: int) -> str:
    if isinstance(part, str):
        return part
    text = part.get("text") if isinstance(part, dict) else None
    if not isinstance(text, str):
        kind = part.get("type") if isinstance(part, dict) else type(part).__name__
        raise ValueError(f"turn {number} has a part of type {kind!r}, which is no text")
    return text


def to_content(turns: Iterable[Said]) -> str:
    """The turns as the text of a record: JSON, the same for the same turns."""
    return json.dumps([list(turn) for turn in turns], ensure_ascii=False)


def from_content(content: str) -> tuple[Said, ...]:
    """The inverse of `to_content`."""
    return tuple(Said(role, text) for role, text in json.loads(content))


def transcript(turns: Iterable[Said]) -> str:
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
    """A turn, or lines of one, in one mode; `begins` says whether its turn does."""

    turn: int
    role: str
    text: str
    age: int
    mode: FadeMode
    begins: bool


def passages(
    turns: Sequence[Said], source: ConversationSource, count_tokens: Callable[[str], int]
) -> list[Passage]:
    """The turns by their modes, oldest first; together they have all of the text.

    A turn is cut only by tokens, and only between two lines.
    """
    fade = source.fade
    found: list[Passage] = []
    age = 0
    for number in reversed(range(len(turns))):
        role, text = turns[number]
        lines = _LINE.findall(text) if fade.by == "tokens" and text else [text]
        for place in reversed(range(len(lines))):
            mode = _mode(role, age, source.keep_system, fade)
            found.append(Passage(number, role, lines[place], age, mode, place == 0))
            age += 1 if fade.by == "turns" else count_tokens(lines[place])
    return joined(reversed(found))


def joined(found: Iterable[Passage]) -> list[Passage]:
    """Passages, oldest first, neighbours of one turn and mode as one."""
    done: list[Passage] = []
    for passage in found:
        last = done[-1] if done else None
        if last and (last.turn, last.mode) == (passage.turn, passage.mode):
            done[-1] = replace(passage, text=last.text + passage.text, begins=last.begins)
        else:
            done.append(passage)
    return done


def _mode(role: str, age: int, keep_system: bool, fade: Fade) -> FadeMode:
    return "text" if keep_system and role == "system" else fade.mode(age)
