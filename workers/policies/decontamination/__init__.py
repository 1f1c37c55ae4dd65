"""Decontamination: items of benchmarks, found in texts and pictures of pages.

Owns reading benchmarks, the index of their items, and looking for them. Does not: decide what
becomes of a page (`action` of a recipe's `decontaminate`), or know how a version is published.

    items = list(read_benchmark(benchmark, rasterizer))
    index = build_index(items, [benchmark])        # made once, sent to all tasks
    find(index, texts)                             # for each text its findings, by characters
    pictures = build_pictures(items, [benchmark])
    find_pictures(pictures, hashes, load)          # for each row its findings

What a page break parts is found in the text of the document, and brought to its pages by `pieces`.
Both indices have a `digest`: where it is that of an earlier run, the same texts have the same
findings.

Start reading in `search`; `letters` says what is compared, `seeds` and `candidates` how little of
it is, and `judging` what is enough.
"""

from workers.policies.decontamination.index import VERSION, Index, build_index, count_items
from workers.policies.decontamination.items import Item
from workers.policies.decontamination.pictures import (
    PictureIndex,
    build_pictures,
    find_pictures,
)
from workers.policies.decontamination.pieces import Piece, pieces_of, with_pieces
from workers.policies.decontamination.reading import SUFFIXES as BENCHMARK_SUFFIXES
from workers.policies.decontamination.reading import read_benchmark
from workers.policies.decontamination.search import POLICY, find

__all__ = [
    "BENCHMARK_SUFFIXES",
    "POLICY",
    "VERSION",
    "Index",
    "Item",
    "PictureIndex",
    "Piece",
    "build_index",
    "build_pictures",
    "count_items",
    "find",
    "find_pictures",
    "pieces_of",
    "read_benchmark",
    "with_pieces",
]
