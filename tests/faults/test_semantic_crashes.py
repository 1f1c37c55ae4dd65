"""Kill a run that drops rows by their meaning: no text is embedded twice, and the next finishes."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.encoders import make_encoder
from tests.faults.crash_points import KILLED, CrashPoint, run_until
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, problems, run_here
from tests.pipelines.version.test_semantic import VECTORS, kept, recipe_of, shuffled


def test_a_killed_run_is_finished_and_taken_back(tmp_path: Path) -> None:
    source, plain, dataset = tmp_path / "src", tmp_path / "plain", tmp_path / "data"
    source.mkdir()
    for name, text in (("0", prose(1)), ("1", shuffled(prose(1), 1)), ("2", prose(2))):
        (source / f"{name}.pdf").write_bytes(pdf([text]))
    encoder = make_encoder(tmp_path / "encoder", VECTORS)
    run_here(recipe_of(plain, source, None))
    run_here(recipe_of(tmp_path / "fresh", source, encoder))
    shutil.copytree(plain, dataset)
    semantic = recipe_of(dataset, source, encoder)
    assert run_until(semantic, CrashPoint("documents-commit", "torn")) == KILLED["torn"]
    assert problems(dataset) == ()
    files = sorted((dataset / "staging").glob("embeddings-*/*"))
    assert len(kept(dataset)) == len(set(kept(dataset))) == 3
    assert run_here(semantic).pages_read == 0
    assert sorted((dataset / "staging").glob("embeddings-*/*")) == files
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")
    without = recipe_of(dataset, source, None)
    assert run_until(without, CrashPoint("pages-commit", "before")) == KILLED["before"]
    assert problems(dataset) == ()
    run_here(without)
    assert all_rows(dataset) == all_rows(plain)
