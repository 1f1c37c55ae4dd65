"""Members of containers are taken down by their own address or their container's, and erased."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipelines.steps.places import kept_folder
from schemas.recipe import parse_recipe
from tests.containers import tar_of
from tests.faults.crash_points import KILLED, CrashPoint, run_until
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, rows, run_here
from tests.pipelines.takedown.bytes_left import files_with
from tests.pipelines.takedown.published import World, forget, search

NAMES = ("deep/one.pdf", "two.pdf", "three.pdf")
TARS = {"plain.tar": tar_of, "packed.tar.gz": lambda corpus: gzip.compress(tar_of(corpus), mtime=0)}


def documents(first: int, names: tuple[str, ...] = NAMES) -> dict[str, bytes]:
    return {name: pdf([prose(first + number)]) for number, name in enumerate(names)}


@pytest.mark.parametrize("name", TARS)
def test_a_member_leaves_and_stays_out_and_a_container_as_a_whole(
    name: str, tmp_path: Path
) -> None:
    world = World(tmp_path / "corpus", tmp_path / "data")
    world.corpus.mkdir()
    (world.corpus / name).write_bytes(TARS[name](documents(2001)))
    (world.corpus / "loose.pdf").write_bytes(pdf([prose(2101)]))
    recipe = parse_recipe(f"dataset: {world.dataset}\nrouting: only\nsources: [{world.corpus}]\n")
    run_here(recipe)
    one = forget(world, urls=(f"{world.corpus}/{name}!deep/*",), erases=True)
    assert (one.asked, one.documents, search(world).problems) == (1, 1, ())
    # The container is written anew, so it is opened and its members are looked at again.
    (world.corpus / name).write_bytes(TARS[name](documents(2001) | documents(2201, ("new.pdf",))))
    run_here(recipe)
    left = {row["source_uri"].rpartition("!")[2] for row in rows(world.dataset, "pages")}
    assert left == {"two.pdf", "three.pdf", "new.pdf", f"{world.corpus}/loose.pdf"}
    assert search(world).problems == ()
    whole = forget(world, urls=(f"{world.corpus}/{name}",), erases=True)
    assert (whole.documents, len(rows(world.dataset, "pages"))) == (3, 1)
    assert (problems(world.dataset), search(world).problems) == ((), ())


def test_members_that_a_killed_run_has_kept_are_found_and_erased(tmp_path: Path) -> None:
    """Their bytes lie in staging under their ids, and hold no id themselves."""
    world = World(tmp_path / "corpus", tmp_path / "data")
    world.corpus.mkdir()
    (world.corpus / "loose.pdf").write_bytes(pdf([prose(2101)]))
    recipe = parse_recipe(f"dataset: {world.dataset}\nrouting: only\nsources: [{world.corpus}]\n")
    run_here(recipe)
    packed = documents(2001)
    (world.corpus / "packed.tar.gz").write_bytes(TARS["packed.tar.gz"](packed))
    assert run_until(recipe, CrashPoint("pages-commit", "before")) == KILLED["before"]
    kept = Path(kept_folder(str(world.dataset / "staging")))
    assert len(list(kept.iterdir())) == 3
    forget(world, urls=("**/packed.tar.gz!two.pdf",))
    assert any(f"{kept}/" in line for line in search(world).problems)
    forget(world, urls=("**/packed.tar.gz!two.pdf",), erases=True)
    assert search(world).problems == ()
    assert files_with({packed["two.pdf"]}, world.dataset) == {}
    assert len(list(kept.iterdir())) == 2
    assert run_here(recipe).documents == 3
    assert problems(world.dataset) == ()
