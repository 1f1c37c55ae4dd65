"""Sentences that tell a model what to do, instead of telling a reader something. Pure.

Patterns can only know the usual words: what is worded otherwise is not found, and an article about
such sentences is. Sources: the prompts found hidden in preprints in 2025 (arXiv 2507.06185), the
lists of OWASP's LLM01:2025, and the markers of chat templates of Llama, ChatML, Gemma and Mistral.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.findings import Finding

_SENTENCE_CHARS = 300
_EARLIER = r"(?:previous|prior|preceding|above|earlier|foregoing)"
_TOLD = r"(?:instructions?|prompts?|directions?|commands?|messages?|guidelines?|rules|context)"
_MODEL = (
    r"(?:an? )?(?:large )?(?:ai|a\.i\.|artificial intelligence|language model|llm|llms|chatbot|gpt)"
)

# The name of a pattern, how sure a match is, and its words.
_PATTERNS = (
    (
        "override",
        1.0,
        rf"\b(?:ignore|disregard|forget|override|bypass)\s+(?:(?:all|any|every|each|the|your|of|my|these|those)\s+)*"
        rf"{_EARLIER}\s+(?:\w+\s+){{0,2}}{_TOLD}\b",
    ),
    (
        "override",
        0.9,
        r"\b(?:ignore|disregard|forget|override)\s+(?:(?:all|any|the)\s+)?(?:your\s+)"
        r"(?:(?:system|original|initial|safety)\s+)?(?:instructions|prompt|guidelines|training)\b",
    ),
    (
        "reviewer",
        1.0,
        r"\b(?:give|write|provide|produce)\s+(?:only\s+)?an?\s+positive\s+review\b"
        r"|\bdo\s+not\s+(?:mention|highlight)\s+any\s+negatives?\b",
    ),
    (
        "role",
        0.8,
        rf"\b(?:if|as)\s+you\s+are\s+{_MODEL}\b|\byou\s+are\s+now\s+(?:in\s+)?(?:developer|dan|jailbreak|unrestricted)\b"
        rf"|\b(?:note|attention|instructions?|message)\s+(?:to|for)\s+(?:all\s+|any\s+)?{_MODEL}(?:\s+(?:models?|reviewers?|assistants?|systems?|agents?|crawlers?))?\b",
    ),
    (
        "secrets",
        0.9,
        r"\b(?:reveal|print|repeat|output|show|disclose)\s+(?:me\s+)?(?:your|the)\s+(?:system|hidden|initial)\s+"
        r"(?:prompt|instructions|message)\b",
    ),
    (
        "template",
        1.0,
        r"<\|(?:im_start|im_end|system|user|assistant|start_header_id|endoftext|eot_id)\|>"
        r"|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>",
    ),
)
_COMPILED = tuple((name, sure, re.compile(words, re.I)) for name, sure, words in _PATTERNS)
# A cheap condition that every pattern implies, so that most texts are searched once.
_HINT = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|positive|negatives?|you\s+are|reveal|print|repeat|output"
    r"|show|disclose|ai|llms?|language\s+model|chatbot|gpt|a\.i|artificial)\b|<\||\[/?INST\]|<</?SYS>>|_of_turn>",
    re.I,
)
_END = re.compile(r"[.!?。！？](?=\s|$)|\n\s*\n")


def instructions(text: str) -> Iterator[Finding]:
    """A finding for each sentence that tells a model what to do, from the words that show it on."""
    if _HINT.search(text) is None:
        return
    done = 0
    found = sorted(
        (match.start(), match.end(), name, sure)
        for name, sure, pattern in _COMPILED
        for match in pattern.finditer(text)
    )
    for start, stop, name, sure in found:
        if start < done:
            continue
        end = _END.search(text, stop, start + _SENTENCE_CHARS)
        is_marker = name == "template"
        done = stop if is_marker else (end.end() if end else min(len(text), stop))
        yield Finding(start, done, "trust", "instructions", sure, name)
