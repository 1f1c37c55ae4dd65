"""Whole runs of recipes with synthetic pages: ledger, refresh, identity, bad input."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.run import Report
from pipelines.run import run as run_pipeline
from schemas.errors import SourceError
from schemas.recipe import Recipe, parse_recipe
from tests.local_ray import start_local_ray
from tests.pipelines.corpora import prose, write_pdf
from tests.pipelines.datasets import part_names, problems, rows, run_here
from workers.synthetic.corpora.reading import MAX_TEXT_BYTES


def recipe_of(dataset: Path, sources: str, extra: str = "") -> Recipe:
    return parse_recipe(
        f"dataset: {dataset}\non_missing: remove\nmax_removed: 1\n"
        "raster: {longest_edge_px: 256, format: png}\n"
        f"placement: {{shard_pages: 4}}\nsources:\n{sources}\n{extra}"
    )


def write_lines(path: Path, *texts: str) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def run(recipe: Recipe) -> Report:
    report = run_here(recipe)
    assert problems(Path(recipe.dataset)) == ()
    return report


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_every_kind_of_source_makes_its_pages_without_an_engine(
    tmp_path: Path, dataset: Path
) -> None:
    corpus = write_lines(tmp_path / "a.jsonl", prose(1), prose(2))
    recipe = recipe_of(
        dataset,
        f"- text: {corpus}\n- charts: 1\n- formulas: 1\n- chemistry: {tmp_path / 'm.smi'}\n"
        "- geometry: 2\n- tables: 2",
        # No page may reach an engine: this engine cannot even be loaded.
        "engine: {name: transformers, model: /nowhere}",
    )
    (tmp_path / "m.smi").write_text("CCO ethanol\nc1ccccc1 benzene\n")
    report = run(recipe)
    made = {row["page_id"]: row for row in rows(dataset, "pages")}
    assert report.rejects == {}
    assert sorted(row["engine"] for row in made.values()) == [
        *("charts", "chemistry", "chemistry", "formulas"),
        *("geometry", "geometry", "tables", "tables", "text", "text"),
    ]
    assert {row["text"] for row in made.values() if row["engine"] == "chemistry"} == {
        "CCO",
        "c1ccccc1",
    }
    sources = {row["text_source"] for row in made.values() if row["engine"] != "text"}
    assert sources == {"synthetic"}
    assert all(row["vision_tokens"] > 0 and row["text_tokens"] > 0 for row in made.values())


def test_a_text_is_its_pages_together_and_one_document(tmp_path: Path, dataset: Path) -> None:
    text = "\n\n".join(prose(seed, words=400) for seed in range(3))
    run(recipe_of(dataset, f"- text: {write_lines(tmp_path / 'a.jsonl', text)}"))
    pages = sorted(rows(dataset, "pages"), key=lambda row: row["page_index"])
    assert len(pages) > 1
    assert {row["text_source"] for row in pages} == {"rendered"}
    assert " ".join(row["text"] for row in pages).split() == text.split()
    (document,) = rows(dataset, "documents")
    assert document["text"].split() == text.split()


@pytest.mark.slow
@pytest.mark.parametrize("address", [IN_PROCESS, pytest.param(None, marks=pytest.mark.ray)])
def test_texts_larger_than_what_a_pipe_holds_are_made(
    tmp_path: Path, dataset: Path, address: str | None
) -> None:
    """One text takes several shards; a text over the limit is a reject that names the limit."""
    if address is None:
        start_local_ray()
    text = "\n\n".join(prose(seed, words=100) for seed in range(700))
    assert len(text) > 450_000
    (tmp_path / "long.txt").write_text(text)
    write_lines(tmp_path / "over.jsonl", "a" * (MAX_TEXT_BYTES + 1), prose(1))
    sources = f"- {{text: {tmp_path}, typography: {{columns: 1, font_size_pt: 6}}}}"
    with open_session(address) as session:
        report = run_pipeline(recipe_of(dataset, sources), session, Console(file=io.StringIO()))
    assert problems(dataset) == ()
    assert report.rejects == {"corrupt": 1}
    (reject,) = rows(dataset, "rejects")
    assert "4,000,001 bytes of text, the limit is 4,000,000 bytes; split it" in reject["detail"]
    pages = sorted(rows(dataset, "pages"), key=lambda row: (row["source_uri"], row["page_index"]))
    made = " ".join(row["text"] for row in pages if row["source_uri"].startswith(f"{tmp_path}/l"))
    assert made.split() == text.split()


def test_a_refresh_makes_only_new_records(tmp_path: Path, dataset: Path) -> None:
    corpus = write_lines(tmp_path / "a.jsonl", prose(1), prose(2))
    first = run(recipe_of(dataset, f"- text: {corpus}\n- geometry: 3"))
    parts = part_names(dataset)
    assert run(recipe_of(dataset, f"- text: {corpus}\n- geometry: 3")).committed is False
    write_lines(corpus, prose(1), prose(2), prose(3, words=60))  # one page each
    second = run(recipe_of(dataset, f"- text: {corpus}\n- geometry: 5"))
    assert (first.pages_read, second.pages_read, second.pages) == (5, 3, 8)
    assert set(parts["pages"]) < set(part_names(dataset)["pages"])


def test_a_record_that_moved_or_is_there_twice_is_one_document(
    tmp_path: Path, dataset: Path
) -> None:
    corpus = write_lines(tmp_path / "a.jsonl", prose(1), prose(2))
    run(recipe_of(dataset, f"- text: {corpus}"))
    write_lines(corpus, prose(2), prose(9), prose(1))
    copy = write_lines(tmp_path / "b.jsonl", prose(1))
    report = run(recipe_of(dataset, f"- text: [{corpus}, {copy}]"))
    assert (report.pages_read, report.documents) == (1, 3)
    uris = [tuple(file["uri"] for file in row["uris"]) for row in rows(dataset, "inventory")]
    assert sorted(map(len, uris)) == [1, 1, 2]


def test_records_leave_with_their_lines_settings_and_sources(tmp_path: Path, dataset: Path) -> None:
    corpus = write_lines(tmp_path / "a.jsonl", prose(1), prose(2))
    run(recipe_of(dataset, f"- text: {corpus}\n- geometry: 2"))
    before = {row["doc_id"] for row in rows(dataset, "pages")}
    write_lines(corpus, prose(2))
    report = run(recipe_of(dataset, f"- {{text: {corpus}, preset: web}}"))
    after = {row["doc_id"] for row in rows(dataset, "pages")}
    assert (report.pages_read, len(after)) == (1, 1)
    assert before.isdisjoint(after)


def test_a_bad_record_is_a_reject_that_names_it_and_costs_no_other(
    tmp_path: Path, dataset: Path
) -> None:
    corpus = write_lines(tmp_path / "a.jsonl", prose(1), prose(2))
    corpus.write_text(corpus.read_text() + '{"text": 5}\n{"text": "  "}\nnot json\n')
    (tmp_path / "m.smi").write_text("CCO\nC(C\n")
    report = run(recipe_of(dataset, f"- text: {corpus}\n- chemistry: {tmp_path / 'm.smi'}"))
    assert report.counts["pages"] == 3
    assert report.rejects == {"corrupt": 3, "no_pages": 1, "no_readable_page": 1}
    details = {
        row["source_uri"].rpartition("/")[2]: row["detail"] for row in rows(dataset, "rejects")
    }
    assert "line 3" in details["2"]
    assert "line 5" in details["4"]


def test_characters_that_cannot_be_shown_or_stored_are_counted(
    tmp_path: Path, dataset: Path
) -> None:
    corpus = write_lines(tmp_path / "a.jsonl", "five \x00words\ud800 and\x07 no \ue123 more")
    run(recipe_of(dataset, f"- text: {corpus}"))
    (page,) = rows(dataset, "pages")
    assert page["text"].split() == ["five", "words", "and", "no", "more"]
    assert page["quality"]["cleaned_chars"] == 4


def test_a_damaged_or_empty_file_is_one_reject(tmp_path: Path, dataset: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "b.jsonl").write_text("")
    write_lines(tmp_path / "c.jsonl", prose(1))
    report = run(recipe_of(dataset, f"- text: {tmp_path}/*.*"))
    assert (report.counts["pages"], report.rejects) == (1, {"corrupt": 1, "empty_file": 1})
    assert run(recipe_of(dataset, f"- text: {tmp_path}/*.*")).committed is False


def test_a_wrong_column_and_an_empty_source_stop_the_run_in_one_line(
    tmp_path: Path, dataset: Path
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"body": ["a text"]}), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match=r"a\.parquet: no column `text`.*body"):
        run_here(recipe_of(dataset, f"- text: {tmp_path}/a.parquet"))
    with pytest.raises(SourceError, match="matches no file"):
        run_here(recipe_of(dataset, f"- text: {tmp_path}/*.jsonl"))


def test_molecules_that_differ_in_marks_or_case_or_have_one_stroke_are_all_kept(
    tmp_path: Path, dataset: Path
) -> None:
    glucose = "OC[C@H]1O[{}H](O)[C@H](O)[C@@H](O)[C@@H]1O"
    smiles = ["CC", "C1CCCCC1", "c1ccccc1", glucose.format("C@"), glucose.format("C@@")]
    (tmp_path / "m.smi").write_text("\n".join(smiles))
    report = run(recipe_of(dataset, f"- chemistry: {tmp_path / 'm.smi'}"))
    assert (report.counts["pages"], report.rejects) == (len(smiles), {})


def test_documents_and_records_share_a_dataset(tmp_path: Path, dataset: Path) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=50, pages=2)
    sources = f"- documents: {tmp_path / 'docs'}\n- geometry: 3"
    report = run(recipe_of(dataset, sources, "routing: only"))
    text_sources = {row["text_source"] for row in rows(dataset, "pages")}
    assert (report.counts["pages"], text_sources) == (5, {"text_layer", "synthetic"})


@pytest.mark.parametrize("source", ["- geometry: 6", "- tables: 6"])
def test_bytes_depend_on_neither_shards_nor_place(tmp_path: Path, source: str) -> None:
    runs = []
    for shard_pages in (1, 4):
        dataset = tmp_path / f"data{shard_pages}"
        recipe = recipe_of(dataset, source)
        placement = recipe.placement.model_copy(update={"shard_pages": shard_pages})
        run(recipe.model_copy(update={"placement": placement}))
        runs.append(part_names(dataset)["pages"])
    assert runs[0] == runs[1]
