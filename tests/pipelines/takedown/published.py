"""A dataset with rows in every table and three versions, from which documents are taken down."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.conversations import ConversationSource, Fade
from schemas.recipe import Recipe
from schemas.tables import TABLES
from tests.pipelines.corpora import pdf, prose, write_pdf
from tests.pipelines.datasets import recipe_for, rows, run_here
from tests.pipelines.deep import stage_deep

SETTINGS = "routing: only\nraster: {longest_edge_px: 256}\non_missing: remove\nmax_removed: 1\n"
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
