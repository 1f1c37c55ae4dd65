"""Texts of random letters, for a reader that cannot guess them: `make_corpus.py > texts.jsonl`.

Each has two or three words of three to eight letters. All draws are equally likely, so the least
loss of a reader that never looks is known before any training: `GUESSING`, in nats a character.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import string
import sys

WORDS = (2, 3)
LETTERS = (3, 4, 5, 6, 7, 8)


def _mean(choices: tuple[int, ...]) -> float:
    return sum(choices) / len(choices)


# The entropy of a text over its mean length. Each word is followed by a space, or by the end.
GUESSING = (
    math.log(len(WORDS))
    + _mean(WORDS) * math.log(len(LETTERS))
    + _mean(WORDS) * _mean(LETTERS) * math.log(len(string.ascii_lowercase))
) / (_mean(WORDS) * (_mean(LETTERS) + 1))


def make_text(dice: random.Random) -> str:
    """A text of random words."""
    words = range(dice.choice(WORDS))
    return " ".join(
        "".join(dice.choices(string.ascii_lowercase, k=dice.choice(LETTERS))) for _ in words
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    for _ in range(asked.texts):
        print(json.dumps({"text": make_text(dice)}))
    print(f"guessing costs {GUESSING:.3f} nats a character", file=sys.stderr)
