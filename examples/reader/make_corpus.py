"""Write the texts of the example: lines of a few common words, drawn at random.

python examples/reader/make_corpus.py corpus.jsonl 6000
"""

import json
import random
import sys
from pathlib import Path

WORDS = Path(__file__).with_name("words.txt").read_text().split()


def main(path: Path, count: int) -> None:
    dice = random.Random(0)
    with path.open("w") as file:
        for number in range(count):
            words = dice.choices(WORDS, k=dice.randint(3, 5))
            file.write(json.dumps({"id": number, "text": " ".join(words)}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
