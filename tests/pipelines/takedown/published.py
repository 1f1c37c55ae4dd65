"""A dataset with rows in every table and three versions, from which documents are taken down."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.session import IN_PROCESS, open_session
from pipelines.takedown import Options, Searched, Takedown, search_forgotten, wanted_of
from pipelines.takedown import forget as take_down
from schemas.conversations import ConversationSource, Fade
from schemas.recipe import Recipe
from schemas.tables import TABLES
from tests.pipelines.corpora import pdf, prose, write_pdf
from tests.pipelines.datasets import recipe_for, rows, run_here
from tests.pipelines.deep import stage_deep

SETTINGS = "routing: only\nraster: {longest_edge_px: 256}\non_missing: remove\nmax_removed: 1\n"
DAY = "2026-11-30"
MATE = {"copy.pdf": "keeper.pdf", "keeper.pdf": "copy.pdf"}


@dataclass(frozen=True)
class World:
    """A corpus and its dataset.

    `alpha.pdf` has crops and pages in all versions, `gone.pdf` is in version 1 only, `late.pdf`
    came with version 3. `keeper.pdf` and `copy.pdf` have the same text. `note.pdf` is a reject.
    """

    corpus: Path
    dataset: Path

    def recipe(self) -> Recipe:
        recipe = recipe_for(self.dataset, self.corpus, SETTINGS)
        chats = str(self.corpus / "chats.jsonl")
        source = ConversationSource(conversations=(chats,), fade=Fade(text=1))
        return recipe.model_copy(update={"sources": (*recipe.sources, source)})

    def copy(self, folder: Path) -> World:
        """The same in another folder; rows still name the files of the first corpus."""
        return World(self.corpus, Path(shutil.copytree(self.dataset, folder)))

    def with_corpus(self, folder: Path) -> World:
        """The same dataset with a copy of the corpus, which a test may change."""
        return World(Path(shutil.copytree(self.corpus, folder)), self.dataset)

    def address(self, name: str) -> str:
        return str(self.corpus / name)

    def doc_id(self, name: str, version: int | None = None) -> str:
        """The id of the document of a file, in the version that has it."""
        for row in rows(self.dataset, "inventory", version):
            if any(Path(file["uri"]).name == name for file in row["uris"]):
                return str(row["doc_id"])
        raise KeyError(name)

    def chat_id(self, number: int) -> str:
        (row,) = (
            row
            for row in rows(self.dataset, "inventory")
            if row["uris"][0]["uri"].endswith(f"/{number}")
        )
        return str(row["doc_id"])

    def rows_of(self, doc_id: str, version: int | None = None) -> list[dict[str, Any]]:
        """All rows of a document in all tables of a version."""
        return [
            row
            for table in TABLES
            for row in rows(self.dataset, table, version)
            if row["doc_id"] == doc_id
        ]

    def dropped(self) -> tuple[str, str]:
        """The file names of the duplicate and of its keeper."""
        pages = [row for row in rows(self.dataset, "rejects") if row["level"] == "page"]
        (duplicate,) = (row for row in pages if row["reason"] == "duplicate")
        name = Path(duplicate["source_uri"]).name
        return name, MATE[name]


def write_chats(corpus: Path, *seeds: int) -> None:
    turns = [[{"role": "user", "content": prose(10 * s + n)} for n in range(3)] for s in seeds]
    lines = [json.dumps({"messages": chat}) for chat in turns]
    (corpus / "chats.jsonl").write_text("\n".join(lines))


def make_world(folder: Path) -> World:
    """Publish the three versions; all that was staged stays."""
    world = World(folder / "corpus", folder / "data")
    write_pdf(world.corpus, "alpha.pdf", first_seed=1001, pages=2)
    write_pdf(world.corpus, "gone.pdf", first_seed=1101)
    write_pdf(world.corpus, "other.pdf", first_seed=1201, pages=2)
    text = pdf([prose(1301)])
    (world.corpus / "keeper.pdf").write_bytes(text)
    (world.corpus / "copy.pdf").write_bytes(text + b"\n% another file with the same page\n")
    (world.corpus / "note.pdf").write_text("not a document, but it has bytes of its own")
    write_chats(world.corpus, 91, 92)
    stage_deep(world.recipe())
    run_here(world.recipe())
    (world.corpus / "gone.pdf").unlink()
    run_here(world.recipe())
    write_pdf(world.corpus, "late.pdf", first_seed=1401)
    run_here(world.recipe())
    return world


def forget(
    world: World,
    *doc_ids: str,
    urls: tuple[str, ...] = (),
    erases: bool = False,
    dry_run: bool = False,
) -> Takedown:
    """Take documents of a world down, by their ids and addresses."""
    options = Options("on request", erases, dry_run, today=lambda: DAY)
    with open_session(IN_PROCESS) as session:
        return take_down(str(world.dataset), wanted_of(doc_ids, urls), options, session)


def search(world: World) -> Searched:
    """Search for what is left, as `verify --forgotten` does."""
    with open_session(IN_PROCESS) as session:
        return search_forgotten(str(world.dataset), session)


def files(dataset: Path) -> dict[str, bytes]:
    """What lies in the dataset, but for the lease."""
    return {
        str(path.relative_to(dataset)): path.read_bytes()
        for path in dataset.rglob("*")
        if path.is_file() and "lease" not in path.name
    }


def without(
    rows_by_table: dict[str, list[dict[str, Any]]], *doc_ids: str
) -> dict[str, list[dict[str, Any]]]:
    """The rows of all tables that are of none of the documents."""
    return {
        table: [row for row in rows if row["doc_id"] not in doc_ids]
        for table, rows in rows_by_table.items()
    }
