"""Measurements of a page's text layer, and its judgement by the recipe's floors. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.recipe_sections import TextLayer as TextLayerFloors
from workers.textlayer.content import PageContent
from workers.textlayer.join import UNSPACED
from workers.textlayer.lines import MIN_SIZE_PT, Line

_COVERAGE_CELLS = 64  # pictures' union is counted on a grid of 64 x 64, so within about 2 %
_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z]")
_VOWEL = re.compile(r"[AEIOUYaeiouy]")
_LONE_LETTERS = re.compile(r"(?<!\S)(?:[^\W\d_]\s+){3,}[^\W\d_](?!\S)")
_WORD_CHARS = 2  # of a word in Chinese and Japanese; Thai has 4
_MAX_UNSCALED_SHARE = 0.3
_GLUED_CHARS = 30  # German compounds reach 30; longer runs of letters are words without spaces


@dataclass(frozen=True, slots=True)
class TextLayerSignals:
    """Measurements of one page's text layer. Shares are 0 to 1.

    - `char_count`: visible characters without spaces.
    - `garbled_share`: share of them that are U+FFFD, private use or control characters, which the
      lines do not have any more.
    - `hidden_share`: share of all characters that have no ink or are covered by a later picture.
    - `image_share`: share of the page's area under pictures.
    - `path_count`: vector paths.
    - `word_count`: words of scripts with spaces, outside code. `single_letter_share` of them have
      one letter, with three more such words beside them; `glued_share` of their letters stand in
      runs of over 30. `lost_word_share` of all words, besides the first, have a garbled
      character at a letter.
    - `unscaled_share`: share of the characters whose size MuPDF does not know: fonts with a scale
      of their own. It places spaces and lines by the size.
    - `vowel_share`: share of vowels in Latin letters outside code; `latin_count` is the number of
      such letters. Languages have 0.3 to 0.5; text in a font with shifted letters has fewer.
    """

    char_count: int = 0
    garbled_share: float = 0.0
    hidden_share: float = 0.0
    image_share: float = 0.0
    path_count: int = 0
    word_count: int = 0
    lost_word_share: float = 0.0
    single_letter_share: float = 0.0
    glued_share: float = 0.0
    unscaled_share: float = 0.0
    latin_count: int = 0
    vowel_share: float = 0.0


def judge(signals: TextLayerSignals, floors: TextLayerFloors) -> str | None:
    """None where the layer may replace a reading, else the first reason against it.

    Reasons are `invisible`, `scanned`, `outlined` (letters drawn as paths), `missing`, `garbled`
    and `misspaced`. `floors` is the recipe's `text_layer`. The order of the content stream is no
    reason: labels of drawings come in any order, and blocks are ordered by their places.
    """
    s, f = signals, floors
    is_cipher = s.latin_count >= f.min_judged_letters and s.vowel_share < f.min_vowel_share
    has_lost_words = (
        s.word_count >= f.min_judged_words and s.lost_word_share > f.max_lost_word_share
    )
    is_garbled = s.garbled_share > f.max_garbled_share or is_cipher or has_lost_words
    is_misspaced = s.word_count >= f.min_judged_words and (
        s.single_letter_share > f.max_single_letter_share
        or s.glued_share > f.max_glued_share
        or s.unscaled_share > _MAX_UNSCALED_SHARE
    )
    is_scan = s.image_share > f.max_image_share and s.char_count < f.min_chars_over_image
    is_drawn = s.path_count > f.max_paths and s.char_count < f.min_chars_over_paths
    verdicts = (
        ("invisible", s.hidden_share > f.max_hidden_share),
        ("scanned", is_scan),
        ("outlined", is_drawn),
        ("missing", s.char_count < f.min_chars),
        ("garbled", is_garbled),
        ("misspaced", is_misspaced),
    )
    return next((reason for reason, holds in verdicts if holds), None)


def measure(content: PageContent, lines: Sequence[Line]) -> TextLayerSignals:
    """Measure the visible `lines`."""
    char_count = sum(len(line.text) - line.text.count(" ") for line in lines)
    char_count += content.garbled_chars
    prose = " ".join(line.text for line in lines if not line.is_mono)
    spaced, unspaced_count = UNSPACED.subn(" ", prose)
    runs = _LETTERS.findall(spaced)
    words = [word for word in spaced.split() if word.isalpha() or any(map(str.isalpha, word))]
    plain = unicodedata.normalize("NFD", prose)
    latin_count = len(_LATIN.findall(plain))
    total = char_count + content.hidden_chars
    return TextLayerSignals(
        char_count=char_count,
        garbled_share=min(content.garbled_chars / max(char_count, 1), 1.0),
        hidden_share=max(content.hidden_chars / max(total, 1), content.covered_share),
        image_share=_image_share(content),
        path_count=content.path_count,
        word_count=len(words),
        lost_word_share=max(content.lost_words - 1, 0)
        / max(len(words) + unspaced_count // _WORD_CHARS, content.lost_words, 1),
        single_letter_share=_spaced_out(lines) / max(len(words), 1),
        glued_share=sum(len(run) for run in runs if len(run) > _GLUED_CHARS)
        / max(sum(map(len, runs)), 1),
        unscaled_share=sum(len(line.text) for line in lines if line.size <= MIN_SIZE_PT)
        / max(sum(len(line.text) for line in lines), 1),
        latin_count=latin_count,
        vowel_share=len(_VOWEL.findall(plain)) / max(latin_count, 1),
    )


def _spaced_out(lines: Sequence[Line]) -> int:
    """Words of one letter that follow each other in a line: letters of a word that is spaced out.

    Labels of drawings, chords and the signs of formulas stand alone or in small groups.
    """
    prose = (UNSPACED.sub(" ", line.text) for line in lines if not line.is_mono)
    return sum(len(run[0].split()) for text in prose for run in _LONE_LETTERS.finditer(text))


def _image_share(content: PageContent) -> float:
    """The share of the page under any picture: scans come in strips, and pictures overlap."""
    if not content.images or content.width <= 0 or content.height <= 0:
        return 0.0
    covered = np.zeros((_COVERAGE_CELLS, _COVERAGE_CELLS), dtype=bool)
    scale = np.array([_COVERAGE_CELLS / content.width, _COVERAGE_CELLS / content.height] * 2)
    for x0, y0, x1, y1 in np.rint(np.asarray(content.images) * scale).astype(int):
        covered[y0:y1, x0:x1] = True
    return float(covered.mean())
