"""Find names and addresses of people by a checkpoint that gives each token of a text a label.

    text ─► windows of tokens that overlap ─► probabilities of labels, in batches of like length
         ─► words (of two windows, as the one says in which the word has more around it) ─► findings

A word has the kind whose labels together are likeliest for its tokens, on the mean. Words of a kind
that follow each other are one finding, unless a label begins anew (`B-`); its certainty is the
words' mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForTokenClassification, PreTrainedModel

from schemas.errors import NoEngineError
from schemas.findings import Finding
from schemas.personal import People, PersonKind
from workers.people.checkpoint import FIELD, find_people_checkpoint
from workers.people.settings import FinderSettings
from workers.policies.personal.evidence import finding
from workers.scores.batches import TextBatches

_CHARS_AT_ONCE = 2**20
"""Of texts whose tokens are in memory together: some 250,000 of them, with a few numbers each."""
_OVERLAP_SHARE = 8
"""Of a window's tokens, the part that the next one begins with again."""
_BETWEEN = re.compile(r"[\s.,'’·-]*")
"""What may stand between two words of one name or address."""
_DIGITS = 4
"""Of a certainty: the last bits of a float depend on the batch."""


def load(settings: FinderSettings) -> PeopleFinder:
    """See `workers.people.load.load_finder`."""
    people = settings.people.people
    checkpoint = find_people_checkpoint(people)
    if checkpoint.revision != settings.people.revision:
        raise NoEngineError(
            f"{FIELD}: {people.model} has other files on this machine than where the run began; "
            "copy the same checkpoint to all machines"
        )
    batches = TextBatches.load(
        *(AutoModelForTokenClassification, checkpoint, people.dtype, people.max_tokens),
        threads=settings.threads,
        text_timeout_s=settings.text_timeout_s,
    )
    if not batches.tokenizer.is_fast:
        raise NoEngineError(
            f"{FIELD}: {people.model} has no fast tokenizer (`tokenizer.json`), which says where "
            "tokens stand in a text"
        )
    return PeopleFinder(people, batches)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a text, `text[start:end]`, and what it says; `number` counts the text's words.

    `shares` is float32 (kinds + 1): how likely each kind is, and last, that it is none. `begins`
    is whether the label says that a name begins here. `room` is the number of tokens between it and
    the nearer end of its window.
    """

    number: int
    start: int
    end: int
    shares: NDArray[np.float32]
    begins: bool
    room: int


class PeopleFinder:
    """A loaded checkpoint. `find` is called by one thread at a time."""

    def __init__(self, settings: People, batches: TextBatches) -> None:
        names: Mapping[int, str] = batches.model.config.id2label
        self._kinds = tuple(sorted(set(settings.labels.values())))
        self._batches = batches
        self._max_tokens = settings.max_tokens
        # columns: int64 (labels,): the kind of each label, the last one for none.
        self._columns = np.full(len(names), len(self._kinds), np.int64)
        self._begins = np.zeros(len(names), bool)
        for number, name in names.items():
            kind = settings.kind_of(name)
            if kind is not None:
                self._columns[number] = self._kinds.index(kind)
                self._begins[number] = name.startswith("B-")

    def find(self, texts: Sequence[str]) -> list[list[Finding]]:
        """The names and addresses of each text, in its order; they do not overlap.

        Raises ModelError where the device has too little memory for a single window.
        """
        found: list[list[Finding]] = []
        for group in _groups(texts):
            found += self._find(group)
        return found

    def _find(self, texts: Sequence[str]) -> Iterator[list[Finding]]:
        words: list[dict[int, _Word]] = [{} for _ in texts]
        for place, word in self._words(texts):
            known = words[place].get(word.number)
            # A window may end within a word, which has no room there then.
            if known is None or word.room > known.room:
                words[place][word.number] = word
        for text, of_text in zip(texts, words, strict=True):
            yield list(self._findings(text, [of_text[number] for number in sorted(of_text)]))

    def _words(self, texts: Sequence[str]) -> Iterator[tuple[int, _Word]]:
        """The words of all windows, each with the number of its text."""
        full = [place for place, text in enumerate(texts) if text.strip()]
        if not full:
            return
        encoded = self._batches.tokenizer(
            [texts[place] for place in full],
            max_length=self._max_tokens,
            stride=self._max_tokens // _OVERLAP_SHARE,
            truncation=True,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        shares = self._batches.read_tokens(encoded["input_ids"], _label_shares)
        for number, of_window in enumerate(shares):
            place = full[encoded["overflow_to_sample_mapping"][number]]
            offsets, of_words = encoded["offset_mapping"][number], encoded.word_ids(number)
            for word in self._window(offsets, of_words, of_window):
                yield place, word

    def _window(
        self,
        offsets: Sequence[tuple[int, int]],
        of_words: Sequence[int | None],
        shares: NDArray[np.float32],
    ) -> Iterator[_Word]:
        at = 0
        while at < len(of_words):
            end = at + 1
            while end < len(of_words) and of_words[end] == of_words[at]:
                end += 1
            number = of_words[at]
            if number is not None:
                of_kinds = np.zeros(len(self._kinds) + 1, np.float32)
                np.add.at(of_kinds, self._columns, shares[at:end].mean(axis=0))
                begins = bool(self._begins[shares[at].argmax()])
                room = min(at, len(of_words) - end)
                yield _Word(number, offsets[at][0], offsets[end - 1][1], of_kinds, begins, room)
            at = end

    def _findings(self, text: str, words: Iterable[_Word]) -> Iterator[Finding]:
        run: list[_Word] = []
        for word in words:
            kind = int(word.shares.argmax())
            goes_on = (
                bool(run)
                and kind == int(run[-1].shares.argmax())
                and not word.begins
                and _BETWEEN.fullmatch(text, run[-1].end, word.start) is not None
            )
            if run and not goes_on:
                yield self._finding(run)
                run = []
            if kind < len(self._kinds):
                run.append(word)
        if run:
            yield self._finding(run)

    def _finding(self, run: Sequence[_Word]) -> Finding:
        kind: PersonKind = self._kinds[int(run[0].shares.argmax())]
        certainty = float(np.mean([word.shares.max() for word in run]))
        return finding(kind, run[0].start, run[-1].end, round(certainty, _DIGITS), "model")


def _label_shares(
    model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor
) -> list[NDArray[np.float32]]:
    """For each window the probability of each label: float32 (tokens, labels)."""
    shares = model(input_ids=ids, attention_mask=mask).logits.float().softmax(dim=-1).cpu().numpy()
    are_tokens = mask.cpu().numpy().astype(bool)
    return [of_one[is_token] for of_one, is_token in zip(shares, are_tokens, strict=True)]


def _groups(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in their order, few enough at a time that their tokens fit into memory."""
    group: list[str] = []
    size = 0
    for text in texts:
        if group and size + len(text) > _CHARS_AT_ONCE:
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text)
    if group:
        yield group
