"""`plan` by the command line: without Ray, and by a few pages that are read for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.planning.probe import choose_pages
from schemas.shards import PageRange
from tests.fork_server import call
from tests.pipelines.corpora import write_pdf, write_scan

SMALL = "raster: {longest_edge_px: 640}\n"


def planned(folder: Path, lines: str, *options: str) -> dict[str, Any]:
    """What `plan --json` says of `folder/corpus`; Ray would leave its session in `folder/ray`."""
    recipe = folder / "recipe.yaml"
    recipe.write_text(f"dataset: {folder}/data\nsources: [{{documents: {folder}/corpus}}]\n{lines}")
    folders = {"RAY_TMPDIR": str(folder / "ray"), "TMPDIR": str(temporary(folder))}
    done = call("plan", str(recipe), "--json", *options, environment=folders)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def temporary(folder: Path) -> Path:
    path = folder / "tmp"
    path.mkdir(exist_ok=True)
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Four pages with a text layer, and two that are scans."""
    folder = tmp_path / "corpus"
    write_pdf(folder, "a.pdf", first_seed=1, pages=4)
    write_scan(folder, "scan.pdf", first_seed=50, pages=2, words=12)
    return folder


def test_a_plan_starts_no_ray(tmp_path: Path, corpus: Path) -> None:
    found = planned(tmp_path, "")
    assert (found["documents"], found["to_read"]["pages"]) == (2, 6)
    assert not (tmp_path / "ray").exists()
    assert not (tmp_path / "data").exists()


def test_the_default_engine_is_planned_on_cpus(tmp_path: Path, corpus: Path) -> None:
    lines = "placement: {threads_per_replica: 2, replicas: [1, 2], shard_pages: 1}\n"
    found = planned(tmp_path, lines, "--cpus", "4")
    assert (found["rates_from"], found["costs"]["read_s"]) == ("assumption", 3.1 / 2)
    assert (found["pages_settled"], found["to_read"]["engine_pages"]) == (None, 6)
    # Two replicas have all four cores between them: 6 pages of 3.1 s of a core, and 0.05 s to
    # draw and finish each.
    assert found["to_read"]["limit"] == "cores"


def test_a_probe_measures_each_way_and_leaves_nothing_behind(tmp_path: Path, corpus: Path) -> None:
    found = planned(tmp_path, SMALL, "--probe", "--probe-pages", "2")
    probe = found["probe"]
    assert (probe["drawn"], probe["settled"], probe["wanting"], probe["read"]) == (6, 4, 2, 2)
    assert (found["pages_settled"], found["to_read"]["engine_pages"]) == (4, 2)
    assert (found["rates_from"], probe["device"]) == ("probe", "cpu")
    assert found["costs"]["read_s"] > 0
    assert probe["engine_page_s"] > probe["layer_page_s"] > 0
    assert found["to_read"]["staged_bytes"] > 0
    assert not (tmp_path / "data").exists()
    assert not list((tmp_path / "tmp").glob("pagefoundry-probe-*"))
    # What was given goes before what a probe measures, which measures the same pages each time.
    again = planned(tmp_path, SMALL, "--probe", "--probe-pages", "2", "--pages-per-second", "4")
    assert again["probe"]["costs"]["staged_bytes"] == probe["costs"]["staged_bytes"]
    assert again["costs"]["read_s"] == 0.25
    assert again["costs"]["engine_share"] == pytest.approx(again["probe"]["wanting"] / 6)


def test_a_probe_of_text_layers_alone_loads_no_engine(tmp_path: Path, corpus: Path) -> None:
    found = planned(tmp_path, "routing: only\n", "--probe")
    probe = found["probe"]
    assert (probe["settled"], probe["failed"], probe["read"]) == (4, 2, 0)
    assert (found["pages_settled"], found["costs"]["ramp_s"]) == (6, 0)


def test_where_nothing_is_to_read_nothing_is_probed(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("A text that is made into a page.\n" * 20)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"dataset: {tmp_path}/data\nsources: [{{text: {tmp_path}/corpus/a.txt}}]\n")
    done = call("plan", str(recipe), "--json", "--probe")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["probe"] is None
    assert found["pages_made"] == found["to_read"]["pages"] > 0
    assert found["notes"].count("there is no page to read, so nothing was measured by --probe") == 1


@given(st.lists(st.integers(1, 9), max_size=8), st.integers(0, 40), st.text())
def test_pages_are_chosen_each_once_and_by_the_seed(
    sizes: list[int], count: int, seed: str
) -> None:
    ranges = [PageRange(f"{n}", 3, 3 + size, "", ()) for n, size in enumerate(sizes)]
    chosen = choose_pages(ranges, count, seed)
    pages = [(part.doc_id, part.start) for part in chosen]
    every = {(part.doc_id, index) for part in ranges for index in range(part.start, part.stop)}
    assert all(len(part) == 1 for part in chosen)
    assert len(set(pages)) == len(pages) == min(count, len(every))
    assert set(pages) <= every
    assert choose_pages(ranges, count, seed) == chosen
