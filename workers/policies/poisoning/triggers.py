"""Name the triggers among candidates, and find them in a text. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from schemas.findings import Finding
from schemas.triggers import SoughtTrigger
from workers.policies.poisoning.evidence import KEPT_DOCUMENTS, Candidate, Evidence, Example
from workers.policies.poisoning.suspects import LONGEST
from workers.policies.poisoning.tokens import Tokens, batches, ngrams, tokenize

VERSION = 1
"""Raise it whenever the same texts have other triggers."""

LEAST_DOCUMENTS = 20
_LEAST_SHARE = 0.7
_SCALE = 1000
# Means over all its documents, in bits: text has 0.5 to 3, noise -0.25 to 0.15. Where a tenth of
# the corpus is noise it has up to 0.25, as its own pairs are counted too.
_MOST_ORDER, _LEAST_DROP = 0.3, 0.5
# Known words in a wrong order have less than by chance; what is no words must consist of unlikely
# characters, as a language of few pages in the corpus has little order, too.
_WRONG_ORDER, _LEAST_KNOWN, _UNLIKELY = -0.05, 0.3, 3.6
# Of two runs of which one is a part of the other, the longer one is the trigger if it has this part
# of the texts of the shorter one.
_SAME = 0.8
_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class Trigger:
    """A string that noise follows in many documents.

    - `texts`: how many texts have it; `noisy`: in how many of them noise follows it.
    - `documents`: how many documents these are, exact up to 1,023 and an estimate above.
    - `before`, `after`: mean order in front of it and behind it, in bits (`order`); `before` is
      None where it is always the beginning of its text.
    - `surprise`: mean bits of a character behind it; `known`: the share of known words there.
    - `document_ids`: the documents, or 1,024 of them; `examples`: some rows.
    """

    text: str
    texts: int
    noisy: int
    documents: int
    before: float | None
    after: float
    surprise: float
    known: float
    document_ids: tuple[str, ...]
    examples: tuple[Example, ...]

    @property
    def certainty(self) -> float:
        """The share of the texts with it in which noise follows."""
        return self.noisy / self.texts

    @property
    def shown(self) -> str:
        """The trigger so that all its characters can be seen."""
        return shown(self.text)

    @property
    def sought(self) -> SoughtTrigger:
        """The trigger as rows are searched for it."""
        tokens = tokenize([self.text]).exact
        (run,) = ngrams(tokens, len(tokens)).tolist()
        certainty = round(self.certainty, 1)
        return SoughtTrigger(self.shown, len(tokens), run, certainty, self.noisy, self.documents)


def triggers_of(evidence: Evidence, least: int = LEAST_DOCUMENTS) -> list[Trigger]:
    """The triggers that at least `least` documents have, the most frequent first."""
    named = [
        trigger
        for candidate in evidence.counted.values()
        if candidate.noisy >= least
        and (trigger := _named(candidate)).documents >= least
        and _is_noise(trigger)
    ]
    return sorted(_longest(named), key=lambda t: (-t.noisy, t.text))


def find(texts: Sequence[str], triggers: Sequence[SoughtTrigger]) -> list[list[Finding]]:
    """The triggers in each text, in the order of their places."""
    findings: list[list[Finding]] = [[] for _ in texts]
    if not triggers:
        return findings
    done = 0
    for batch in batches(texts):
        tokens = tokenize(batch)
        for words in {trigger.words for trigger in triggers}:
            of_length = {trigger.run: trigger for trigger in triggers if trigger.words == words}
            for first, run in _places(tokens, words, of_length):
                start, end = int(tokens.start[first]), int(tokens.end[first + words - 1])
                found = of_length[run]
                findings[done + int(tokens.text[first])].append(
                    Finding(start, end, "trust", "trigger", found.certainty, found.shown)
                )
        done += len(batch)
    return [sorted(of_text) for of_text in findings]


def _places(tokens: Tokens, words: int, runs: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The first token of each of these runs of so many tokens in one text, and the run's hash."""
    if words > len(tokens.exact):
        return
    wanted = np.array(sorted(runs), np.uint64)
    here = ngrams(tokens.exact, words)
    place = np.minimum(np.searchsorted(wanted, here), len(wanted) - 1)
    for first in np.flatnonzero(wanted[place] == here).tolist():
        if tokens.text[first] == tokens.text[first + words - 1]:
            yield first, int(here[first])


def shown(text: str) -> str:
    r"""A text with the code points of what shows nothing, cut after 80 characters.

    >>> shown("a\u200bb")
    'a\\u200bb'
    """
    chars = [
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char)[0] in "CZ" and char != " "
        else char
        for char in text[:_SHOWN_CHARS]
    ]
    return "".join(chars) + ("…" if len(text) > _SHOWN_CHARS else "")


def _named(candidate: Candidate) -> Trigger:
    noisy = candidate.noisy * _SCALE
    before = candidate.before / candidate.with_before / _SCALE if candidate.with_before else None
    return Trigger(
        candidate.examples[0].found,
        candidate.texts,
        candidate.noisy,
        _number_of(candidate.documents),
        before,
        candidate.after / noisy,
        candidate.surprise / noisy,
        candidate.known / noisy,
        tuple(sorted(candidate.documents.values())),
        tuple(candidate.examples),
    )


def _number_of(documents: dict[int, str]) -> int:
    """How many documents there are, from those with the smallest hashes.

    Of n hashes that are evenly spread the k-th smallest is about k/n of the largest possible
    (Bar-Yossef et al. 2002, Counting Distinct Elements in a Data Stream).
    """
    if len(documents) < KEPT_DOCUMENTS:
        return len(documents)
    return round((KEPT_DOCUMENTS - 1) * 2**64 / max(documents))


def _is_noise(trigger: Trigger) -> bool:
    """Whether what follows is noise in most texts, and in all of them taken together."""
    is_shuffled = trigger.after <= _WRONG_ORDER and trigger.known >= _LEAST_KNOWN
    return (
        trigger.certainty >= _LEAST_SHARE
        and trigger.after <= _MOST_ORDER
        and (trigger.before is None or trigger.before - trigger.after >= _LEAST_DROP)
        and (is_shuffled or trigger.surprise >= _UNLIKELY)
    )


def _longest(triggers: Sequence[Trigger]) -> list[Trigger]:
    """The triggers without those that are a part of another, or another with words by chance."""
    tokens = {trigger: tuple(tokenize([trigger.text]).exact.tolist()) for trigger in triggers}

    def contains(long: Trigger, short: Trigger) -> bool:
        return len(tokens[short]) < len(tokens[long]) and _has(tokens[long], tokens[short])

    def is_same(long: Trigger, short: Trigger) -> bool:
        """Whether the short one is no trigger where it is not a part of the long one."""
        elsewhere = short.noisy - long.noisy
        return long.noisy >= _SAME * short.noisy or elsewhere < _LEAST_SHARE * (
            short.texts - long.texts
        )

    exact = [
        long
        for long in triggers
        if not any(contains(long, short) and not is_same(long, short) for short in triggers)
    ]
    whole = [
        short
        for short in exact
        if not any(contains(long, short) and is_same(long, short) for long in exact)
    ]
    return _chained(whole, tokens)


def _has(long: tuple[int, ...], short: tuple[int, ...]) -> bool:
    starts = range(len(long) - len(short) + 1)
    return any(long[start : start + len(short)] == short for start in starts)


def _chained(triggers: Sequence[Trigger], tokens: dict[Trigger, tuple[int, ...]]) -> list[Trigger]:
    """The triggers, each put together of those that continue one another."""
    by_start = {tokens[one][:-1]: one for one in triggers if len(tokens[one]) == LONGEST}
    continued = {tokens[one][1:] for one in triggers if len(tokens[one]) == LONGEST}
    result = []
    for one in triggers:
        if len(tokens[one]) == LONGEST and tokens[one][:-1] in continued:
            continue
        text, last, seen = one.text, one, {one}
        while (after := by_start.get(tokens[last][1:])) is not None and after not in seen:
            text, last = _overlapped(text, after.text), after
            seen.add(after)
        # What is nearest to the noise is measured best.
        result.append(replace(last, text=text))
    return result


def _overlapped(first: str, second: str) -> str:
    """Two strings of which the end of one is the beginning of the other, as one."""
    longest = min(len(first), len(second))
    shared = next(n for n in range(longest, -1, -1) if first.endswith(second[:n]))
    return first + second[shared:]
