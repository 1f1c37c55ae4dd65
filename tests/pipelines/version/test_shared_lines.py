"""Lines that documents share: cut everywhere and nowhere else, whatever comes and goes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cluster.session import IN_PROCESS, open_session
from pipelines.dataset.overview import inspect_dataset
from pipelines.dataset.state import load_snapshot
from pipelines.planning.foresight import foresight
from pipelines.run import Report
from pipelines.takedown import Options, forget, wanted_of
from schemas.recipe import Recipe, parse_recipe
from tests.many import few
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, part_names, rows, run_here, run_verified
from tests.pipelines.first_runs import FirstRuns

LINE = "Downloaded by a guest on {day} March {year} for personal use only."
NEAR = "Downloaded by a guest on {day} April {year} for personal use only."
TAG = "{documents: 3, action: tag}"
CUT = "{documents: 3}"
MANY = "{documents: 5}"


def write(folder: Path, name: str, *texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(pdf(list(texts)))
    return path


def page(seed: int, line: str = LINE) -> str:
    """A page with the line between two paragraphs, each time with another date."""
    dated = line.format(day=seed % 28 + 1, year=1990 + seed % 30)
    return f"{prose(seed, 40)}.\n\n{dated}\n\n{prose(seed + 1000, 40)}."


def write_corpus(folder: Path, documents: int = 3) -> Path:
    """Documents with the line, and two with nearly the same, in one of them three times."""
    for number in range(documents):
        write(folder, f"{number}.pdf", page(number), prose(number + 500))
    write(folder, "near.pdf", page(50, NEAR), page(51, NEAR), page(52, NEAR))
    write(folder, "other.pdf", page(60, NEAR))
    return folder


@pytest.fixture(scope="module")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    return FirstRuns(tmp_path_factory.mktemp("lines"), write_corpus, run)


def recipe_of(dataset: Path, source: Path, lines: str, extra: str = "") -> Recipe:
    policies = f"policies: [{{lines: {lines}}}{extra}]\n" if lines else ""
    return parse_recipe(
        f"dataset: {dataset}\nsources: {source}\nrouting: only\non_missing: remove\n"
        f"max_removed: 1\nraster: {{longest_edge_px: 256}}\n{policies}"
    )


def run(dataset: Path, source: Path, lines: str, extra: str = "") -> Report:
    return run_verified(recipe_of(dataset, source, lines, extra))


def test_a_line_of_enough_documents_is_cut_and_nothing_else(
    first: FirstRuns, tmp_path: Path
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", "")
    before = {row["page_id"]: row for row in rows(dataset, "pages")}
    assert run(dataset, source, CUT).pages_read == 0
    cut = [row for row in rows(dataset, "pages") if row["findings"]]
    assert len(cut) == 3
    for row in cut:
        (finding,) = row["findings"]
        assert (finding["policy"], finding["kind"]) == ("lines", "shared_line")
        old = before[row["page_id"]]
        parts = old["text"].split("\n\n")
        assert parts[1].startswith("Downloaded by a guest on ")
        assert row["text"] == f"{parts[0]}\n\n{parts[2]}"
        assert [b["text"] for b in row["blocks"]] == [parts[0], "", parts[2]]
        assert row["image"]["bytes"] != old["image"]["bytes"]
    whole = json.dumps(all_rows(dataset), default=repr)
    assert "March" not in whole
    assert whole.count("for personal use only") == 3 * 4  # text and block, of pages and documents
    others = {row["page_id"]: row for row in rows(dataset, "pages") if not row["findings"]}
    assert others == {name: row for name, row in before.items() if name in others}
    snapshot = load_snapshot(str(dataset))
    assert snapshot is not None
    line = LINE.format(day=0, year=0).casefold()
    assert snapshot.metadata["lines"] == [{"line": line, "documents": 3}]
    assert inspect_dataset(str(dataset)).lines == snapshot.metadata["lines"]
    again = run(dataset, source, CUT)
    assert not again.committed


def test_any_series_of_corpora_and_policies_ends_as_a_first_run(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    source, dataset = tmp_path / "src", tmp_path / "data"
    for number in range(few(4, of=40)):
        shutil.rmtree(source, ignore_errors=True)
        write_corpus(source, int(dice.integers(1, 6)))
        lines = str(dice.choice(["", TAG, CUT, CUT, MANY]))
        extra = str(dice.choice(["", ", {trust: {}}"]))
        run(dataset, source, lines, extra)
        if number == 0:
            continue  # that was a first run
        run(tmp_path / f"fresh-{number}", source, lines, extra)
        assert all_rows(dataset) == all_rows(tmp_path / f"fresh-{number}")


def test_a_refresh_that_makes_a_line_frequent_cuts_it_from_old_rows_too(tmp_path: Path) -> None:
    source, dataset = write_corpus(tmp_path / "src", 2), tmp_path / "data"
    run(dataset, source, CUT)
    assert not any(row["findings"] for row in rows(dataset, "pages"))
    write(source, "2.pdf", page(2), prose(502))
    report = run(dataset, source, CUT)
    assert report.pages_read == 2
    assert sum(row["findings"] is not None for row in rows(dataset, "pages")) == 3
    # Another document, and the line is as frequent as before: no old row is touched.
    parts = part_names(dataset)
    write(source, "3.pdf", page(3), prose(503))
    assert run(dataset, source, CUT).pages_read == 2
    for table in ("pages", "documents"):
        assert set(parts[table]) <= set(part_names(dataset)[table])
    for name in ("2.pdf", "3.pdf"):
        (source / name).unlink()
    assert run(dataset, source, CUT).pages_read == 0
    run(tmp_path / "fresh", source, CUT)
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")


def test_without_originals_the_documents_that_were_cut_are_read_again(
    first: FirstRuns, tmp_path: Path
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", CUT)
    shutil.rmtree(dataset / "staging")
    write(source, "new.pdf", prose(77))
    assert run(dataset, source, CUT).pages_read == 1 + 3
    run(tmp_path / "fresh", source, CUT)
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")


def test_a_takedown_below_the_number_lets_the_line_in_again(
    first: FirstRuns, tmp_path: Path
) -> None:
    source, dataset = first.source, first.copy(tmp_path / "data", CUT)
    doc_id = next(row["doc_id"] for row in rows(dataset, "pages") if row["findings"])
    with open_session(IN_PROCESS) as session:
        forget(str(dataset), wanted_of([doc_id], []), Options(erases=True), session)
    run(dataset, source, CUT)
    assert sum("March" in row["text"] for row in rows(dataset, "pages")) == 2


def test_a_page_of_nothing_else_is_a_reject(tmp_path: Path) -> None:
    source, dataset = tmp_path / "src", tmp_path / "data"
    for number in range(3):
        line = LINE.format(day=number + 1, year=2000)
        write(source, f"{number}.pdf", line, prose(number))
    report = run(dataset, source, CUT)
    assert report.rejects == {"boilerplate": 3}
    assert {row["detail"] for row in rows(dataset, "rejects")} == {"shared_line"}
    assert len(rows(dataset, "documents")) == 3


def test_what_conversations_repeat_is_no_shared_line(tmp_path: Path) -> None:
    system = "You are a kind assistant who answers in a few short sentences."
    chats = [
        [{"role": "system", "content": system}, {"role": "user", "content": prose(number)}]
        for number in range(4)
    ]
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps({"messages": chat}) + "\n" for chat in chats))
    dataset = tmp_path / "data"
    run_here(
        parse_recipe(
            f"dataset: {dataset}\nsources: [{{conversations: {path}}}]\nrouting: only\n"
            f"policies: [{{lines: {CUT}}}]\n"
        )
    )
    assert len(rows(dataset, "conversations")) == 4
    assert not any(row["findings"] for row in rows(dataset, "documents"))


def test_a_plan_tells_which_rows_would_lose_a_line(first: FirstRuns) -> None:
    source, dataset = first.source, first.of("")
    with open_session(IN_PROCESS) as session:
        told = foresight(recipe_of(dataset, source, CUT), load_snapshot(str(dataset)), session)
        assert told is not None
        assert (told.changing, told.leaving) == ((3, 3), (0, 0))
        assert len(told.examples) == 3
        assert all(e.words.startswith("Downloaded by a guest on") for e in told.examples)
        assert not any("April" in example.words for example in told.examples)
        dataset = first.of(CUT)
        snapshot = load_snapshot(str(dataset))
        assert foresight(recipe_of(dataset, source, CUT), snapshot, session) is None
        told = foresight(recipe_of(dataset, source, MANY), snapshot, session)
        assert told is not None
        assert told.kinds == ()  # a line of three documents is not looked for
