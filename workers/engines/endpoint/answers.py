"""What comes back for a page: events of a stream, the answer that they make, and its reading. Pure.

answer = Collected(exempt=("<td>",))
for event in events: answer.add(event)        # raises TryFailed where it is no answer
answer.loop                                   # cut the stream where it is not -1
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.lines import one_line
from schemas.pages import PageError, PageImage, Reading
from workers.engines.answers import Answer, ending_error, failed, parsed
from workers.engines.endpoint.failures import Kind, TryFailed
from workers.engines.loops import CHECK_EVERY, TAIL, find_loop
from workers.engines.plan import Plan

_ENDED = frozenset({"stop", "eos_token", "stop_sequence"})
"""How servers call an end that the model gave itself; the last two are TGI's."""
_FULL = frozenset({"length"})
_DONE = b"[DONE]"
_PIECE = re.compile(r"[A-Za-z]{1,8}|.", re.DOTALL)
"""Stands for a token where the server names none."""

_WRAPPING = 16
"""Tokens that a chat template writes around an image, at most."""
_MARKS = 16
"""One token in so many, at most, marks a row or a tile and is not counted as an image's."""


def events_of(buffer: bytearray) -> Iterator[bytes]:
    """Take the `data` of whole lines off the buffer's front.

    Lines end at line feeds only. Readers of text lines end them at U+2028 and U+0085 as well, which
    stand unescaped in the JSON of pages that have them.
    """
    while (end := buffer.find(b"\n")) >= 0:
        line = bytes(buffer[:end]).rstrip(b"\r")
        del buffer[: end + 1]
        if line.startswith(b"data:"):
            yield line[5:].strip()


@dataclass(slots=True)
class Collected:
    """The answer so far. `finish` is the server's word for how it ended, None until then."""

    exempt: Sequence[str] = ()
    text: list[str] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)
    finish: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoned: bool = False
    has_begun: bool = False
    _numbers: dict[str, int] = field(default_factory=dict)
    _checked: int = 0
    _exempt_numbers: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self._exempt_numbers = frozenset(self._number(token) for token in self.exempt)

    @property
    def loop(self) -> int:
        """The token at which the loop starts that the answer ends in; -1 for none."""
        return self.answer.loop

    def add(self, event: bytes) -> None:
        """Add an event. Raises TryFailed where it is an error, or is not what the protocol says."""
        if event == _DONE:
            return
        try:
            self._add(json.loads(event.decode()))
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as exc:
            raise TryFailed(Kind.BROKEN, f"no JSON of the protocol: {event[:80]!r}") from exc

    def _add(self, told: dict[str, Any]) -> None:
        if "error" in told:
            raise TryFailed(Kind.FAILED, f"the server failed: {one_line(_message(told))}")
        if usage := told.get("usage"):
            self.prompt_tokens = _count(usage.get("prompt_tokens"))
            self.completion_tokens = _count(usage.get("completion_tokens"))
        if not told["choices"]:
            return
        choice = told["choices"][0]
        part = choice.get("delta") or choice.get("message") or {}
        piece = part.get("content") or ""
        self.reasoned |= bool(part.get("reasoning_content") or part.get("reasoning"))
        self.has_begun = True
        self.text.append(piece)
        self._add_tokens(piece, (choice.get("logprobs") or {}).get("content") or ())
        self.finish = choice.get("finish_reason") or self.finish

    def _add_tokens(self, piece: str, logprobs: Sequence[dict[str, Any]]) -> None:
        answer = self.answer
        if logprobs:
            answer.tokens += [self._number(str(told["token"])) for told in logprobs]
            answer.probabilities += [_probability(float(told["logprob"])) for told in logprobs]
        else:
            answer.tokens += [self._number(token) for token in self._pieces(piece)]
        # As in the other engines: a check at each multiple, even if a piece holds many tokens.
        while answer.loop < 0 and self._checked + CHECK_EVERY <= len(answer.tokens):
            self._checked += CHECK_EVERY
            first = max(0, self._checked - TAIL)
            loop = find_loop(answer.tokens[first : self._checked], self._exempt_numbers)
            answer.loop = loop if loop < 0 else first + loop

    def _pieces(self, piece: str) -> list[str]:
        if not self.exempt:
            return _PIECE.findall(piece)
        whole = "|".join(re.escape(one) for one in self.exempt)
        return re.findall(f"{whole}|{_PIECE.pattern}", piece, re.DOTALL)

    def _number(self, token: str) -> int:
        return self._numbers.setdefault(token, len(self._numbers))

    def close(self) -> None:
        """The stream has ended. Raises TryFailed where the answer has not."""
        if not self.has_begun:
            raise TryFailed(Kind.BROKEN, "the answer is empty")
        if self.finish is None:
            raise TryFailed(Kind.BROKEN, f"cut off after {len(self.answer.tokens)} tokens")
        if self.finish in _ENDED:
            self.answer.ended = True
            if not any(self.text) and (self.reasoned or self.completion_tokens != 1):
                where = "; the server took the text for reasoning" if self.reasoned else ""
                raise TryFailed(Kind.BROKEN, f"an end without any text{where}")
        elif self.finish not in _FULL:
            raise TryFailed(Kind.FAILED, f"the server ended it: {one_line(self.finish)}")


@dataclass(frozen=True, slots=True)
class TextTokens:
    """The tokens of a prompt without its image: as a server counted them, or between bounds."""

    least: int
    most: int


def bounds(plan: Plan) -> TextTokens:
    """The bounds of a prompt's text tokens: no token is less than a byte."""
    return TextTokens(0, len(f"{plan.profile.system or ''}{plan.prompt}".encode()) + 64)


def vision_tokens(
    page: PageImage, plan: Plan, text: TextTokens, prompt_tokens: int | None
) -> tuple[int, str]:
    """A page's vision tokens, and a warning where the server's count is not the formula's.

    They are the formula's. Where the server's prompt has more or fewer tokens than the formula's
    image and the prompt's text can make, they are the server's count less the text.
    """
    formula = plan.mode.tokens
    expected = formula(page.width, page.height) if formula else None
    if prompt_tokens is None:
        return (expected.valid if expected else 0), ""
    counted = prompt_tokens - text.least
    if expected is None:
        return max(counted, 0), ""
    spare = text.most - text.least + _WRAPPING + expected.placeholders // _MARKS
    if 0 <= counted - expected.placeholders <= spare:
        return expected.valid, ""
    known = f"{text.least}" if text.least == text.most else f"{text.least} to {text.most}"
    warning = (
        f"mode {plan.mode.name} of profile {plan.profile.name} makes {expected.placeholders} image "
        f"tokens of {page.width} x {page.height} pixels, but the server counts {prompt_tokens} "
        f"tokens in the prompt, of which {known} are text"
    )
    if counted <= 0:
        return expected.valid, f"{warning}; that cannot be, so the formula's count is written"
    return counted, (
        f"{warning}; so it reads in another mode or size, and its count is written: {counted}"
    )


def reading_of(
    page: PageImage, plan: Plan, collected: Collected, text: TextTokens
) -> tuple[Reading, str]:
    """The reading of an answer that ended, was cut as a loop or filled its room, and the warning
    about its vision tokens, or an empty one."""
    answer = collected.answer
    spent, warning = vision_tokens(page, plan, text, collected.prompt_tokens)
    probabilities = answer.probabilities
    mean = sum(probabilities) / len(probabilities) if probabilities else None
    told = collected.completion_tokens
    cost = Reading(
        page.page_id,
        vision_tokens=spent,
        output_tokens=len(answer.tokens) if told is None else told,
        confidence=mean,
    )
    error = ending_error(answer)
    if error is not None:
        return replace(cost, error=error), warning
    return parsed(page, cost, plan, _joined(collected.text)), warning


def timed_out(page: PageImage, timeout_s: float, why: str) -> Reading:
    """The reading of a page whose answer did not come in time."""
    detail = f"endpoint: no whole answer within {timeout_s:g} s" + (f"; last: {why}" if why else "")
    return Reading(page.page_id, error=PageError("timeout", one_line(detail)))


def refused(page: PageImage, why: str) -> Reading:
    """The reading of a page that the servers do not read."""
    return failed(page, one_line(f"endpoint: {why}"))


def _count(told: object) -> int | None:
    """A number of tokens; None where it is none that a column of the tables holds."""
    return told if isinstance(told, int) and 0 <= told < 2**31 else None


def _probability(logprob: float) -> float:
    return 0.0 if math.isnan(logprob) else math.exp(min(logprob, 0.0))


def _joined(pieces: Sequence[str]) -> str:
    """The text. A server may send the halves of a character in two events."""
    text = "".join(pieces)
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _message(told: dict[str, Any]) -> object:
    error = told["error"]
    return error.get("message", error) if isinstance(error, dict) else error
