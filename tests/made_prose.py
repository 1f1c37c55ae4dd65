"""Made English prose: words that follow one another as in samples and in old docs.

Each word is drawn among those that follow the one before it there; after a word that few others
follow, a new sentence begins. So the prose has the words and short phrases of English, and hardly
a longer run twice.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from workers.sample import prose, prose_scanned

PROSE = Path(__file__).parent / "data" / "english_prose.txt"
_FEW = 4
_WORD = re.compile(r"(?<![\w./-])[A-Za-z][a-z'’]*(?:-[a-z]+)?[,.;:?]?(?![\w/])")
_NO_PROSE = re.compile(r"```.*?```|^[|#<!\[ ].*?$|`[^`]*`|\([^)]*\)", re.M | re.S)


@cache
def followers() -> dict[str, tuple[str, ...]]:
    """The words that follow each word, as often as they do; only words with several of them."""
    # The words of this project's docs at one time, a page a line: tests must not depend on what the
    # docs say today.
    texts = PROSE.read_text().splitlines()
    for module in (prose, prose_scanned):
        texts += [text for text in vars(module).values() if isinstance(text, str)]
    after: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        words = _WORD.findall(_NO_PROSE.sub(" ", text))
        for word, following in pairwise(words):
            after[word].append(following)
    return {word: tuple(some) for word, some in after.items() if len(set(some)) >= _FEW}


def made_words(rng: random.Random, count: int) -> list[str]:
    """`count` words in a row."""
    after = followers()
    starts = list(after)
    words = [rng.choice(starts)]
    while len(words) < count:
        words.append(rng.choice(after.get(words[-1], starts)))
    return words


def in_lines(words: Sequence[str], width: int = 80, rng: random.Random | None = None) -> str:
    """The words in lines; with `rng`, a third of the lines end in a hyphen where a word is long."""
    return "\n".join(_lines(words, width, rng))


def _lines(words: Sequence[str], width: int, rng: random.Random | None) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            if rng and len(word) > 5 and rng.random() < 1 / 3:
                yield f"{line} {word[:3]}-"
                line = word[3:]
                continue
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line
