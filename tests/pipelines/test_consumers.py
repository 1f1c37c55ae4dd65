"""Read a published dataset as consumers do: with their libraries, without our code."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import torch
from deltalake import DeltaTable, QueryBuilder
from PIL import Image

import pagefoundry
from pipelines.dataset.state import load_snapshot
from pipelines.dataset.vacuum import Retention, vacuum_dataset
from schemas.tables import TABLES
from tests.docs.pages import ALL_BLOCKS
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import recipe_for, run_here
from tests.pipelines.deep import stage_deep
from tests.pipelines.torch_pages import TorchPages

REFRESHES = 5
PAGES, DOCUMENTS = 24, 12


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 has 24 pages of 12 documents; each of five refreshes replaces a document."""
    return refreshed(tmp_path_factory.mktemp("consumers"), DOCUMENTS)


def refreshed(folder: Path, documents: int) -> Path:
    """A dataset of documents of two pages each; each of five refreshes replaces a document."""
    corpus = folder / "corpus"
    recipe = recipe_for(
        folder / "data",
        corpus,
        "routing: only\non_missing: remove\npublish: {row_group_bytes: 200000}\n",
    )
    for number in range(documents):
        write_pdf(corpus, f"{number}.pdf", first_seed=10 * number, pages=2)
    run_here(recipe)
    for number in range(REFRESHES):
        (corpus / f"{number}.pdf").unlink()
        write_pdf(corpus, f"new-{number}.pdf", first_seed=1000 + 10 * number, pages=2)
        run_here(recipe)
    return folder / "data"


@pytest.fixture(scope="module")
def current(dataset: Path) -> set[str]:
    """The ids of the newest version's pages."""
    snapshot = load_snapshot(str(dataset))
    assert snapshot is not None
    columns = snapshot.columns("pages", ["page_id"])
    assert columns is not None
    ids = set(columns["page_id"].to_pylist())
    assert len(ids) == snapshot.metadata["counts"]["pages"] == PAGES
    return ids


# ---- current rows only, after five refreshes ----------------------------------------------------


def _by_datasets(dataset: Path) -> list[str]:
    rows = datasets.load_dataset(
        str(dataset), "pages", split="train", cache_dir=str(dataset.parent / "cache")
    )
    return list(rows["page_id"])


def _by_datasets_streaming(dataset: Path) -> list[str]:
    rows = datasets.load_dataset(str(dataset), "pages", split="train", streaming=True)
    return [row["page_id"] for row in rows.select_columns("page_id")]


def _by_pandas(dataset: Path) -> list[str]:
    return list(DeltaTable(dataset / "pages").to_pandas(columns=["page_id"])["page_id"])


def _by_polars(dataset: Path) -> list[str]:
    return list(pl.scan_delta(str(dataset / "pages")).select("page_id").collect()["page_id"])


def _by_duckdb(dataset: Path) -> list[str]:
    parts = DeltaTable(dataset / "pages").file_uris()
    rows = duckdb.sql(f"select page_id from read_parquet({parts})")
    return [page_id for (page_id,) in rows.fetchall()]


def _by_arrow(dataset: Path) -> list[str]:
    rows = DeltaTable(dataset / "pages").to_pyarrow_dataset()
    return list(rows.to_table(columns=["page_id"])["page_id"].to_pylist())


def _by_sql_of_deltalake(dataset: Path) -> list[str]:
    query = QueryBuilder().register("pages", DeltaTable(dataset / "pages"))
    return list(pa.table(query.execute("select page_id from pages"))["page_id"].to_pylist())


def _by_spark(dataset: Path) -> list[str]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.pipelines.spark_reader", str(dataset)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def _by_croissant(dataset: Path) -> list[str]:
    import mlcroissant  # late: it takes a second

    described = mlcroissant.Dataset(jsonld=str(dataset / "croissant.json"))
    issues = described.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    rows = list(described.records("pages"))
    sizes = {(row["pages/width"], row["pages/height"]) for row in rows}
    assert {row["pages/image"].size for row in rows} == sizes
    return [row["pages/page_id"].decode() for row in rows]


def _by_pagefoundry(dataset: Path) -> list[str]:
    return [row["page_id"] for row in pagefoundry.open(str(dataset)).select("page_id")]


@pytest.mark.parametrize(
    "read",
    [
        _by_datasets, _by_datasets_streaming, _by_pandas, _by_polars, _by_duckdb, _by_arrow,
        _by_sql_of_deltalake, _by_spark, _by_croissant, _by_pagefoundry,
    ],
)  # fmt: skip
# mlcroissant uses what rdflib and pandas are giving up.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_readers_see_current_rows_alone(
    dataset: Path, current: set[str], read: Callable[[Path], list[str]]
) -> None:
    found = read(dataset)
    assert len(found) == PAGES
    assert set(found) == current


def test_the_bare_glob_sees_older_rows_too(dataset: Path, current: set[str]) -> None:
    """As docs/data.md says, which also says why it must."""
    rows = duckdb.sql(f"select page_id from '{dataset}/pages/data/*.parquet'").fetchall()
    assert {page_id for (page_id,) in rows} > current
    vacuumed = dataset.parent / "vacuumed"
    shutil.copytree(dataset, vacuumed)
    vacuum_dataset(str(vacuumed), Retention(versions=1))
    rows = duckdb.sql(f"select page_id from '{vacuumed}/pages/data/*.parquet'").fetchall()
    assert sorted(page_id for (page_id,) in rows) == sorted(current)


@pytest.mark.parametrize("table", TABLES)
def test_huggingface_datasets_finds_in_the_card_what_it_would_write_itself(
    dataset: Path, tmp_path: Path, table: str
) -> None:
    from datasets.info import DatasetInfosDict

    infos = DatasetInfosDict.from_directory(str(dataset))
    if not parts_of(dataset, table):
        assert table not in infos
        return
    info = infos[table]
    schema = pq.read_schema(parts_of(dataset, table)[0])
    assert info.features == datasets.Features.from_arrow_schema(schema)
    # `datasets` compares the number of rows with what the card says.
    loaded = datasets.load_dataset(str(dataset), table, split="train", cache_dir=str(tmp_path))
    assert loaded.num_rows == info.splits["train"].num_examples
    assert loaded.num_rows == DeltaTable(dataset / table).to_pyarrow_dataset().count_rows()
    assert info.download_size == sum(Path(part).stat().st_size for part in parts_of(dataset, table))


def test_the_lines_of_the_card_load_the_current_rows(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(dataset.parent)
    programs = [part.partition("```")[0] for part in card_of(dataset).split("```python\n")[1:]]
    for program in programs:
        if "import ray" not in program:
            assert len(loaded_by(program)) == PAGES, program


def parts_of(dataset: Path, table: str) -> list[str]:
    """The parts of the newest version."""
    return DeltaTable(dataset / table).file_uris()


def card_of(dataset: Path) -> str:
    return (dataset / "README.md").read_text()


def loaded_by(program: str) -> Any:
    """What a program calls `pages`."""
    names: dict[str, Any] = {}
    exec(program, names)
    return names["pages"]


# ---- what they see of a row ---------------------------------------------------------------------


def test_huggingface_datasets_shows_pictures(dataset: Path, tmp_path: Path) -> None:
    loaded = datasets.load_dataset(str(dataset), "pages", split="train", cache_dir=str(tmp_path))
    assert loaded.num_rows == PAGES
    row = loaded[0]
    assert isinstance(row["image"], Image.Image)
    assert row["image"].size == (row["width"], row["height"])
    texts = datasets.load_dataset(
        str(dataset), "documents", split="train", cache_dir=str(tmp_path), streaming=True
    )
    assert sum(1 for _ in texts) == DOCUMENTS


def test_duckdb_reads_pictures_and_structs(dataset: Path) -> None:
    parts = DeltaTable(dataset / "pages").file_uris()
    results = duckdb.sql(
        "select count(*), count(distinct page_id), sum(text_tokens), "
        f"min(octet_length(image.bytes)) from read_parquet({parts})"
    ).fetchall()
    count, distinct, tokens, smallest = results[0]
    assert (count, distinct) == (PAGES, PAGES)
    assert tokens > 0
    assert smallest > 1000


def test_polars_reads_the_delta_table(dataset: Path) -> None:
    frame = pl.scan_delta(str(dataset / "pages")).select("page_id", "text", "compression").collect()
    assert frame["page_id"].n_unique() == PAGES
    assert frame["compression"].min() > 0


def test_pyarrow_filters_without_reading_images(dataset: Path) -> None:
    pages = DeltaTable(dataset / "pages").to_pyarrow_dataset()
    table = pages.to_table(columns=["page_id", "text"], filter=ds.field("page_index") == 0)
    assert table.num_rows == PAGES // 2


def test_deltalake_reads_older_versions(dataset: Path) -> None:
    newest = DeltaTable(dataset / "pages")
    assert newest.to_pyarrow_dataset().count_rows() == PAGES
    older = DeltaTable(dataset / "pages", version=newest.version() - 1)
    assert older.to_pyarrow_dataset().count_rows() == PAGES
    first = DeltaTable(dataset / "pages", version=newest.version() - REFRESHES)
    names = first.to_pyarrow_dataset().to_table(columns=["source_uri"])["source_uri"]
    assert not any("new-" in name for name in names.to_pylist())


def test_pages_say_so_in_their_parquet_files(dataset: Path) -> None:
    for path in dataset.glob("pages/data/*.parquet"):
        file = pq.ParquetFile(path)
        columns = {
            file.metadata.row_group(0).column(index).path_in_schema: file.metadata.row_group(
                0
            ).column(index)
            for index in range(file.metadata.num_columns)
        }
        assert b"huggingface" in file.schema_arrow.metadata
        assert "RLE_DICTIONARY" not in columns["text"].encodings
        assert columns["text"].compression == "ZSTD"
        assert columns["page_id"].has_offset_index


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray Data warns about its own settings
@pytest.mark.usefixtures("local_ray")
def test_ray_data_reads_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the lines of the card, and by those of the documentation, which read `demo/data`."""
    ray = pytest.importorskip("ray")
    ray.data.DataContext.get_current().enable_progress_bars = False
    dataset = refreshed(tmp_path / "demo", documents=REFRESHES)
    (program,) = [
        part.partition("```")[0]
        for part in card_of(dataset).split("```python\n")
        if "import ray" in part
    ]
    monkeypatch.chdir(dataset.parent)
    read = loaded_by(program)
    rows = read.take_all()
    assert len(rows) == 2 * REFRESHES
    assert len({row["page_id"] for row in rows}) == 2 * REFRESHES
    assert all("new-" in row["source_uri"] for row in rows)
    row = rows[0]
    assert Image.open(io.BytesIO(row["image"]["bytes"])).size == (row["width"], row["height"])
    monkeypatch.chdir(tmp_path)
    programs = [block.text for block in ALL_BLOCKS if block.mark == "run: ray"]
    assert programs
    for program in programs:
        exec(program, {})


def test_a_torch_loader_over_two_workers_sees_every_page_once(dataset: Path) -> None:
    loader = torch.utils.data.DataLoader(
        TorchPages(dataset / "pages"),
        batch_size=None,
        num_workers=2,
        multiprocessing_context="spawn",
    )
    pages = list(loader)
    assert sorted({page_id for _, page_id, _ in pages}) == sorted(
        page_id for _, page_id, _ in pages
    )
    assert len(pages) == PAGES
    assert {worker for worker, _, _ in pages} == {0, 1}


def test_a_text_trainer_striding_over_row_groups_feeds_every_rank(dataset: Path) -> None:
    paths = DeltaTable(dataset / "documents").file_uris()
    fed = []
    for rank in range(8):
        rows = 0
        position = 0
        for path in paths:
            file = pq.ParquetFile(path)
            for group in range(file.num_row_groups):
                if position % 8 == rank:
                    texts = file.read_row_group(group, columns=["text"])["text"].to_pylist()
                    rows += sum(len(text) > 100 for text in texts)
                position += 1
        fed.append(rows)
    assert sum(fed) == DOCUMENTS
    assert min(fed) >= 1


@pytest.fixture(scope="module")
def deep_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pages with six crops."""
    folder = tmp_path_factory.mktemp("consumers-deep")
    for number in range(2):
        write_pdf(folder / "corpus", f"{number}.pdf", first_seed=10 * number, pages=3)
    recipe = recipe_for(folder / "data", folder / "corpus", "routing: only\n")
    stage_deep(recipe)
    run_here(recipe)
    return folder / "data"


def test_huggingface_datasets_shows_the_pictures_of_crops(
    deep_dataset: Path, tmp_path: Path
) -> None:
    crops = datasets.load_dataset(
        str(deep_dataset), "crops", split="train", cache_dir=str(tmp_path)
    )
    assert crops.num_rows == 6
    for row in crops:
        assert row["image"].size == (row["width"], row["height"])
    pages = datasets.load_dataset(
        str(deep_dataset), "pages", split="train", cache_dir=str(tmp_path)
    )
    assert pages.num_rows == 6
    assert set(crops["page_id"]) <= set(pages["page_id"])


def test_a_dataset_without_crops_names_no_such_configuration(dataset: Path, tmp_path: Path) -> None:
    names = datasets.get_dataset_config_names(str(dataset))
    assert sorted(names) == ["documents", "inventory", "pages"]


def test_duckdb_joins_crops_to_their_pages(deep_dataset: Path) -> None:
    results = duckdb.sql(
        "select c.label, count(*), min(octet_length(c.image.bytes)), "
        "bool_and(contains(p.text, c.image.path)) "
        f"from '{deep_dataset}/crops/data/*.parquet' c "
        f"join '{deep_dataset}/pages/data/*.parquet' p using (page_id) group by 1 order by 1"
    ).fetchall()
    assert [(label, count, linked) for label, count, _, linked in results] == [
        ("chart", 2, True),
        ("figure", 4, True),
    ]
    assert min(smallest for _, _, smallest, _ in results) > 100


def test_polars_reads_crops(deep_dataset: Path) -> None:
    frame = pl.scan_delta(str(deep_dataset / "crops")).filter(pl.col("reason").is_null()).collect()
    assert sorted(frame["text"].unique()) == ["what the figure shows"]
