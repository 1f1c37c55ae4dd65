"""The rows and bytes are the same in one process and on Ray with two replicas and other shards."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.run import Report, run
from tests.pipelines.datasets import all_rows, part_names, problems, recipe_for
from workers.sample import write_sample_corpus
from workers.sample.corpus import sample_files

# A scan, an image, text layers, a duplicate and all bad files; few enough to read twice.
CHOSEN = {
    "kiln-chinese.pdf", "bridge-placard.png", "olives-greek.pdf",
    "archive-rules.pdf", "archive-rules-reflowed.pdf", "clock-blank-page.pdf",
    "glass-absurd-page.pdf", "truncated.pdf", "locked.pdf", "empty.pdf", "note.pdf",
}  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of the files lie in one zip, of which each shard reads its own ranges."""
    folder = tmp_path_factory.mktemp("determinism") / "corpus"
    for file in write_sample_corpus(folder):
        if file.name not in CHOSEN:
            (folder / file.name).unlink()
    with zipfile.ZipFile(folder / "half.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.glob("*.*"))[::2]:
            if path.suffix != ".zip":
                archive.write(path, path.name)
                path.unlink()
    return folder


def _name(uri: str) -> str:
    return Path(uri).name.rpartition("!")[2]


@pytest.fixture(scope="module")
def in_process(corpus: Path) -> Path:
    dataset = corpus.parent / "in-process"
    _run(dataset, corpus, IN_PROCESS, "shard_pages: 64")
    return dataset


def _run(dataset: Path, corpus: Path, address: str | None, placement: str) -> Report:
    recipe = recipe_for(dataset, corpus, f"placement: {{{placement}}}\n")
    with open_session(address) as session:
        return run(recipe, session, Console(file=io.StringIO()))


def test_bad_files_are_rejects_with_the_reasons_they_were_made_for(in_process: Path) -> None:
    wanted = {
        (file.name, index, reason)
        for file, _ in sample_files()
        if file.name in CHOSEN
        for index, reason in file.rejects
        if reason != "duplicate"
    }
    rejects = all_rows(in_process)["rejects"]
    actual = {
        (_name(row["source_uri"]), row["page_index"], row["reason"])
        for row in rejects
        if row["reason"] != "duplicate"
    }
    assert actual == wanted
    assert problems(in_process) == ()


def test_the_near_duplicate_is_gone_and_names_its_keeper(in_process: Path) -> None:
    tables = all_rows(in_process)
    duplicates = [row for row in tables["rejects"] if row["reason"] == "duplicate"]
    pair = {"archive-rules.pdf", "archive-rules-reflowed.pdf"}
    assert {row["level"] for row in duplicates} == {"page", "document"}
    kept = {row["page_id"]: row for row in tables["pages"]}
    (page,) = [row for row in duplicates if row["level"] == "page"]
    keeper = kept[page["kept_id"]]
    assert {_name(page["source_uri"]), _name(keeper["source_uri"])} == pair
    assert page["similarity"] >= 0.8


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_ray_gives_the_bytes_of_one_process(in_process: Path, corpus: Path, tmp_path: Path) -> None:
    placement = "replicas: 2, shard_pages: 2, threads_per_replica: 1"
    report = _run(tmp_path / "ray", corpus, None, placement)
    assert report.pages_read == 11
    assert all_rows(tmp_path / "ray") == all_rows(in_process)
    assert part_names(tmp_path / "ray") == part_names(in_process)


def test_a_second_publish_of_the_same_rows_gives_the_same_bytes(
    in_process: Path, corpus: Path, tmp_path: Path
) -> None:
    shutil.copytree(in_process / "staging", tmp_path / "again/staging")
    report = _run(tmp_path / "again", corpus, IN_PROCESS, "shard_pages: 64")
    assert report.pages_read == 0
    assert part_names(tmp_path / "again") == part_names(in_process)
