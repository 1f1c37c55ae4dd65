"""When a text layer that looks whole is doubted: its words are of no language.

A map that permutes letters, or gives signs for them, leaves words, spaces and vowels as they were,
and the font may say nothing of it. Then the language model recognises nothing, as it does in a list
of names or parts. Only a reading can tell these two apart: see `workers.reading.doubted`.

Of 223 pages of manuals with 50 words, the model knew no language on 7, four of which were garbled.
With their letters permuted it knew none on 187.
"""

from __future__ import annotations

from workers.text.languages import UNDETERMINED, language
from workers.textlayer import TextLayer

_MIN_WORDS = 50  # drawings and title pages have fewer, and no sentences


def is_doubtful(layer: TextLayer) -> bool:
    """Whether a layer with enough words is in no language."""
    return layer.signals.word_count >= _MIN_WORDS and language(layer.text) == UNDETERMINED
