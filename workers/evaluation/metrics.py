"""Measures how a reading agrees with the truth. Pure.

Both are plain texts (`workers.evaluation.normalise`). Measures of the Fox benchmark, on which
DeepSeek-OCR's compression study was made (arXiv 2405.14295; github.com/ucaslcl/Fox,
eval_tools/eval_ocr_test.py):

- `edit_distance`: Levenshtein distance of the characters / length of the longer text;
- `word_precision`, `word_recall`, `word_f1`: of the *sets* of different words, so neither the
  number of times nor the order of a word counts;
- `bleu`: 1-grams to 4-grams with equal weights, with brevity penalty and without smoothing.

Fox's METEOR is left out: it needs WordNet, which no package carries. Fox cuts Chinese into words
with a dictionary; here each character is a word. Texts are normalised here, but not in Fox.

Further measures, by the alignment of the edit distance:

- `char_precision`, `char_recall`: the share of the reading's, and of the truth's, characters that
  are equal and aligned;
- `cer`, `wer`: distance in characters, or words, / length of the truth. They may exceed 1, as in
  OCR-D's evaluation (ocr-d.de/en/spec/ocrd_eval).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from workers.evaluation.normalise import words

_LONGEST_NGRAM = 4


@dataclass(frozen=True, slots=True)
class Agreement:
    """The measures of one reading. All but the counts are shares; `cer` and `wer` may exceed 1."""

    truth_chars: int
    reading_chars: int
    char_errors: int
    truth_words: int
    word_errors: int
    edit_distance: float
    char_precision: float
    char_recall: float
    char_f1: float
    word_precision: float
    word_recall: float
    word_f1: float
    bleu: float

    @property
    def precision(self) -> float:
        """1 - `edit_distance`: missing, wrong and superfluous characters all count."""
        return 1 - self.edit_distance

    @property
    def cer(self) -> float:
        """Character error rate."""
        return _rate(self.char_errors, self.truth_chars)

    @property
    def wer(self) -> float:
        """Word error rate."""
        return _rate(self.word_errors, self.truth_words)


def compare(truth: str, reading: str) -> Agreement:
    """Compare two plain texts.

    >>> agreement = compare("the cat sat", "the bat sat")
    >>> agreement.char_errors, agreement.word_errors, round(agreement.cer, 3)
    (1, 1, 0.091)
    """
    edits = Levenshtein.editops(truth, reading)
    count = Counter(edit.tag for edit in edits)
    equal = len(truth) - count["replace"] - count["delete"]
    char_precision, char_recall = _share(equal, len(reading)), _share(equal, len(truth))
    truth_words, reading_words = words(truth), words(reading)
    truth_set, reading_set = set(truth_words), set(reading_words)
    common = len(truth_set & reading_set)
    word_precision, word_recall = _share(common, len(reading_set)), _share(common, len(truth_set))
    return Agreement(
        truth_chars=len(truth),
        reading_chars=len(reading),
        char_errors=len(edits),
        truth_words=len(truth_words),
        word_errors=Levenshtein.distance(truth_words, reading_words),
        edit_distance=len(edits) / max(len(truth), len(reading), 1),
        char_precision=char_precision,
        char_recall=char_recall,
        char_f1=_f1(char_precision, char_recall),
        word_precision=word_precision,
        word_recall=word_recall,
        word_f1=_f1(word_precision, word_recall),
        bleu=bleu(truth_words, reading_words),
    )


def bleu(truth: Sequence[str], reading: Sequence[str]) -> float:
    """BLEU of one reading (Papineni et al. 2002), 0 if it shares no 4-gram with the truth.

    If a text is too short for a 4-gram, BLEU is 1 for equal texts and else 0.
    """
    if len(truth) < _LONGEST_NGRAM or len(reading) < _LONGEST_NGRAM:
        return float(list(truth) == list(reading))
    logarithms = 0.0
    for length in range(1, _LONGEST_NGRAM + 1):
        read = _ngrams(reading, length)
        matched = (read & _ngrams(truth, length)).total()
        if not matched:
            return 0.0
        logarithms += math.log(matched / read.total())
    brevity = min(0.0, 1 - len(truth) / len(reading))
    return math.exp(brevity + logarithms / _LONGEST_NGRAM)


def _ngrams(text: Sequence[str], length: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(text[start:] for start in range(length)), strict=False))


def _share(part: int, whole: int) -> float:
    """`part` / `whole`; 1 where `whole` is 0."""
    return part / whole if whole else 1.0


def _rate(errors: int, length: int) -> float:
    """Errors / length of the truth; of an empty truth 1 if there are errors, else 0."""
    return errors / length if length else float(errors > 0)


def _f1(precision: float, recall: float) -> float:
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
