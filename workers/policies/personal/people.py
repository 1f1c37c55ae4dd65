"""Find names and addresses of people by a checkpoint that gives each token of a text a label.

    text ─► windows of tokens that overlap ─► probabilities of labels, in batches of like length
         ─► words (of two windows, as the one says in which the word has more around it) ─► findings

A word has the kind whose labels together are likeliest for its tokens, on the mean. Words of a kind
that follow each other are one finding, unless a label begins anew (`B-`); its certainty is the
words' mean.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from schemas.errors import NoEngineError
from schemas.findings import Finding
from schemas.lines import first_line
from schemas.personal import People, PersonKind
from workers.engines.checkpoint import Checkpoint, find_checkpoint
from workers.policies.personal.evidence import finding

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_WINDOWS_AT_ONCE = 32
_OVERLAP_SHARE = 8
"""Of a window's tokens, the part that the next one begins with again."""
_BETWEEN = re.compile(r"[\s.,'’·-]*")
"""What may stand between two words of one name or address."""
_OUTSIDE = "O"
_FIELD = "pii.people.model"


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
    """A checkpoint of `AutoModelForTokenClassification`, on one core, as it is loaded."""

    def __init__(
        self, settings: People, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
    ) -> None:
        names: Mapping[int, str] = model.config.id2label
        self._kinds = tuple(sorted(set(settings.labels.values())))
        self._model, self._tokenizer = model, tokenizer
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
        """The names and addresses of each text, in its order; they do not overlap."""
        words: list[dict[int, _Word]] = [{} for _ in texts]
        for place, word in self._words(texts):
            known = words[place].get(word.number)
            # A window may end within a word, which has no room there then.
            if known is None or word.room > known.room:
                words[place][word.number] = word
        return [
            list(self._findings(text, [of_text[number] for number in sorted(of_text)]))
            for text, of_text in zip(texts, words, strict=True)
        ]

    def _words(self, texts: Sequence[str]) -> Iterator[tuple[int, _Word]]:
        """The words of all windows, each with the number of its text."""
        full = [place for place, text in enumerate(texts) if text.strip()]
        if not full:
            return
        encoded = self._tokenizer(
            [texts[place] for place in full],
            max_length=self._max_tokens,
            stride=self._max_tokens // _OVERLAP_SHARE,
            truncation=True,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        ids: Sequence[Sequence[int]] = encoded["input_ids"]
        order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
        for start in range(0, len(order), _WINDOWS_AT_ONCE):
            batch = order[start : start + _WINDOWS_AT_ONCE]
            for number, shares in zip(batch, self._shares([ids[n] for n in batch]), strict=True):
                place = full[encoded["overflow_to_sample_mapping"][number]]
                offsets, of_words = encoded["offset_mapping"][number], encoded.word_ids(number)
                for word in self._window(offsets, of_words, shares):
                    yield place, word

    def _shares(self, ids: Sequence[Sequence[int]]) -> Iterator[NDArray[np.float32]]:
        """For each window the probability of each label, float32 (tokens, labels)."""
        import torch

        batch = self._tokenizer.pad({"input_ids": list(ids)}, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**batch).logits
        shares = logits.float().softmax(dim=-1).numpy()
        mask = batch["attention_mask"].numpy().astype(bool)
        yield from (of_one[is_token] for of_one, is_token in zip(shares, mask, strict=True))

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
        return finding(kind, run[0].start, run[-1].end, certainty, "model")


def people_finder(settings: People) -> PeopleFinder:
    """The finder of a recipe; a process keeps it as long as its checkpoint stays what it is.

    Raises NoEngineError where the checkpoint is not found, cannot be loaded, or cannot say where
    names stand in a text.
    """
    return _loaded(settings, find_people_checkpoint(settings))


@functools.lru_cache(maxsize=1)
def _loaded(settings: People, checkpoint: Checkpoint) -> PeopleFinder:
    # Imported here: most policies look for no names.
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    where: dict[str, Any] = {"revision": checkpoint.commit, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.location, **where)
        model = AutoModelForTokenClassification.from_pretrained(checkpoint.location, **where)
    except (OSError, ValueError, KeyError) as exc:
        raise NoEngineError(f"{_FIELD}: {settings.model}: {first_line(exc)}") from exc
    if not tokenizer.is_fast:
        raise NoEngineError(
            f"{_FIELD}: {settings.model} has no fast tokenizer (`tokenizer.json`), which "
            "says where tokens stand in a text"
        )
    return PeopleFinder(settings, model.eval(), tokenizer)


def find_people_checkpoint(settings: People) -> Checkpoint:
    """The checkpoint that the recipe names.

    Raises NoEngineError where there is none, it labels no tokens, or a label is missing.
    """
    checkpoint = find_checkpoint(settings, "pii.people")
    named = checkpoint.config.get("id2label")
    labels = map(str, named.values()) if isinstance(named, Mapping) else ()
    if not any(name.endswith("ForTokenClassification") for name in checkpoint.architectures):
        raise NoEngineError(
            f"{_FIELD}: {settings.model} labels no tokens: its architecture is "
            f"{', '.join(checkpoint.architectures) or 'not named'}, not one that ends in "
            "ForTokenClassification"
        )
    has = {name.removeprefix("B-").removeprefix("I-") for name in labels}
    lacking = sorted(set(settings.labels) - has)
    if lacking:
        raise NoEngineError(
            f"pii.people.labels: {settings.model} has no label {', '.join(lacking)}; "
            f"it has {', '.join(sorted(has - {_OUTSIDE}))}"
        )
    return checkpoint
