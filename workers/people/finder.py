"""Find names and addresses of people by a checkpoint that gives each token of a text a label.

    text ─► windows of tokens that overlap ─► probabilities of labels, in batches of like length
         ─► words (of two windows, as the one says in which the word has more around it) ─► findings

A word has the kind whose labels together are likeliest for its tokens, on the mean. Words of a kind
that follow each other are one finding, unless a label begins anew (`B-`); its certainty is the
words' mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
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
from workers.text.batches import batches
from workers.text_models.batches import TextBatches
from workers.text_models.checkpoint import require_revision

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
    require_revision(checkpoint, settings.people.revision, FIELD)
    loaded = TextBatches.load(
        *(AutoModelForTokenClassification, checkpoint, people.dtype, people.max_tokens),
        threads=settings.threads,
        text_timeout_s=settings.text_timeout_s,
    )
    if not loaded.tokenizer.is_fast:
        raise NoEngineError(
            f"{FIELD}: {people.model} has no fast tokenizer (`tokenizer.json`), which says where "
            "tokens stand in a text"
        )
    return PeopleFinder(people, loaded)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a window or a text, in arrays with an entry a word; the `number` counts the
    text's words, which are `text[start:end]`.

    `kind` is the likeliest one, the last for none, and `share` how likely it is. `begins` is
    whether the label says that a name begins here. `room` is the number of tokens between a word
    and the nearer end of its window.
    """

    number: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    kind: NDArray[np.int64]
    share: NDArray[np.float32]
    begins: NDArray[np.bool_]
    room: NDArray[np.int64]

    def take(self, places: NDArray[np.intp]) -> _Words:
        """Some of the words."""
        return _Words(*(getattr(self, name)[places] for name in self.__slots__))

    @staticmethod
    def merged(windows: Sequence[_Words]) -> _Words:
        """The words of a text, each as the window says in which it has most room: a window may end
        within a word, which has none there then."""
        if len(windows) == 1:
            return windows[0]
        joined = _Words(
            *(np.concatenate([getattr(w, name) for w in windows]) for name in _Words.__slots__)
        )
        order = np.lexsort((-joined.room, joined.number))
        _, first = np.unique(joined.number[order], return_index=True)
        return joined.take(order[first])


class PeopleFinder:
    """A loaded checkpoint. `find` is called by one thread at a time."""

    def __init__(self, settings: People, loaded: TextBatches) -> None:
        names: Mapping[int, str] = loaded.model.config.id2label
        self._kinds = tuple(sorted(set(settings.labels.values())))
        self._batches = loaded
        self._max_tokens = settings.max_tokens
        # are_of: float32 (labels, kinds + 1): 1 for the kind of each label, the last one for none.
        self._are_of = np.zeros((len(names), len(self._kinds) + 1), np.float32)
        self._begins = np.zeros(len(names), bool)
        for number, name in names.items():
            kind = settings.kind_of(name)
            column = len(self._kinds) if kind is None else self._kinds.index(kind)
            self._are_of[number, column] = 1
            self._begins[number] = kind is not None and name.startswith("B-")

    def find(self, texts: Sequence[str]) -> list[list[Finding]]:
        """The names and addresses of each text, in its order; they do not overlap.

        Raises ModelError where the device has too little memory for a single window.
        """
        found: list[list[Finding]] = []
        for group in batches(texts, _CHARS_AT_ONCE):
            found += self._find(group)
        return found

    def _find(self, texts: Sequence[str]) -> Iterator[list[Finding]]:
        windows: list[list[_Words]] = [[] for _ in texts]
        for place, words in self._windows(texts):
            windows[place].append(words)
        for text, of_text in zip(texts, windows, strict=True):
            yield list(self._findings(text, _Words.merged(of_text))) if of_text else []

    def _windows(self, texts: Sequence[str]) -> Iterator[tuple[int, _Words]]:
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
            # offsets: int64 (tokens, 2); numbers: int64 (tokens,), -1 for marks
            offsets = np.array(encoded["offset_mapping"][number], np.int64)
            of_words = (-1 if word is None else word for word in encoded.word_ids(number))
            yield place, self._words(offsets, np.fromiter(of_words, np.int64), of_window)

    def _words(
        self,
        offsets: NDArray[np.int64],
        numbers: NDArray[np.int64],
        shares: NDArray[np.float32],
    ) -> _Words:
        """The words of a window, by the probabilities of its tokens: float32 (tokens, labels)."""
        first = np.flatnonzero(np.diff(numbers, prepend=-2))
        after = np.append(first[1:], len(numbers))
        means = np.add.reduceat(shares, first, axis=0) / (after - first)[:, None]
        of_kinds = means.astype(np.float32) @ self._are_of  # (words, kinds + 1)
        words = _Words(
            numbers[first],
            offsets[first, 0],
            offsets[after - 1, 1],
            of_kinds.argmax(axis=1),
            of_kinds.max(axis=1),
            self._begins[shares[first].argmax(axis=1)],
            np.minimum(first, len(numbers) - after),
        )
        return words.take(np.flatnonzero(words.number >= 0))

    def _findings(self, text: str, words: _Words) -> Iterator[Finding]:
        run: list[int] = []
        for place in np.flatnonzero(words.kind < len(self._kinds)).tolist():
            goes_on = (
                bool(run)
                and place == run[-1] + 1
                and words.kind[place] == words.kind[run[-1]]
                and not words.begins[place]
                and _BETWEEN.fullmatch(text, words.end[run[-1]], words.start[place]) is not None
            )
            if run and not goes_on:
                yield self._finding(words, run)
                run = []
            run.append(place)
        if run:
            yield self._finding(words, run)

    def _finding(self, words: _Words, run: Sequence[int]) -> Finding:
        kind: PersonKind = self._kinds[words.kind[run[0]]]
        certainty = round(float(words.share[list(run)].mean()), _DIGITS)
        start, end = int(words.start[run[0]]), int(words.end[run[-1]])
        return finding(kind, start, end, certainty, "model")


def _label_shares(
    model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor
) -> list[NDArray[np.float32]]:
    """For each window the probability of each label: float32 (tokens, labels)."""
    shares = model(input_ids=ids, attention_mask=mask).logits.float().softmax(dim=-1).cpu().numpy()
    are_tokens = mask.cpu().numpy().astype(bool)
    return [of_one[is_token] for of_one, is_token in zip(shares, are_tokens, strict=True)]
