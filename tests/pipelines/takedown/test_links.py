"""Documents that links gave are erased where they are kept, and not kept again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from schemas.recipe import parse_recipe
from tests.containers import zip_of
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, rows, run_here
from tests.pipelines.takedown.bytes_left import files_with
from tests.pipelines.takedown.published import World, forget, search
from tests.web import Web


def test_what_a_link_gave_is_erased_and_not_kept_again(tmp_path: Path) -> None:
    world = World(tmp_path / "list.txt", tmp_path / "data")
    files = {f"{number}.pdf": pdf([prose(3000 + number)]) for number in range(3)}
    packed = pdf([prose(3100)])
    with Web({**files, "a.zip": zip_of({"inside.pdf": packed})}) as web:
        assert isinstance(web, Web)
        world.corpus.write_text(web.links())
        recipe = parse_recipe(
            f"dataset: {world.dataset}\nrouting: only\nsources:\n- documents: {world.corpus}\n"
            "  links: {interval_s: 0, networks: [127.0.0.0/8]}\n"
        )
        run_here(recipe)
        # a run that was killed while it kept a document
        (world.dataset / "staging/links/bodies/.half.tmp").write_bytes(files["1.pdf"][:-9])
        urls = (f"{web.root}/1.pdf", f"{web.root}/a.zip!inside.pdf")
        taken = forget(world, urls=urls, erases=True)
        assert (taken.documents, search(world).problems) == (2, ())
        kept = world.dataset / "staging/links/bodies"
        ids = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        assert {path.name for path in kept.iterdir()} == {ids["0.pdf"], ids["2.pdf"]}
        assert files_with([files["1.pdf"], packed], world.dataset) == {}
        assert files_with([files["0.pdf"]], world.dataset) != {}

        del web.files["/a.zip"]
        world.corpus.write_text(web.links())
        run_here(recipe)
        assert {path.name for path in kept.iterdir()} == {ids["0.pdf"], ids["2.pdf"]}
    assert (problems(world.dataset), search(world).problems) == ((), ())
    assert len(rows(world.dataset, "documents")) == 2
