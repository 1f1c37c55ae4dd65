"""Sentences that tell a model what to do, instead of telling a reader something. Pure.

Patterns can only know the usual words: what is worded otherwise is not found, and an article about
such sentences is. Sources: the prompts found hidden in preprints in 2025 (arXiv 2507.06185), the
lists of OWASP's LLM01:2025, and the markers of chat templates of Llama, ChatML, Gemma and Mistral.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.findings import Finding

_SENTENCE_CHARS = 300
_EARLIER = r"(?:previous|prior|preceding|above|earlier|foregoing)"
_TOLD = r"(?:instructions?|prompts?|directions?|commands?|messages?|guidelines?|rules|context)"
_MODEL = (
    r"(?:an? )?(?:large )?(?:ai|a\.i\.|artificial intelligence|language model|llm|llms|chatbot|gpt)"
)

_VERBS = ("ignore", "disregard", "forget", "override", "bypass")
_WHAT = (
    "instruct",
    "prompt",
    "direction",
    "command",
    "messag",
    "guideline",
    "rule",
    "context",
    "training",
)
_MODELS = (
    *(" ai", "a.i.", "artificial", "language model", "llm", "chatbot", "gpt", "developer", "dan"),
    *("jailbreak", "unrestricted"),
)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Words that are found, and how sure a match is.

    Of each of `needs` a text in small letters has at least one, or the words are not in it: a few
    fast searches spare most texts the slow one.
    """

    name: str
    certainty: float
    needs: tuple[tuple[str, ...], ...]
    words: re.Pattern[str]


def _pattern(name: str, certainty: float, needs: Sequence[tuple[str, ...]], words: str) -> _Pattern:
    return _Pattern(name, certainty, tuple(needs), re.compile(words, re.I))


_PATTERNS = (
    _pattern(
        "override",
        1.0,
        (_VERBS, _WHAT),
        r"\b(?:ignore|disregard|forget|override|bypass)\s+"
        r"(?:(?:all|any|every|each|the|your|of|my|these|those)\s+)*"
        rf"{_EARLIER}\s+(?:\w+\s+){{0,2}}{_TOLD}\b",
    ),
    _pattern(
        "override",
        0.9,
        (_VERBS, _WHAT),
        r"\b(?:ignore|disregard|forget|override)\s+(?:(?:all|any|the)\s+)?your\s+"
        r"(?:(?:system|original|initial|safety)\s+)?(?:instructions|prompt|guidelines|training)\b",
    ),
    _pattern(
        "reviewer",
        1.0,
        (("positive review", "any negative"),),
        r"\b(?:give|write|provide|produce)\s+(?:only\s+)?an?\s+positive\s+review\b"
        r"|\bdo\s+not\s+(?:mention|highlight)\s+any\s+negatives?\b",
    ),
    _pattern(
        "role",
        0.8,
        (("you are", "note", "attention", "instruction", "message"), _MODELS),
        rf"\b(?:if|as)\s+you\s+are\s+{_MODEL}\b"
        r"|\byou\s+are\s+now\s+(?:in\s+)?(?:developer|dan|jailbreak|unrestricted)\b"
        rf"|\b(?:note|attention|instructions?|message)\s+(?:to|for)\s+(?:all\s+|any\s+)?{_MODEL}"
        r"(?:\s+(?:models?|reviewers?|assistants?|systems?|agents?|crawlers?))?\b",
    ),
    _pattern(
        "secrets",
        0.9,
        (
            ("system", "hidden", "initial"),
            ("reveal", "print", "repeat", "output", "show", "disclose"),
        ),
        r"\b(?:reveal|print|repeat|output|show|disclose)\s+(?:me\s+)?(?:your|the)\s+"
        r"(?:system|hidden|initial)\s+(?:prompt|instructions|message)\b",
    ),
    _pattern(
        "template",
        1.0,
        (("<|", "inst]", "sys>>", "_of_turn>"),),
        r"<\|(?:im_start|im_end|system|user|assistant|start_header_id|endoftext|eot_id)\|>"
        r"|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>",
    ),
)
_END = re.compile(r"[.!?。！？](?=\s|$)|\n\s*\n")


def instructions(text: str) -> Iterator[Finding]:
    """A finding for each sentence that tells a model what to do, from the words that show it on."""
    small = text.lower()
    found = sorted(
        (match.start(), match.end(), pattern.name, pattern.certainty)
        for pattern in _PATTERNS
        if all(any(word in small for word in words) for words in pattern.needs)
        for match in pattern.words.finditer(text)
    )
    done = 0
    for start, stop, name, certainty in found:
        if start < done:
            continue
        end = _END.search(text, stop, start + _SENTENCE_CHARS)
        is_marker = name == "template"
        done = stop if is_marker or end is None else end.end()
        yield Finding(start, done, "trust", "instructions", certainty, name)
