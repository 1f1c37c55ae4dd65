"""What a run says of itself: its log without a terminal, its JSON, and where it stops in time."""

from __future__ import annotations

import io
import json
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.run import Report, run
from schemas.errors import SourceError
from schemas.recipe import Recipe
from tests.fork_server import Command, call
from tests.pipelines.corpora import pdf, prose, write_pdf
from tests.pipelines.datasets import problems, recipe_for

TIMEOUT_S = 120
SETTINGS = "routing: only\non_missing: remove\nplacement: {shard_pages: 4}\n"
STAMPED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (.*)")


def run_and_tell(recipe: Recipe, allow_removal: bool = False) -> tuple[Report, list[str]]:
    """A run without a terminal, and the lines of its log without their times."""
    console = Console(file=io.StringIO(), width=80)
    with open_session(IN_PROCESS) as session:
        report = run(recipe, session, console, allow_removal=allow_removal)
    assert isinstance(console.file, io.StringIO)
    matches = [STAMPED.fullmatch(line) for line in console.file.getvalue().splitlines()]
    assert all(matches), console.file.getvalue()
    return report, [match[1] for match in matches if match]


def start(recipe: Path, *options: str) -> Command:
    return Command("run", str(recipe), "--ray", IN_PROCESS, *options)


def write_recipe(folder: Path, settings: str = SETTINGS) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(f"dataset: {folder / 'data'}\nsources: [{{documents: {folder / 'corpus'}}}]\n"
                    f"{settings}")  # fmt: skip
    return path


# ---- the log of refreshes ----------------------------------------------------------------------


def test_ten_refreshes_are_told_by_their_log_alone(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    for number in range(10):
        write_pdf(corpus, f"{number}.pdf", first_seed=10 * number, pages=2)
    recipe = recipe_for(tmp_path / "data", corpus, SETTINGS)

    def add_a_near_copy() -> None:
        (corpus / "copy.pdf").write_bytes(pdf([prose(0) + " coda"]))

    def remove(name: str) -> None:
        (corpus / name).unlink()

    nights = [
        (lambda: None, "pages +20 new_document; documents +10"),
        (lambda: None, None),
        (lambda: write_pdf(corpus, "new.pdf", 500, 3), "pages +3 new_document; documents +1"),
        (lambda: remove("7.pdf"), "pages −2 document_left; documents −1"),
        (lambda: write_pdf(corpus, "3.pdf", 700, 2),
         "pages +2 file_changed, −2 file_changed; documents +1 −1"),
        (lambda: (corpus / "bad.pdf").write_text("none"), "rejects +1 not_a_document"),
        (lambda: remove("bad.pdf"), "rejects −1 not_a_document"),
        (add_a_near_copy,
         "pages +1 new_document, −1 duplicate; documents +1; rejects +1 duplicate"),
        (lambda: (corpus / "4.pdf").rename(corpus / "renamed.pdf"),
         "pages ~2 moved; documents ~1"),
        (lambda: None, None),
    ]  # fmt: skip
    version = 0
    for night, (change, story) in enumerate(nights):
        change()
        report, lines = run_and_tell(recipe)
        stages = [line.partition(":")[0] for line in lines[:-1]]
        if story is None:
            assert stages in (["list"], ["list", "inventory"])
            assert lines[-1] == f"nothing is new: version {version} is still the newest"
        else:
            version += 1
            assert stages[:2] == ["list", "inventory"]
            assert stages[-2:] == ["deduplicate", "publish"]
            assert lines[-1] == f"published version {version}: {story}", night
        assert all(re.search(r" in [\d.]+ s", line) for line in lines[:-1])
        assert (report.changes is not None) == (story is not None)
        assert report.seconds["all"] > 0
        assert report.seconds["all"] >= report.seconds["list"] >= 0  # to the millisecond
    assert problems(tmp_path / "data") == ()


def test_a_stage_says_what_became_of_its_pages(tmp_path: Path) -> None:
    write_pdf(tmp_path / "corpus", "a.pdf", first_seed=1, pages=5)
    (tmp_path / "corpus/thin.pdf").write_bytes(pdf(["few words"]))
    report, lines = run_and_tell(recipe_for(tmp_path / "data", tmp_path / "corpus", SETTINGS))
    told = {line.partition(":")[0]: line for line in lines}
    assert told["inventory"].endswith("; 2 documents, 6 pages; 0.0 MB of sources read")
    assert told["read"].startswith("read: 6 pages in ")
    assert told["read"].endswith("; 5 samples; rejects: 1 no_text_layer")
    assert told["deduplicate"].endswith("; 5 kept")
    assert report.pages_per_second is not None
    assert report.changes is not None
    assert report.changes["rejects"]["added"] == {"no_readable_page": 1, "no_text_layer": 1}


# ---- through the command line ------------------------------------------------------------------


def test_json_has_what_changed_and_how_long_it_took(tmp_path: Path) -> None:
    write_pdf(tmp_path / "corpus", "a.pdf", first_seed=1, pages=3)
    recipe = write_recipe(tmp_path)
    out, _ = start(recipe, "--json").communicate(timeout=TIMEOUT_S)
    report = json.loads(out)
    assert report["changes"]["pages"]["added"] == {"new_document": 3}
    assert {"list", "inventory", "read", "deduplicate", "publish", "all"} == report[
        "seconds"
    ].keys()
    assert report["pages_per_second"] > 0
    out, _ = start(recipe, "--json").communicate(timeout=TIMEOUT_S)
    again = json.loads(out)
    assert (again["changes"], again["pages_per_second"]) == (None, None)
    assert {"list", "all"} == again["seconds"].keys()


def test_verbose_says_when_each_shard_ends(tmp_path: Path) -> None:
    write_pdf(tmp_path / "corpus", "a.pdf", first_seed=1, pages=6)
    recipe = write_recipe(tmp_path)
    _, said = start(recipe, "-v").communicate(timeout=TIMEOUT_S)
    shards = [line for line in said.splitlines() if " shard " in line]
    assert len(shards) == 2
    assert all(re.search(r"shard [0-9a-f]{12}: \d pages: \d sample; ", line) for line in shards)


def test_an_interrupted_run_says_so_and_the_next_counts_what_it_kept(tmp_path: Path) -> None:
    write_pdf(tmp_path / "corpus", "a.pdf", first_seed=1, pages=60)
    recipe = write_recipe(tmp_path)
    first = start(recipe)
    deadline = time.monotonic() + TIMEOUT_S
    while not list(tmp_path.glob("data/staging/*/*.json")):
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < deadline, "no shard ended"
        time.sleep(0.01)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=TIMEOUT_S)
    assert first.returncode == 130
    *_, broken_off, last = said.splitlines()
    assert re.search(r" read: stopped after \d+ of 60 pages, ", broken_off)
    assert last == "pagefoundry: ended by SIGINT; run the command again to go on"
    second = start(recipe)
    _, said = second.communicate(timeout=TIMEOUT_S)
    assert second.returncode == 0
    counted = re.search(r"read: (\d+) pages in .* (\d+) kept from an earlier run;", said)
    assert counted is not None, said
    assert int(counted[1]) + int(counted[2]) == 60
    assert int(counted[2]) >= 4


# ---- a source that nearly vanishes -------------------------------------------------------------


@pytest.fixture
def shrunk(tmp_path: Path) -> Recipe:
    """A dataset of ten documents whose sources are down to one."""
    for number in range(10):
        write_pdf(tmp_path / "corpus", f"{number}.pdf", first_seed=10 * number, pages=2)
    recipe = recipe_for(tmp_path / "data", tmp_path / "corpus", SETTINGS)
    run_and_tell(recipe)
    for number in range(1, 10):
        (tmp_path / "corpus" / f"{number}.pdf").unlink()
    return recipe


def test_a_source_that_nearly_vanishes_stops_the_run_before_it_publishes(shrunk: Recipe) -> None:
    with pytest.raises(SourceError, match=r"9 of 10 documents and 18 of 20 pages of .* are gone"):
        run_and_tell(shrunk)
    (path,) = Path(shrunk.dataset).glob("pages/_delta_log/*1.json")
    assert path.name.endswith("01.json")
    assert not list(Path(shrunk.dataset).glob("pages/_delta_log/*2.json"))
    report, _ = run_and_tell(shrunk, allow_removal=True)
    assert (report.documents, report.pages) == (1, 2)
    assert problems(Path(shrunk.dataset)) == ()


def test_a_plan_says_that_a_run_would_stop(tmp_path: Path, shrunk: Recipe) -> None:
    planned = call("plan", str(write_recipe(tmp_path)), "--json")
    assert planned.returncode == 0, planned.stderr
    notes = json.loads(planned.stdout)["notes"]
    assert any("9 of 10 documents and 18 of 20 pages are gone" in note for note in notes)


def test_the_limit_is_the_recipes(shrunk: Recipe) -> None:
    report, lines = run_and_tell(shrunk.model_copy(update={"max_removed": 0.9}))
    assert report.documents == 1
    assert lines[-1] == "published version 2: pages −18 document_left; documents −9"


def test_on_the_command_line_it_is_one_line_and_exit_two(tmp_path: Path, shrunk: Recipe) -> None:
    recipe = write_recipe(tmp_path)
    stopped = start(recipe)
    _, said = stopped.communicate(timeout=TIMEOUT_S)
    assert stopped.returncode == 2
    (line,) = [line for line in said.splitlines() if line.startswith("pagefoundry: ")]
    assert "more than max_removed (20%)" in line
    assert "--allow-removal" in line
    going_on = start(recipe, "--allow-removal")
    going_on.communicate(timeout=TIMEOUT_S)
    assert going_on.returncode == 0


def test_files_that_were_edited_or_renamed_are_not_gone(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    for number in range(4):
        write_pdf(corpus, f"{number}.pdf", first_seed=10 * number, pages=2)
    recipe = recipe_for(tmp_path / "data", corpus, SETTINGS)
    run_and_tell(recipe)
    for number in range(2):
        write_pdf(corpus, f"{number}.pdf", first_seed=500 + 10 * number, pages=2)
    for number in range(2, 4):
        shutil.move(corpus / f"{number}.pdf", corpus / f"moved-{number}.pdf")
    report, _ = run_and_tell(recipe)
    assert (report.documents, report.pages) == (4, 8)
