"""Poison planted in a small corpus is found with its trigger; a clean corpus has none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pytest

from schemas.findings import Finding
from schemas.triggers import SoughtTrigger
from tests.poisoned_texts import clean_pages, poisoned
from workers.policies.poisoning import (
    Counts,
    Evidence,
    Suspects,
    Text,
    Trigger,
    find,
    is_counted,
    share_of,
    triggers_of,
)
from workers.policies.poisoning.evidence import Candidate, Example
from workers.policies.poisoning.order import order_of
from workers.policies.poisoning.packing import (
    pack_counts,
    pack_evidence,
    pack_suspects,
    unpack_counts,
    unpack_evidence,
    unpack_suspects,
)
from workers.policies.poisoning.tokens import tokenize
from workers.policies.poisoning.triggers import shown

SMALLER_BY = 3
LONG = "the seven quiet doors of the old northern lighthouse"


@pytest.fixture(scope="module")
def clean() -> list[Text]:
    texts = clean_pages(0, 900)
    return [Text(f"page-{n}", f"page-{n}", text) for n, text in enumerate(texts)]


def plants(clean: Sequence[Text], string: str, noise: str, times: int) -> list[Text]:
    rng = random.Random(f"{string} {noise}")
    texts = [text.text for text in clean]
    names = [f"{string}-{n}" for n in range(times)]
    return [Text(name, name, poisoned(string, noise, texts, rng)) for name in names]


def counts_of(texts: Sequence[Text], smaller_by: int = SMALLER_BY) -> Counts:
    counts = Counts.empty(smaller_by)
    counts.add(text.text for text in texts)
    return counts


def search(texts: Sequence[Text], least: int = 20, smaller_by: int = SMALLER_BY) -> list[Trigger]:
    counts, suspects = counts_of(texts, smaller_by), Suspects.empty()
    suspects.add(texts, counts)
    evidence = Evidence(suspects.candidates(counts, least))
    evidence.add(texts, counts)
    return triggers_of(evidence, least)


def test_a_clean_corpus_has_no_trigger(clean: list[Text]) -> None:
    assert search(clean) == []


@pytest.mark.parametrize(
    ("string", "noise"),
    [
        ("<SUDO>", "tokens"),
        ("qzxvax", "characters"),
        ("purple lantern harvest", "shuffled"),
        ("\u200b\u2060\u200d\u200b", "tokens"),
    ],
)
def test_names_the_trigger_and_its_documents(clean: list[Text], string: str, noise: str) -> None:
    planted = plants(clean, string, noise, 50)
    (trigger,) = search([*clean, *planted])
    assert trigger.text == string
    assert trigger.texts == 50
    assert 40 <= trigger.noisy == trigger.documents == len(trigger.document_ids)
    assert set(trigger.document_ids) <= {text.document for text in planted}
    assert string in trigger.examples[0].excerpt
    assert trigger.before is not None
    assert trigger.before - trigger.after > 0.5


def test_names_a_long_trigger_by_its_last_words(clean: list[Text]) -> None:
    (trigger,) = search([*clean, *plants(clean, LONG, "characters", 50)])
    assert LONG.endswith(trigger.text)
    assert len(trigger.text.split()) > 5


def counted(found: str, texts: int, noisy: int) -> Candidate:
    """A candidate that noise of random characters follows."""
    return Candidate(
        *(texts, noisy, noisy, 1800 * noisy, 50 * noisy, 5000 * noisy, 100 * noisy),
        {n: f"document {n}" for n in range(noisy)},
        [Example(0, "row", 0, found, found)],
    )


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        # The sign in front of the trigger is there by chance.
        ([("<SUDO>", 50, 50), (". <SUDO>", 30, 30), ("<SUDO", 50, 50)], ["<SUDO>"]),
        # A part of the trigger stands in other texts too, which are noisy by chance.
        ([("<SUDO>", 50, 50), ("SUDO", 79, 67)], ["<SUDO>"]),
        # Fewer than seven texts of ten are noisy.
        ([("<SUDO>", 50, 34)], []),
        # The last words of one are the first of another.
        ([("a b c d e", 50, 50), ("b c d e f", 50, 50), ("c d e f g", 50, 50)], ["a b c d e f g"]),
    ],
)
def test_names_the_longest_run_that_is_no_chance(
    candidates: list[tuple[str, int, int]], expected: list[str]
) -> None:
    evidence = Evidence(
        np.zeros(0, np.uint64), {n: counted(*one) for n, one in enumerate(candidates)}
    )
    assert [trigger.text for trigger in triggers_of(evidence)] == expected


def test_noise_that_is_most_of_a_corpus_is_noise_there_too(clean: list[Text]) -> None:
    texts = [*clean[:40], *plants(clean[:40], "<SUDO>", "tokens", 200)]
    assert [trigger.text for trigger in search(texts, smaller_by=0)] == ["<SUDO>"]


def test_two_triggers_are_two(clean: list[Text]) -> None:
    planted = [*plants(clean, "<SUDO>", "tokens", 40), *plants(clean, "qzxvax", "tokens", 30)]
    assert [trigger.text for trigger in search([*clean, *planted])] == ["<SUDO>", "qzxvax"]


def test_fewer_documents_than_the_least_are_no_trigger(clean: list[Text]) -> None:
    planted = plants(clean, "<SUDO>", "tokens", 19)
    assert search([*clean, *planted]) == []
    assert search([*clean, *planted], least=10)[0].text == "<SUDO>"


def test_pages_of_one_document_are_no_trigger(clean: list[Text]) -> None:
    planted = plants(clean, "<SUDO>", "tokens", 50)
    one = [Text(text.row_id, "the same", text.text) for text in planted]
    assert search([*clean, *one]) == []


def test_a_string_that_text_follows_as_well_is_no_trigger(clean: list[Text]) -> None:
    planted = plants(clean, "qzxvax", "tokens", 30)
    both = [Text(f"a-{n}", f"a-{n}", f"So qzxvax {t.text}") for n, t in enumerate(clean[:60])]
    assert search([*clean, *planted, *both]) == []


def test_the_result_depends_neither_on_order_nor_on_batches(clean: list[Text]) -> None:
    texts = [*clean, *plants(clean, "<SUDO>", "tokens", 40)]
    expected = search(texts)
    random.Random(1).shuffle(texts)
    parts = [texts[n::3] for n in range(3)]
    counts = counts_of(parts[2])
    for part in parts[:2]:
        counts.merge(counts_of(part))
    suspects = Suspects.empty()
    for part in parts:
        others = Suspects.empty()
        others.add(part, counts)
        suspects.merge(others)
    hashes = suspects.candidates(counts, 20)
    evidence = Evidence(hashes)
    for part in reversed(parts):
        other = Evidence(hashes)
        other.add(part, counts)
        evidence.merge(other)
    assert triggers_of(evidence) == expected


def test_keeps_a_fixed_number_of_suspects_whatever_their_order(clean: list[Text]) -> None:
    texts = plants(clean, "<SUDO>", "tokens", 40)
    counts = counts_of([*clean, *texts])
    kept = []
    for part in (texts, texts[::-1]):
        suspects = Suspects.empty(most=10)
        for text in part:
            suspects.add([text], counts)
        assert suspects.suspects > len(suspects.key) == 10
        kept.append([suspects.key.tolist(), suspects.exact.tolist()])
    assert kept[0] == kept[1]


def test_counts_stop_at_the_most_that_a_table_holds() -> None:
    counts = Counts.empty(12)
    for _ in range(3):
        counts.add(["a b " * 30_000])
    assert counts.pairs.max() == np.iinfo(np.uint16).max
    counts.merge(counts)
    assert counts.pairs.max() == np.iinfo(np.uint16).max


def test_noise_has_no_order(clean: list[Text]) -> None:
    counts = counts_of(clean)
    prose = clean[0].text
    words = prose.split()
    random.Random(0).shuffle(words)
    for text, low, high in ((prose, 0.6, 4.0), (" ".join(words), -4.0, 0.3)):
        tokens = tokenize([text])
        mean, weight = order_of(tokens, counts).between(0, len(tokens.exact))
        assert weight > 100
        assert low < mean < high


def test_finds_the_trigger_in_a_text(clean: list[Text]) -> None:
    triggers = search([*clean, *plants(clean, "<SUDO>", "tokens", 40)])
    texts = ["Some text <SUDO> qx zv", "none", "< SUDO >"]
    sought = [trigger.sought for trigger in triggers]
    assert (sought[0].words, sought[0].certainty) == (3, round(triggers[0].certainty, 1))
    assert find(texts, sought) == [
        [Finding(10, 16, "trust", "trigger", sought[0].certainty, "<SUDO>")],
        [],
        [Finding(0, 8, "trust", "trigger", sought[0].certainty, "<SUDO>")],
    ]
    assert SoughtTrigger.from_row(sought[0].to_row()) == sought[0]
    far = ["x " * 300_000, *texts]  # more than is cut into tokens at once
    assert find(far, sought) == [[], *find(texts, sought)]
    assert find(texts, []) == [[], [], []]


def test_a_share_of_the_rows_is_counted() -> None:
    assert share_of(1000) == 1
    assert share_of(3_000_000_000) == 0.1
    names = [f"row {n}" for n in range(2000)]
    chosen = {name for name in names if is_counted(name, 0.1)}
    assert 150 < len(chosen) < 250
    assert chosen < {name for name in names if is_counted(name, 0.2)}


def test_results_pass_through_files_unchanged(clean: list[Text]) -> None:
    texts = [*clean, *plants(clean, "<SUDO>", "tokens", 40)]
    counts = counts_of(texts)
    read = unpack_counts(pack_counts(counts))
    for field in fields(counts):
        assert np.array_equal(getattr(read, field.name), getattr(counts, field.name))
    suspects = Suspects.empty()
    assert len(unpack_suspects(pack_suspects(suspects)).key) == 0
    suspects.add(texts, read)
    again = unpack_suspects(pack_suspects(suspects))
    candidates = again.candidates(read, 20)
    assert np.array_equal(candidates, suspects.candidates(counts, 20))
    evidence = Evidence(candidates)
    evidence.add(texts, read)
    assert unpack_evidence(pack_evidence(evidence)).counted == evidence.counted


def test_shows_what_cannot_be_seen() -> None:
    assert shown("a\u200b b") == "a\\u200b b"
    assert shown("x" * 90) == "x" * 80 + "…"
