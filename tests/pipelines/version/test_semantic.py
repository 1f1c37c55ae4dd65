"""Semantic deduplication through the whole run: the drops of a loop, and no page read twice."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cluster.session import IN_PROCESS, open_session
from pipelines.dataset.state import load_snapshot
from pipelines.run import Report
from pipelines.takedown import Options, forget, search_forgotten, wanted_of
from schemas.recipe import Publish, Recipe, parse_recipe
from tests.encoders import make_encoder, vector_of, word_vectors
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, rows, run_verified
from workers.publishing.splits import drawn

WORDS = sorted({word for seed in range(30) for word in prose(seed, 400).split()})
VECTORS = word_vectors(WORDS)
SIMILARITY = 0.93


def shuffled(text: str, seed: int, replaced: int = 0) -> str:
    """The words in another order, which no mean over them sees, and some of them replaced."""
    words, chance = text.split(), random.Random(seed)
    chance.shuffle(words)
    words[:replaced] = [chance.choice(WORDS) for _ in range(replaced)]
    return " ".join(words)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"), VECTORS)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts that mean the same as others, or nearly, copies of these, and short and long texts."""
    folder = tmp_path_factory.mktemp("corpus")
    texts = {
        "a": prose(1),
        "a-same": shuffled(prose(1), 1),
        "a-like": shuffled(prose(1), 2, replaced=8),
        "a-less": shuffled(prose(1), 3, replaced=30),
        "b": prose(2),
        "b-same": shuffled(prose(2), 1),
        "b-copy": f"{prose(2)} again",
        "b-same-copy": f"{shuffled(prose(2), 1)} again",
        "c": prose(3),
        "short": prose(4, 20),
        "short-same": shuffled(prose(4, 20), 1),
    }
    for name, text in texts.items():
        (folder / f"{name}.pdf").write_bytes(pdf([text]))
    long = [prose(10 + number, 250) for number in range(3)]
    (folder / "long.pdf").write_bytes(pdf(long))
    (folder / "long-same.pdf").write_bytes(pdf([shuffled(text, 1) for text in long]))
    return folder


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, corpus: Path, encoder: Path) -> Path:
    """A folder with two datasets of the corpus: `plain`, and `data` with semantic drops."""
    folder = tmp_path_factory.mktemp("published")
    run(folder / "plain", corpus, None)
    run(folder / "data", corpus, encoder)
    return folder


def entries(dataset: Path) -> list[dict[str, Any]]:
    """The entries of all files of embeddings in staging."""
    files = (dataset / "staging").glob("embeddings-*/*.parquet")
    return [row for path in files for row in pq.read_table(path).to_pylist()]


def kept(dataset: Path) -> list[bytes]:
    """The keys of the texts that staging has vectors of, with repetitions."""
    return [row["text"] for row in entries(dataset) if row["vector"] is not None]


def recipe_of(
    dataset: Path,
    source: Path,
    encoder: Path | None,
    similarity: float = SIMILARITY,
    more: str = "",
) -> Recipe:
    semantic = (
        "" if encoder is None else f"semantic: {{model: {encoder}, similarity: {similarity}{more}}}"
    )
    return parse_recipe(
        f"dataset: {dataset}\nsources: {source}\nrouting: only\non_missing: remove\n"
        f"max_removed: 1\nraster: {{longest_edge_px: 256}}\ndedup: {{copies: true, {semantic}}}\n"
    )


def run(dataset: Path, source: Path, encoder: Path | None, *args: Any, **more: Any) -> Report:
    return run_verified(recipe_of(dataset, source, encoder, *args, **more))


def quality_of(row: Mapping[str, Any]) -> float:
    return float(row["quality"]["score"] if "quality" in row else row["quality_score"])


def expected(found: Sequence[Mapping[str, Any]], key: str, similarity: float) -> dict[str, Any]:
    """What is dropped of rows, for which keeper, by a loop over all pairs."""
    texts = {row[key]: row["text"] for row in found}
    embeddings = {name: vector_of(text, VECTORS) for name, text in texts.items()}
    kept: list[str] = []
    dropped = {}
    for row in sorted(found, key=lambda row: (-quality_of(row), row[key])):
        name = row[key]
        if not 32 <= len(texts[name].split()) < 512:
            continue
        alike = {other: float(embeddings[name] @ embeddings[other]) for other in kept}
        best = max(alike, key=lambda other: alike[other], default=None)
        if best is not None and alike[best] >= similarity:
            dropped[name] = (best, alike[best])
        else:
            kept.append(name)
    return dropped


def check(dataset: Path, plain: Path, similarity: float) -> None:
    """The dataset has what the plain one has, but for the drops of a loop over all pairs."""
    rejects = rows(dataset, "rejects")
    for table, key, level in (("pages", "page_id", "page"), ("documents", "doc_id", "document")):
        before, after = rows(plain, table), rows(dataset, table)
        drops = expected(before, key, similarity)
        of_level = [row for row in rejects if row["level"] == level]
        dropped = {row[key]: row for row in of_level if row["reason"] == "semantic_duplicate"}
        assert {row[key] for row in before} == {row[key] for row in after} | set(drops)
        assert {name: row["kept_id"] for name, row in dropped.items()} == {
            name: keeper for name, (keeper, _) in drops.items()
        }
        for name, (_, alike) in drops.items():
            # Vectors are kept as whole numbers, which costs about 0.0001 of a similarity.
            assert dropped[name]["similarity"] == pytest.approx(alike, abs=4e-4)
            assert (dropped[name]["stage"], dropped[name]["detail"]) == ("dedup", "semantic")
        # A copy whose keeper is dropped names the keeper of that, which stands for all of them.
        copies = Counter(row["kept_id"] for row in of_level)
        assert {row[key]: row["copies"] - 1 for row in after if row["copies"] > 1} == copies


def test_drops_are_those_of_a_loop(published: Path, corpus: Path) -> None:
    check(published / "data", published / "plain", SIMILARITY)
    rejects = rows(published / "data", "rejects")
    reasons = Counter((row["level"], row["reason"]) for row in rejects)
    assert reasons == {
        ("page", "semantic_duplicate"): 6,
        ("page", "duplicate"): 2,
        ("document", "semantic_duplicate"): 3,
        ("document", "duplicate"): 2,
    }
    snapshot = load_snapshot(str(published / "data"))
    assert snapshot is not None
    steps = {step["step"]: step for step in snapshot.metadata["funnel"]}
    assert list(steps) == ["inventory", "read", "dedup", "semantic"]
    counts = [(step["pages"], step["documents"]) for step in steps.values()]
    assert counts == [(17, 13), (17, 13), (15, 11), (9, 8)]
    assert snapshot.metadata["rejects"]["semantic_duplicate"] == 9
    assert len(kept(published / "data")) == len(set(kept(published / "data")))


def test_any_series_of_similarities_ends_as_a_first_run_with_the_last(
    tmp_path: Path, published: Path, corpus: Path, encoder: Path
) -> None:
    dataset = tmp_path / "data"
    shutil.copytree(published / "data", dataset)
    first = {(None, 0.9): published / "plain", (encoder, SIMILARITY): published / "data"}
    for number, (model, similarity) in enumerate(
        [(encoder, 0.99), (None, 0.9), (encoder, 0.6), (encoder, SIMILARITY)]
    ):
        report = run(dataset, corpus, model, similarity)
        assert report.pages_read == 0
        fresh = first.get((model, similarity), tmp_path / f"fresh-{number}")
        if not fresh.exists():
            run(fresh, corpus, model, similarity)
        assert all_rows(dataset) == all_rows(fresh)
        if model is not None:
            check(dataset, published / "plain", similarity)
    assert len(kept(dataset)) == len(set(kept(dataset)))


def test_documents_with_pages_of_one_meaning_are_in_one_split(
    tmp_path: Path, published: Path, corpus: Path, encoder: Path
) -> None:
    dataset = tmp_path / "data"
    shutil.copytree(published / "data", dataset)
    # The model does not see these two whole, so both stay in `documents`.
    files = [(corpus / name).read_bytes() for name in ("long.pdf", "long-same.pdf")]
    ids = [hashlib.sha256(data).hexdigest() for data in files]
    seed = next(seed for seed in count() if drawn(ids, seed, 0.5).sum() == 1)
    settings = {"publish": Publish(validation=0.5, seed=seed)}
    run_verified(recipe_of(dataset, corpus, encoder).model_copy(update=settings))
    splits = {row["doc_id"]: row["split"] for row in rows(dataset, "documents")}
    assert [splits[doc_id] for doc_id in ids] == ["train", "train"]


def without_shards(dataset: Path) -> None:
    """Remove what was read from staging; the embeddings stay."""
    for folder in (dataset / "staging").iterdir():
        if folder.is_dir() and not folder.name.startswith("embeddings-"):
            shutil.rmtree(folder)


def test_rows_that_come_back_are_read_again_and_no_others(
    tmp_path: Path, corpus: Path, encoder: Path
) -> None:
    source, dataset = tmp_path / "src", tmp_path / "data"
    shutil.copytree(corpus, source)
    run(dataset, source, encoder)
    # A document that means nothing like the others: dropped rows are compared by their vectors.
    without_shards(dataset)
    (source / "d.pdf").write_bytes(pdf([prose(5)]))
    assert run(dataset, source, encoder).pages_read == 1
    # Of three pages that mean the same the kept one leaves, so another comes back.
    without_shards(dataset)
    before = rows(dataset, "pages")
    named = {row["source_uri"].rpartition("/")[2]: row for row in before}
    (keeper,) = {"a.pdf", "a-same.pdf", "a-like.pdf"} & set(named)
    (source / keeper).unlink()
    assert run(dataset, source, encoder).pages_read == 1
    assert len(rows(dataset, "pages")) == len(before)
    # Without the vectors every dropped row must be read again to be compared.
    shutil.rmtree(dataset / "staging")
    dropped = [row for row in rows(dataset, "rejects") if row["reason"] == "semantic_duplicate"]
    (source / "e.pdf").write_bytes(pdf([prose(6)]))
    pages = {row["page_id"] for row in dropped if row["level"] == "page"}
    assert run(dataset, source, encoder).pages_read == 1 + len(pages)
    run(tmp_path / "fresh", source, encoder)
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")


def test_a_document_taken_down_leaves_no_embedding(
    tmp_path: Path, published: Path, corpus: Path, encoder: Path
) -> None:
    dataset = Path(shutil.copytree(published / "data", tmp_path / "data"))
    dropped = next(row for row in rows(dataset, "rejects") if row["similarity"] and row["kept_id"])
    keeper = dropped["kept_id"].partition("/")[0]
    with open_session(IN_PROCESS) as session:
        forget(str(dataset), wanted_of([keeper], []), Options(erases=True), session)
        assert search_forgotten(str(dataset), session).problems == ()
    assert keeper not in {row["doc_id"] for row in entries(dataset)}
    run(dataset, corpus, encoder)
    fresh = rows(dataset, "documents") + rows(dataset, "rejects")
    assert keeper not in {row["doc_id"] for row in fresh}
    assert keeper not in {(row.get("kept_id") or "").partition("/")[0] for row in fresh}
