"""The index of benchmarks: their letters, how rare each is, and where their seeds are. Pure.

An item's texts become parts: one a column, and a column of over `MAX_PART_LETTERS` letters is cut
into equal parts. The letters of all parts are one stream. All of it is NumPy arrays and lists of
names, so an index is pickled without a copy, and tasks on a node can share its memory.

    index = build_index(items, [Benchmark(name="gsm8k", file=("gsm8k.jsonl",))])
    index.digest                               # changes with every item and every setting
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.decontaminate import Benchmark, ItemCounts
from schemas.ids import canonical_json, digest
from workers.policies.decontamination.alignment import AVERAGE_WEIGHT
from workers.policies.decontamination.items import Item
from workers.policies.decontamination.letters import (
    SECOND_LETTER,
    Codes,
    Places,
    letters_of,
    places_of,
)
from workers.policies.decontamination.seeds import SEED_LETTERS, Seeds, SeedTable, seeds_of

VERSION = 2
"""Raise it whenever the same items and settings find something else."""

MAX_PART_LETTERS = 2048
"""Comparing a part with a text takes time and memory by the product of their lengths."""

_LEAST_KINDS = 4
"""How many different letters a seed has. Zeros in a row are in every table, and tell nothing."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The texts of items that are looked for; part `p` has letters `starts[p]:starts[p + 1]`.

    `items`: the item of each part, int64 (parts,), ascending.
    """

    starts: Places
    items: Places

    def of_item(self, item: int) -> range:
        """The parts of an item."""
        first, stop = np.searchsorted(self.items, [item, item + 1])
        return range(int(first), int(stop))

    def span(self, part: int) -> slice:
        """The letters of a part."""
        return slice(int(self.starts[part]), int(self.starts[part + 1]))


@dataclass(frozen=True, slots=True)
class Index:
    """Benchmarks made ready to be looked for.

    - `codes`: the letters of all parts, one after the other: (letters,), as small as they allow.
    - `weights`: how rare the word of each letter is, uint8 (letters,), `AVERAGE_WEIGHT` on average.
    - `ids` and `benchmark_of` (a number in `benchmarks`) have an entry for each item.
    - `digest`: of all items and settings, 64 hex characters.
    """

    benchmarks: tuple[Benchmark, ...]
    ids: tuple[str, ...]
    benchmark_of: Places
    parts: Parts
    codes: Codes
    weights: npt.NDArray[np.uint8]
    table: SeedTable
    digest: str

    def benchmark(self, item: int) -> Benchmark:
        """The benchmark of an item."""
        return self.benchmarks[int(self.benchmark_of[item])]


def build_index(items: Iterable[Item], benchmarks: Sequence[Benchmark]) -> Index:
    """The index of all items that have texts; their order makes no difference.

    Raises KeyError for an item of a benchmark that is not named.
    """
    ordered, benchmark_of = _ordered(items, benchmarks)
    texts = [text for item in ordered for _, text in item.fields]
    streams = letters_of(texts)
    parts = _parts(streams.starts, _owners(ordered))
    weights = _weights(texts, streams.codes, parts)
    table = SeedTable.of(_own_seeds(streams.codes, parts))
    return Index(
        tuple(benchmarks),
        tuple(item.item_id for item in ordered),
        benchmark_of,
        parts,
        streams.codes.astype(np.min_scalar_type(streams.codes.max(initial=0))),
        weights,
        table,
        _digest(ordered, benchmarks),
    )


def count_items(items: Iterable[Item], benchmarks: Sequence[Benchmark]) -> dict[str, ItemCounts]:
    """For each benchmark how many items an index has, and how many of them are too short."""
    ordered, benchmark_of = _ordered(items, benchmarks)
    starts = letters_of([text for item in ordered for _, text in item.fields]).starts
    short = _too_short(_parts(starts, _owners(ordered)), benchmark_of, benchmarks)
    total = np.bincount(benchmark_of, minlength=len(benchmarks)).tolist()
    return {
        benchmark.name: {"items": items_of, "too_short": short_of}
        for benchmark, items_of, short_of in zip(benchmarks, total, short, strict=True)
    }


def _ordered(items: Iterable[Item], benchmarks: Sequence[Benchmark]) -> tuple[list[Item], Places]:
    """The items that have texts, each once, and the number of each one's benchmark."""
    number_of = {benchmark.name: number for number, benchmark in enumerate(benchmarks)}
    ordered = sorted(
        {item for item in items if any(text for _, text in item.fields)},
        key=lambda item: (number_of[item.benchmark], item.item_id, item.fields),
    )
    return ordered, np.array([number_of[item.benchmark] for item in ordered], np.int64)


def _owners(items: Sequence[Item]) -> Places:
    """The item of each text."""
    return np.array([number for number, item in enumerate(items) for _ in item.fields], np.int64)


def _parts(starts: Places, owners: Places) -> Parts:
    """Each text is a part, and a long text several of equal length."""
    sizes = np.diff(starts)
    counts = np.maximum(1, -(-sizes // MAX_PART_LETTERS))
    ends = np.cumsum(counts)
    number = np.arange(counts.sum()) - np.repeat(ends - counts, counts)
    # begins: the first letter of each part; part j of k begins after j/k of the text's letters
    size, count = np.repeat(sizes, counts), np.repeat(counts, counts)
    begins = np.repeat(starts[:-1], counts) + number * size // count
    return Parts(np.append(begins, starts[-1]).astype(np.int64), np.repeat(owners, counts))


def _own_seeds(codes: Codes, parts: Parts) -> Seeds:
    """The seeds that do not reach from one part into the next, and that say something."""
    seeds = seeds_of(codes)
    of_part = np.searchsorted(parts.starts, seeds.places, "right") - 1
    places = seeds.places[seeds.places + SEED_LETTERS <= parts.starts[of_part + 1]]
    if len(places) == 0:
        return Seeds(places, np.zeros(0, np.uint64))
    # runs: (seeds, SEED_LETTERS), the letters of each seed in their order
    runs = np.sort(np.lib.stride_tricks.sliding_window_view(codes, SEED_LETTERS)[places], axis=1)
    places = places[(np.diff(runs, axis=1) != 0).sum(axis=1) >= _LEAST_KINDS - 1]
    return Seeds(places, seeds.hashes[np.searchsorted(seeds.places, places)])


def _weights(texts: Sequence[str], codes: Codes, parts: Parts) -> npt.NDArray[np.uint8]:
    """How rare the word of each letter is among the items: log(1 + items / items with the word).

    That is the inverse document frequency, smoothed so that it is positive where all items have a
    word, and scaled so that the mean over all letters is `AVERAGE_WEIGHT`.
    """
    if len(codes) == 0:
        return np.zeros(0, np.uint8)
    firsts = _word_starts(texts, codes)
    sizes = np.diff(np.append(firsts, len(codes)))
    # words: uint64 (words,), a hash of each word's letters and their places in it
    within = np.arange(len(codes)) - np.repeat(firsts, sizes)
    mixed = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
    mixed ^= mixed >> np.uint64(32)
    mixed *= (2 * within + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    words = np.add.reduceat(mixed, firsts)
    items = parts.items[np.searchsorted(parts.starts, firsts, "right") - 1]
    _, word = np.unique(words, return_inverse=True)
    pairs = np.unique(word.astype(np.int64) * (items.max() + 1) + items)
    having = np.bincount(pairs // (items.max() + 1))
    rarity = np.log1p(len(np.unique(parts.items)) / having)[word]
    weights = np.repeat(rarity, sizes)
    weights *= AVERAGE_WEIGHT / weights.mean()
    whole: npt.NDArray[np.uint8] = np.clip(np.rint(weights), 1, 255).astype(np.uint8)
    return whole


def _word_starts(texts: Sequence[str], codes: Codes) -> Places:
    """The letter that each word begins with. Han and kana characters are words of two letters."""
    gaps = [np.diff(places_of(text), prepend=-2) > 1 for text in texts]
    is_second = codes >= SECOND_LETTER
    is_first = np.append(is_second[1:], False)
    after = np.append(False, is_second[:-1])
    is_start = np.concatenate(gaps) | is_first | (after & ~is_second)
    return np.flatnonzero(is_start & ~is_second)


def _too_short(
    parts: Parts, benchmark_of: Places, benchmarks: Sequence[Benchmark]
) -> tuple[int, ...]:
    least = np.array([benchmark.min_letters for benchmark in benchmarks], np.int64)
    is_long = np.diff(parts.starts) >= least[benchmark_of[parts.items]]
    has_long = np.zeros(len(benchmark_of), bool)
    has_long[parts.items[is_long]] = True
    return tuple(np.bincount(benchmark_of[~has_long], minlength=len(benchmarks)).tolist())


def _digest(items: Sequence[Item], benchmarks: Sequence[Benchmark]) -> str:
    settings = [
        canonical_json(benchmark.model_dump(mode="json", exclude={"file", "id_column"}))
        for benchmark in benchmarks
    ]
    fields = (
        part
        for item in items
        for part in (item.benchmark, item.item_id, *(word for pair in item.fields for word in pair))
    )
    return digest(
        [str(VERSION), *settings, *(part.encode("utf-8", "surrogatepass") for part in fields)]
    )
