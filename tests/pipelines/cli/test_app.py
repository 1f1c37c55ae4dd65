"""The command line: exit codes, messages of one line, and JSON for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fork_server import call
from tests.pipelines.corpora import write_pdf


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_pdf(folder / "corpus", "a.pdf", first_seed=1, pages=3)
    (folder / "corpus/note.pdf").write_text("not a document")
    path = folder / "recipe.yaml"
    sources = f"sources: [{{documents: {folder / 'corpus'}}}]"
    path.write_text(f"dataset: {folder / 'data'}\n{sources}\nrouting: only\n")
    return path


@pytest.fixture(scope="module")
def dataset(recipe: Path) -> Path:
    """Planned first, then run: the plan must leave nothing behind."""
    planned = call("plan", str(recipe), "--ray", "in-process", "--json")
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["to_read"]["pages"] == 3
    assert not (recipe.parent / "data").exists()
    done = call("run", str(recipe), "--ray", "in-process", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["pages_read"], report["rejects"]) == (3, {"not_a_document": 1})
    return recipe.parent / "data"


def test_plan_after_a_run_has_nothing_to_read(recipe: Path, dataset: Path) -> None:
    planned = call(
        "plan", str(recipe), "--ray", "in-process", "--price-per-gpu-hour", "2", "--json"
    )
    found = json.loads(planned.stdout)
    assert (found["pages"], found["pages_published"]) == (3, 3)
    rest = found["to_read"]
    assert (rest["pages"], rest["limit"], rest["hours"], rest["cost"]) == (0, "nothing", 0, 0)


def test_diff_of_a_version_with_itself_has_no_rows(dataset: Path) -> None:
    found = json.loads(call("diff", str(dataset), "1", "1", "--json").stdout)
    assert (found["old"], found["new"], found["settings"]) == (1, 1, [])
    tables = ("pages", "conversations", "documents", "rejects", "inventory")
    assert found["rows"] == {table: [] for table in tables}
    assert "the same rows" in call("diff", str(dataset), "1", "1").stdout


def test_verify_exits_zero_on_a_sound_dataset(dataset: Path) -> None:
    done = call("verify", str(dataset), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["problems"] == []


def test_verify_names_a_flipped_byte_and_exits_one(dataset: Path) -> None:
    (part,) = dataset.glob("documents/data/*.parquet")
    whole = part.read_bytes()
    part.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    try:
        done = call("verify", str(dataset), "--json")
    finally:
        part.write_bytes(whole)
    assert done.returncode == 1
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem.startswith(str(part))


def test_inspect_shows_counts_and_samples(dataset: Path) -> None:
    found = json.loads(call("inspect", str(dataset), "--samples", "2", "--json").stdout)
    assert found["counts"] == {
        "inventory": 2, "rejects": 1, "documents": 1, "crops": 0, "conversations": 0,
        "pages": 3,
    }  # fmt: skip
    assert len(found["samples"]) == 2
    assert "note.pdf" in call("inspect", str(dataset)).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "missing.yaml"], "missing.yaml: there is no such recipe"),
        (["verify", "nowhere"], "nowhere holds no published version"),
        (["inspect", "nowhere"], "nowhere holds no published version"),
        (["diff", "nowhere", "1", "2"], "nowhere holds no published version"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_two(arguments: list[str], message: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"pagefoundry: {message}")
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_recipe_names_each_field(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("dataset: data\nsources: [{documents: x}]\nrouting: maybe\nraster: {dpi: 3}\n")
    done = call("run", str(path))
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.split(": ")[2] for line in lines] == ["raster.dpi", "routing"]


def test_an_unreachable_ray_is_one_line(recipe: Path, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe.read_text().replace("/data\n", "/other-data\n"))
    done = call("run", str(path), "--ray", "127.0.0.1:1")
    assert done.returncode == 3
    assert "Ray at 127.0.0.1:1 does not answer" in done.stderr


def test_a_run_that_fails_says_what_is_kept_and_the_next_one_rests_on_it(
    recipe: Path, tmp_path: Path
) -> None:
    path, data = tmp_path / "recipe.yaml", tmp_path / "data"
    path.write_text(recipe.read_text().replace(str(recipe.parent / "data"), str(data)))
    data.mkdir()
    (data / "crops").write_text("a file where a table should be")
    failed = call("run", str(path), "--ray", "in-process")
    assert failed.returncode == 3
    *_, error, note = failed.stderr.splitlines()
    assert error.startswith("pagefoundry: cannot open the table")
    assert note == "pagefoundry: what was read is kept; run the command again to go on"
    assert failed.stdout == ""
    (data / "crops").unlink()
    done = call("run", str(path), "--ray", "in-process", "--json")
    assert json.loads(done.stdout)["pages_read"] == 0


@pytest.mark.parametrize("command", ["run", "check", "plan", "inspect", "diff", "verify", "sample"])
def test_help_says_what_a_command_does(command: str) -> None:
    done = call(command, "--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 8
