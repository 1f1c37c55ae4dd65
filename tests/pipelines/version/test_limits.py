"""The most documents of a source, and of near duplicates in it."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.version.limits import ALONE, SourceCounts, counts_by_source, left_out_by_limits
from schemas.ids import order_key
from schemas.limits import Limits

CORPORA = st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 4)), max_size=40)
MOST = st.none() | st.integers(1, 6)


def arrays(corpus: list[tuple[int, int]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    source = np.array([number for number, _ in corpus], np.int64)
    family = np.array([number for _, number in corpus], np.int64)
    return [f"document {n}" for n in range(len(corpus))], source, family


def taken(corpus: list[tuple[int, int]], limits: Limits, seed: int = 7) -> list[int]:
    ids, source, family = arrays(corpus)
    return np.flatnonzero(~left_out_by_limits(ids, source, family, limits, seed)).tolist()


def taken_one_by_one(corpus: list[tuple[int, int]], limits: Limits, seed: int = 7) -> list[int]:
    """The same by counting, one document after the other."""
    of_family: Counter[tuple[int, int]] = Counter()
    of_source: Counter[int] = Counter()
    result = []
    for n in sorted(range(len(corpus)), key=lambda n: order_key(seed, f"document {n}")):
        source, family = corpus[n]
        if family != ALONE and limits.per_family and of_family[source, family] == limits.per_family:
            continue
        of_family[source, family] += 1
        if limits.per_source and of_source[source] == limits.per_source:
            continue
        of_source[source] += 1
        result.append(n)
    return sorted(result)


@given(CORPORA, MOST, MOST)
def test_takes_the_first_in_the_seeded_order(
    corpus: list[tuple[int, int]], per_source: int | None, per_family: int | None
) -> None:
    limits = Limits(per_source=per_source, per_family=per_family)
    assert taken(corpus, limits) == taken_one_by_one(corpus, limits)


@given(CORPORA, MOST, MOST)
def test_the_choice_in_a_source_does_not_depend_on_the_others(
    corpus: list[tuple[int, int]], per_source: int | None, per_family: int | None
) -> None:
    limits = Limits(per_source=per_source, per_family=per_family)
    ids, source, family = arrays(corpus)
    left_out = left_out_by_limits(ids, source, family, limits, 7)
    own = np.flatnonzero(source == 0)
    alone = left_out_by_limits([ids[n] for n in own], source[own], family[own], limits, 7)
    assert left_out[own].tolist() == alone.tolist()


def test_another_seed_takes_others() -> None:
    corpus = [(0, ALONE)] * 50
    assert taken(corpus, Limits(per_source=10), 1) != taken(corpus, Limits(per_source=10), 2)


def test_counts_documents_and_families_of_each_source() -> None:
    _, source, family = arrays([(0, 1), (0, 1), (0, 2), (0, ALONE), (2, ALONE)])
    assert counts_by_source(source, family) == {
        0: SourceCounts(documents=4, families=2, largest_family=2),
        2: SourceCounts(documents=1, families=0, largest_family=0),
    }
