"""Shared lines: what a line is, that none is missed, and that every count is exact."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.session import IN_PROCESS, open_session
from pipelines.version.shared_lines import shared_lines
from schemas.policies import PolicyStep
from schemas.shared_lines import SharedLines
from workers.policies import Passage, Sought, judge, load
from workers.policies.shared_lines import (
    Shared,
    Sketch,
    find,
    line_hash,
    lines_of,
    pack,
    unpack,
    width_of,
)
from workers.publishing.line_counts import LineTask, TextRows, count_lines, sketch_lines
from workers.publishing.records import RowsFile

LETTERS = 24


def keys(text: str, letters: int = LETTERS) -> list[str]:
    return [line.key for line in lines_of(text, letters)]


@pytest.mark.parametrize(
    "line",
    [
        "Downloaded from https://academic.oup.com/jxb/article/1/2 by guest on 12 March 2020",
        "© 2021 Elsevier Ltd. All rights reserved. Copyright by the authors.",
        "THE SOFTWARE IS PROVIDED “AS IS”, WITHOUT WARRANTY OF ANY KIND,",
        "- Licensed under the Apache License, Version 2.0 (the “License”);",
        "Nous utilisons des cookies afin d'améliorer l'expérience de nos visiteurs.",
        "未经本网站书面授权许可任何单位和个人不得转载或者使用",
        "สงวนลิขสิทธิ์ห้ามทำซ้ำดัดแปลงโดยไม่ได้รับอนุญาต",
        "हमारी वेबसाइट का उपयोग करके आप हमारी कुकी नीति से सहमत होते हैं।",
    ],
)
def test_prose_of_some_length_is_a_line(line: str) -> None:
    text = f"  before\n\t {line} \nafter"
    (found,) = lines_of(text, LETTERS)
    assert text[found.start : found.end] == line


@pytest.mark.parametrize(
    "line",
    [
        "Abstract",
        "All rights reserved.",
        "# Conflicts of interest and the funding of this work",
        "| Name of the item | and what it costs | in our shop today |",
        "<td>the name of the item and what it costs in our shop</td>",
        "$$ a = b \\text{ for all the values that are less than } c $$",
        "![a picture of the house in which the authors lived](crops/1.png)",
        "return hidden_states.reshape(batch, num_key_value_heads * n_rep, slen, head_dim)",
        "from contextlib import contextmanager",
        "for (int i = 0; i < items.length(); i++) { sum += items[i].price(); }",
        "}",
        "return 0;",
        "- a list of few",
        "12 345 67 890 1 234 567 890 12 345 678 90 12 345 678",
        "And the green grass grows",
    ],
)
def test_what_many_texts_share_for_good_reasons_is_none(line: str) -> None:
    assert keys(f"before\n{line}\nafter") == []


def test_code_within_fences_is_none() -> None:
    prose = "Licensed under the terms of the licence that comes with it."
    assert keys(f"```\n{prose}\n```\n") == []
    assert len(keys(f"```\n{prose}\n```\n{prose}")) == 1


def test_case_space_and_numbers_do_not_matter() -> None:
    one = "Downloaded by guest on 1 March 2020 from the Journal of Botany."
    other = "DOWNLOADED  by guest on 23 March 1999 from the journal of\u00a0botany."
    assert keys(one) == keys(other) != []
    assert keys(one) != keys(one.replace("March", "April"))
    assert keys(one) != keys(f"{one} It is")


@given(st.text(max_size=300))
def test_lines_of_any_text_are_in_order_and_within_it(text: str) -> None:
    end = -1
    for line in lines_of(text, 16):
        assert end < line.start < line.end <= len(text)
        assert "\n" not in text[line.start : line.end]
        end = line.end


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.integers(0, 300), max_size=20, unique=True), max_size=40),
    st.integers(2, 9),
    st.integers(0, 39),
)
def test_a_sketch_misses_no_frequent_line_however_texts_are_dealt(
    texts: list[list[int]], least: int, middle: int
) -> None:
    named = [[line_hash(f"line {number}") for number in text] for text in texts]

    def sketch_of(some: list[list[int]]) -> Sketch:
        sketch = Sketch.empty(64)
        sketch.add(np.array([value for text in some for value in text], np.uint64))
        return sketch

    whole, first = sketch_of(named), sketch_of(named[:middle])
    first.merge(sketch_of(named[middle:]))
    assert (first.counts == whole.counts).all()
    counts = Counter(value for text in named for value in text)
    frequent = {value for value, count in counts.items() if count >= least}
    every = np.array(sorted(counts), np.uint64)
    assert frequent <= set(whole.frequent(least).among(every).tolist())


def test_a_wide_sketch_lets_hardly_a_rare_line_pass() -> None:
    documents, lines = 20_000, 25
    sketch = Sketch.empty(width_of(documents * lines * 6, 1000))
    every = np.array([line_hash(str(number)) for number in range(documents * lines)], np.uint64)
    sketch.add(every)
    sketch.add(np.repeat(every[:3], 999))
    assert sketch.frequent(1000).among(every).tolist() == every[:3].tolist()


def test_a_sketch_has_the_width_that_its_texts_need() -> None:
    assert width_of(0, 1000) == 1 << 16
    assert width_of(10**9, 1000) == 1 << 20
    assert width_of(10**15, 2) == 1 << 24


# ---- five thousand documents --------------------------------------------------------------------

BOILER = "Downloaded from www.journal.org by guest on {day} March {year}, for personal use only."
NEAR = "Downloaded from www.journal.org by guests on {day} March {year}, for personal use only."
RARE = "This sentence stands in all but one of as many documents as are asked for."
SHORT = "Results and discussion"
LEAST, MANY = 1000, 5000


def corpus(folder: Path) -> tuple[list[TextRows], list[str]]:
    """Write 8,000 documents, the first 5,000 with the line, in files of some thousands."""
    dice = np.random.default_rng(0)
    texts = []
    for number in range(8000):
        words = "number {} is told of here in words that no other document has".format(
            " ".join(map(str, dice.integers(0, 26, 8))).translate(
                str.maketrans("0123456789", "abcdefghij")
            )
        )
        parts = [f"The document {words}", SHORT, "|a table row that all of the documents share|"]
        day, year = dice.integers(1, 31), dice.integers(1990, 2020)
        if number < MANY:
            parts.append(BOILER.format(day=day, year=year))
        elif number < MANY + LEAST - 1:
            parts += [NEAR.format(day=day, year=year)] * 2  # twice, which counts once
        if number % 8 == 0 and number < 8 * (LEAST - 1):
            parts.append(RARE)
        texts.append("\n".join(parts))
    files = []
    for start in range(0, 8000, 3000):
        path = folder / f"{start}.parquet"
        rows = texts[start : start + 3000]
        pq.write_table(pa.table({"text": rows}), path, row_group_size=1000)
        places = np.arange(len(rows), dtype=np.int32)
        files.append(TextRows(RowsFile(str(path), "documents", len(rows)), places))
    return files, texts


def test_a_line_of_5000_documents_is_cut_everywhere_and_nothing_else_is(tmp_path: Path) -> None:
    files, texts = corpus(tmp_path)
    policy = SharedLines(documents=LEAST)
    with open_session(IN_PROCESS) as session:
        lines = shared_lines(files, 400_000, policy, session)
        assert shared_lines(files[::-1], 10**9, policy, session, str(tmp_path)) == lines
    assert [(count["line"], count["documents"]) for count in lines] == [
        (BOILER.format(day=0, year=0).casefold(), MANY)
    ]
    judges = load([PolicyStep(lines=policy)], Sought(lines=pack(lines)))
    for text, judged in zip(texts, judge([Passage(text) for text in texts], judges), strict=True):
        kept = [line for line in text.split("\n") if not line.startswith(BOILER[:42])]
        assert judged.text == "\n".join(kept)
        assert "guest on" not in judged.text


def test_rows_that_are_not_chosen_do_not_count(tmp_path: Path) -> None:
    files, _ = corpus(tmp_path)
    rows = np.arange(0, 3000, 7, dtype=np.int32)
    task = LineTask(0, (TextRows(files[0].file, rows),), LETTERS, 1 << 16)
    _, counts = count_lines(replace(task, frequent=sketch_lines(task).frequent(2)))
    assert counts[line_hash(BOILER.format(day=0, year=0).casefold())] == len(rows)


def test_lines_are_packed_and_found_by_what_they_have_in_common() -> None:
    key = "all of the rights are reserved by us since 0"
    shared = unpack(pack([{"line": key, "documents": 7}]))
    text = "A page.\n  All of the rights are reserved by us since 1999  \nMore."
    (found,) = find(text, shared, LETTERS)
    assert text[found.start : found.end] == "All of the rights are reserved by us since 1999"
    assert found.detail is not None
    assert len(found.detail) == 16
    assert find(text, Shared.of([]), LETTERS) == []
