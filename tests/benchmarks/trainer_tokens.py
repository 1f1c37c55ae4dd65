"""What a second tokenizer costs a page, beside the fixed one.

    python -m tests.benchmarks.trainer_tokens [--pages 2000] [--file tokenizer.json]

Pages of some 2,000 characters of made English prose, counted by one process: with tekken as
`text_tokens` are, with the same vocabulary as a `tokenizer.json`, and with a `--file` of yours.
Each count is compared with that of a bare loop over `tokenizers`. Prints CPU microseconds a page.
"""

from __future__ import annotations

import argparse
import importlib.resources
import random
import time
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer
from transformers.integrations.mistral import convert_tekken_tokenizer

from tests.made_prose import made_words
from workers.text.measures import TOKENIZER, count_tokens
from workers.text.trainer_tokens import Count, load_counter


def tekken_as_json() -> str:
    """The fixed tokenizer's vocabulary as a `tokenizer.json`."""
    path = importlib.resources.files("mistral_common") / "data" / f"{TOKENIZER}.json"
    tokens: Tokenizer = convert_tekken_tokenizer(str(path)).backend_tokenizer
    return tokens.to_str()


def cpu_us(count: Count, texts: Sequence[str]) -> tuple[float, list[int]]:
    """CPU microseconds a text, and the counts."""
    began = time.process_time()
    counts = count(texts)
    return (time.process_time() - began) / len(texts) * 1e6, counts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    texts = [" ".join(made_words(random.Random(n), 360)) for n in range(options.pages)]
    print(f"{len(texts):,} pages of {sum(map(len, texts)) / len(texts):,.0f} characters")
    count_tokens("")  # loads the vocabulary
    us, fixed = cpu_us(lambda some: [count_tokens(text) for text in some], texts)
    print(f"{'text_tokens (tekken by tiktoken)':42} {us:8,.0f} us  {sum(fixed):,} tokens")
    files = {"the same as tokenizer.json": tekken_as_json()}
    if options.file:
        files[options.file.name] = options.file.read_text()
    for name, written in files.items():
        began = time.process_time()
        count = load_counter(written.encode(), name)
        load_s = time.process_time() - began
        us, counts = cpu_us(count, texts)
        bare = Tokenizer.from_str(written)
        same = [len(bare.encode(text, add_special_tokens=False).ids) for text in texts] == counts
        print(
            f"{name:42} {us:8,.0f} us  {sum(counts):,} tokens, loaded in {load_s:.1f} s, "
            f"{'equal to' if same else 'DIFFERS from'} a bare loop"
        )


if __name__ == "__main__":
    main()
