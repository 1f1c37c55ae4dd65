"""How a reading agrees with the truth. Pure; of two plain texts (`workers.evaluation.normalise`).

`edit_distance`, and the words' precision, recall, F1 and BLEU, are those of the Fox benchmark,
which DeepSeek-OCR's compression study is measured on (arXiv 2405.14295;
github.com/ucaslcl/Fox, eval_tools/eval_ocr_test.py):

- characters: Levenshtein distance / length of the longer text;
- words: of the *sets* of different words, so a word counts once however often it stands, and
  order does not count;
- BLEU: up to 4-grams in equal parts, with the penalty for brevity and no smoothing.

Its METEOR is left out: it needs WordNet, which no package carries. Where Fox cuts Chinese into
words with a dictionary, here each character is a word; texts are normalised, which Fox's are not.

Beside them, and by the same alignment as the distance: `char_precision` and `char_recall`, the
share of what was read, and of what is there, that is the same character at its place; CER and WER,
the distance in characters and words / the truth's length, which may pass 1 (as in the evaluation
of OCR-D, ocr-d.de/en/spec/ocrd_eval).
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
    """What is measured of one reading. All but the counts are shares; `cer` and `wer` may pass 1.

    `precision` is 1 - `edit_distance`: what lacks, what is wrong and what is too much all count.
    """

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
        """1 - the normalised edit distance."""
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

    >>> found = compare("the cat sat", "the bat sat")
    >>> found.char_errors, found.word_errors, round(found.cer, 3)
    (1, 1, 0.091)
    """
    edits = Levenshtein.editops(truth, reading)
    wrong = Counter(edit.tag for edit in edits)
    # Characters of the truth that stand in the reading at their places.
    right = len(truth) - wrong["replace"] - wrong["delete"]
    char_precision, char_recall = _share(right, len(reading)), _share(right, len(truth))
    truth_words, reading_words = words(truth), words(reading)
    kinds, read_kinds = set(truth_words), set(reading_words)
    common = len(kinds & read_kinds)
    word_precision, word_recall = _share(common, len(read_kinds)), _share(common, len(kinds))
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
    """BLEU of one reading (Papineni et al. 2002), 0 where no 4-gram of it is in the truth.

    Two texts too short for a 4-gram are compared as wholes.
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
    """`part` of `whole`; of nothing, all is right."""
    return part / whole if whole else 1.0


def _rate(errors: int, length: int) -> float:
    """Errors per unit of the truth; each is a whole truth's where the truth is empty."""
    return errors / length if length else float(errors > 0)


def _f1(precision: float, recall: float) -> float:
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
