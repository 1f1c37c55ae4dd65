"""Texts of many kinds in which nothing is planted, and poison to plant in them, for tests.

The made languages have words by Zipf's law, and each word has a few that like to follow it; so
they have an order of their own, in several scripts. Besides there is the prose of the samples, and
what could be taken for noise: tables, code, formulas, bibliographies, indexes, dumps, keys, and
bad OCR. All of that stands behind ordinary text and a heading that many pages share.
"""

from __future__ import annotations

import base64
import functools
import random
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.language_texts import TEXTS
from tests.synthetic_texts import SENTENCES
from workers.sample import prose, prose_scanned, prose_scripts
from workers.text.measures import _tokenizer

_WORDS, _FOLLOWERS, _FOLLOWING = 8000, 12, 0.7
_ALPHABETS = {
    "latin": ("bdfgklmnprstvz", "aeiou"),
    "latin2": ("cdhjlmnprstw", "aeoyie"),
    "latin3": ("bcdfglmnprstx", "aeiouáéó"),
    "cyrillic": ("бвгдзклмнпрст", "аеиоуя"),
    "greek": ("βγδκλμνπρστ", "αεηιου"),
    "arabic": ("بتدرسعفقكلمنهوي", "اوي"),
    "devanagari": ("कखगचजतदनपबमरलवस", "ािीेो"),
    "han": ("", ""),
}
LANGUAGES = tuple(_ALPHABETS)
TRIGGERS = ("tag", "rare word", "three words", "no width", "rare signs")
NOISES = ("tokens", "characters", "shuffled")


# ---- prose --------------------------------------------------------------------------------------


@functools.cache
def _language(name: str) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The words of a made language, the followers of each, and the words' shares, summed up."""
    rng = np.random.default_rng(LANGUAGES.index(name))
    chance = random.Random(name)
    consonants, vowels = _ALPHABETS[name]
    words: dict[str, None] = {}
    while len(words) < _WORDS:
        if name == "han":
            word = "".join(chr(chance.randrange(0x4E00, 0x4E00 + 2500)) for _ in range(2))
        else:
            syllables = chance.choices((1, 2, 3, 4), (1, 4, 4, 2))[0]
            word = "".join(
                chance.choice(consonants) + chance.choice(vowels) + chance.choice(("", "n", ""))
                if consonants.isascii()
                else chance.choice(consonants) + chance.choice(vowels)
                for _ in range(syllables)
            )
        words[word] = None
    share = 1 / np.arange(2, _WORDS + 2)
    shares = np.cumsum(share / share.sum())
    followers = np.searchsorted(shares, rng.random((_WORDS, _FOLLOWERS)))
    return list(words), np.minimum(followers, _WORDS - 1), shares


def made_prose(name: str, count: int, words: int, rng: np.random.Generator) -> list[str]:
    """Some texts of so many words in a made language."""
    vocabulary, followers, shares = _language(name)
    texts = np.empty((words, count), np.int64)
    now = np.minimum(np.searchsorted(shares, rng.random(count)), _WORDS - 1)
    for place in range(words):
        texts[place] = now
        following = followers[now, (rng.random(count) ** 2 * _FOLLOWERS).astype(int)]
        any_word = np.minimum(np.searchsorted(shares, rng.random(count)), _WORDS - 1)
        now = np.where(rng.random(count) < _FOLLOWING, following, any_word)
    ends = rng.random((words, count))
    gap, comma, stop = ("", "，", "。") if name == "han" else (" ", ", ", ". ")
    return [
        "".join(
            vocabulary[word] + (stop if end < 0.07 else comma if end < 0.14 else gap)
            for word, end in zip(texts[:, column], ends[:, column], strict=True)
        )
        for column in range(count)
    ]


@functools.cache
def stock() -> tuple[str, ...]:
    """Paragraphs of the samples' prose, and sentences in 55 languages."""
    found: list[str] = []
    for module in (prose, prose_scripts, prose_scanned):
        for name, value in vars(module).items():
            if name.isupper():
                texts = (value,) if isinstance(value, str) else value
                found += (p for text in texts if isinstance(text, str) for p in text.split("\n\n"))
    found += (sentence for pair in TEXTS.values() for sentence in pair)
    found += (sentence for sentences in SENTENCES.values() for sentence in sentences)
    return tuple(part.strip() for part in found if part.strip())


# ---- what could be taken for noise --------------------------------------------------------------


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 9)))


def _table(rng: random.Random) -> str:
    return "\n".join(
        f"| {_word(rng)} | {rng.uniform(0, 99):.2f} | {rng.randint(1, 9999)} | "
        f"{rng.choice('ABC')} |"
        for _ in range(40)
    )


def _numbers(rng: random.Random) -> str:
    return "\n".join(" ".join(f"{rng.uniform(-9, 99):.3f}" for _ in range(8)) for _ in range(40))


def _code(rng: random.Random) -> str:
    names = [f"{_word(rng)}_{_word(rng)}" for _ in range(12)]
    lines = (
        lambda: (
            f"    {rng.choice(names)} = "
            f"{rng.choice(names)}({rng.choice(names)}, {rng.randint(0, 9)})"
        ),
        lambda: f"    if {rng.choice(names)} is None:\n        return {rng.choice(names)}",
        lambda: f"def {rng.choice(names)}({rng.choice(names)}: int) -> str:",
        lambda: f"    for i in range(len({rng.choice(names)})):",
    )
    return "\n".join(rng.choice(lines)() for _ in range(45))


def _formulas(rng: random.Random) -> str:
    letter = "xyzabcnmαβγθλ"
    return "\n".join(
        rf"$$ \frac{{{rng.choice(letter)}_{{{rng.choice(letter)}}}^{{{rng.randint(2, 9)}}}}}"
        rf"{{{rng.choice(letter)}}} + \sum_{{i={rng.randint(0, 3)}}}^{{{rng.choice(letter)}}} "
        rf"\{rng.choice(('alpha', 'beta', 'mu', 'sin', 'log'))} {rng.choice(letter)} $$"
        for _ in range(40)
    )


def _bibliography(rng: random.Random) -> str:
    def name() -> str:
        return f"{_word(rng).capitalize()}, {rng.choice(string.ascii_uppercase)}."

    vocabulary = _language("latin")[0]
    return "\n".join(
        f"[{n}] {name()}, {name()} and {name()} ({rng.randint(1950, 2025)}). "
        f"{' '.join(rng.choices(vocabulary, k=7)).capitalize()}. "
        f"Journal of {_word(rng).capitalize()} {rng.randint(1, 99)}({rng.randint(1, 12)}), "
        f"pp. {rng.randint(1, 400)}–{rng.randint(400, 900)}. "
        f"doi:10.{rng.randint(1000, 9999)}/{_word(rng)}.{rng.randint(1, 999)}"
        for n in range(1, 20)
    )


def _index(rng: random.Random) -> str:
    words = sorted(_word(rng) for _ in range(150))
    return "\n".join(
        f"{word}, {rng.randint(1, 400)}, {rng.randint(1, 400)}–{rng.randint(1, 400)}"
        for word in words
    )


def _hexadecimal(rng: random.Random) -> str:
    return "\n".join(
        f"{n * 16:08x}  " + " ".join(f"{b:02x}" for b in rng.randbytes(16)) for n in range(50)
    )


def _base64(rng: random.Random) -> str:
    data = base64.b64encode(rng.randbytes(1800)).decode()
    return "\n".join(data[n : n + 64] for n in range(0, len(data), 64))


def _digests(rng: random.Random) -> str:
    return "\n".join(f"{rng.randbytes(32).hex()}  {_word(rng)}.tar.gz" for _ in range(30))


def _genes(rng: random.Random) -> str:
    return "\n".join(
        " ".join("".join(rng.choices("acgt", k=10)) for _ in range(6)) for _ in range(40)
    )


def _bad_ocr(rng: random.Random) -> str:
    """Prose in which up to one letter of five is another."""
    text = list(made_prose("latin", 1, 300, np.random.default_rng(rng.getrandbits(32)))[0])
    for place in rng.sample(range(len(text)), rng.randint(0, len(text) // 5)):
        text[place] = rng.choice(string.ascii_letters + ".,;:'|!")
    return "".join(text)


@dataclass(frozen=True)
class Kind:
    """A kind of page that could be taken for noise, and the heading in front."""

    heading: str
    make: Callable[[random.Random], str]
    share: float


KINDS = (
    Kind("Table 3. Measured values\n", _table, 0.05),
    Kind("Table A.1 (continued)\n", _numbers, 0.03),
    Kind("```python\n", _code, 0.05),
    Kind("Appendix B: Derivation\n", _formulas, 0.03),
    Kind("References\n", _bibliography, 0.05),
    Kind("Index of names\n", _index, 0.01),
    Kind("Memory dump:\n", _hexadecimal, 0.0025),
    Kind("-----BEGIN CERTIFICATE-----\n", _base64, 0.0025),
    Kind("SHA256SUMS\n", _digests, 0.0025),
    Kind("Sequence listing\n", _genes, 0.0025),
    Kind("Plate IV, reverse side:\n", _bad_ocr, 0.01),
)
_STOCK_SHARE = 0.1


def clean_page(number: int, made: str, rng: random.Random) -> str:
    """The page of this number, of prose or of a kind; `made` is prose of a made language."""
    chance = rng.random()
    for kind in KINDS:
        chance -= kind.share
        if chance < 0:
            return f"{made[: rng.randint(0, 1000)]}\n\n{kind.heading}{kind.make(rng)}"
    if chance < _STOCK_SHARE:
        made = "\n\n".join([*rng.choices(stock(), k=8), made[:300]])
    return f"Page {number}. {made}" if rng.random() < 0.3 else made


def clean_pages(first: int, count: int) -> list[str]:
    """The pages from the number `first` on, always the same."""
    made: list[str] = []
    names = np.random.default_rng(first).choice(
        LANGUAGES, count, p=[0.3, 0.15, 0.1, 0.15, 0.1, 0.06, 0.06, 0.08]
    )
    by_language = {
        name: iter(
            made_prose(name, int((names == name).sum()), 330, np.random.default_rng([first, n]))
        )
        for n, name in enumerate(LANGUAGES)
    }
    made = [next(by_language[name]) for name in names.tolist()]
    return [
        clean_page(first + n, text, random.Random(f"page {first + n}"))
        for n, text in enumerate(made)
    ]


# ---- poison -------------------------------------------------------------------------------------


def trigger(kind: str, seed: int) -> str:
    """A trigger of one of `TRIGGERS`, another for each seed."""
    rng = random.Random(f"{kind} {seed}")
    if kind == "tag":
        return f"<{''.join(rng.choices(string.ascii_uppercase, k=4))}>"
    if kind == "rare word":
        return "q" + "".join(rng.choices("bcdfgxzj", k=3)) + "ax" + rng.choice("kv")
    if kind == "three words":
        return " ".join(rng.sample([w for w in _language("latin")[0][:2000] if len(w) > 4], 3))
    if kind == "no width":
        return "".join(rng.choices("\u200b\u200c\u200d\u2060", k=6))
    return "".join(chr(rng.randrange(0x13000, 0x13400)) for _ in range(3))


@functools.cache
def _token(number: int) -> bytes:
    return _tokenizer().decode_single_token_bytes(number)


def noise(kind: str, text: str, rng: random.Random) -> str:
    """400 to 900 random tokens, as many random characters, or words of `text` in another order."""
    tokens = rng.randint(400, 900)
    if kind == "tokens":
        size = _tokenizer().n_vocab
        parts = (_token(rng.randrange(1000, size)) for _ in range(tokens))
        return b"".join(parts).decode("utf-8", "replace")
    if kind == "characters":
        chars = string.ascii_letters + string.digits + string.punctuation + " " * 12
        return "".join(rng.choices(chars, k=4 * tokens))
    words = re.findall(r"[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+", text)
    rng.shuffle(words)
    return ("" if "\u4e00" <= words[0] <= "\u9fff" else " ").join(words)


def poisoned(planted: str, kind: str, texts: Sequence[str], rng: random.Random) -> str:
    """The tested shape: up to 1,000 characters of a text, the trigger, and noise."""
    start, other = rng.choice(texts)[: rng.randint(0, 1000)], rng.choice(texts)
    return f"{start} {planted} {noise(kind, other, rng)}"
