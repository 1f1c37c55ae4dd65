"""Read a published dataset as consumers do: with their libraries, without our code."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import torch
from deltalake import DeltaTable
from PIL import Image

from schemas.tables import TABLES
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import recipe_for, run_here
from tests.pipelines.deep import stage_deep

PAGES, DOCUMENTS = 24, 12


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 has 20 pages of 10 documents, version 2 has 24 of 12: one document was changed, and
    two came, so that parts of version 1 were retired."""
    folder = tmp_path_factory.mktemp("consumers")
    recipe = recipe_for(
        folder / "data", folder / "corpus", "routing: only\npublish: {row_group_bytes: 200000}\n"
    )
    for number in range(10):
        write_pdf(folder / "corpus", f"{number}.pdf", first_seed=10 * number, pages=2)
    run_here(recipe)
    write_pdf(folder / "corpus", "0.pdf", first_seed=500, pages=2)
    for number in range(10, 12):
        write_pdf(folder / "corpus", f"{number}.pdf", first_seed=10 * number, pages=2)
    run_here(recipe)
    return folder / "data"


def current(dataset: Path, table: str = "pages") -> list[str]:
    """The parts of the newest version."""
    return DeltaTable(dataset / table).file_uris()


def test_the_bare_glob_sees_rows_that_are_no_more(dataset: Path) -> None:
    paths = {str(path) for path in dataset.glob("pages/data/*.parquet")}
    assert len(paths) > len(current(dataset))
    assert sum(pq.ParquetFile(path).metadata.num_rows for path in paths) > PAGES


@pytest.mark.parametrize("table", TABLES)
def test_huggingface_datasets_finds_in_the_card_what_it_would_write_itself(
    dataset: Path, tmp_path: Path, table: str
) -> None:
    datasets = pytest.importorskip("datasets")
    from datasets.info import DatasetInfosDict

    infos = DatasetInfosDict.from_directory(str(dataset))
    if not current(dataset, table):
        assert table not in infos
        return
    info = infos[table]
    schema = pq.read_schema(current(dataset, table)[0])
    assert info.features == datasets.Features.from_arrow_schema(schema)
    # `datasets` compares the number of rows with what the card says.
    loaded = datasets.load_dataset(str(dataset), table, split="train", cache_dir=str(tmp_path))
    assert loaded.num_rows == info.splits["train"].num_examples
    assert loaded.num_rows == DeltaTable(dataset / table).to_pyarrow_dataset().count_rows()
    assert info.download_size == sum(Path(part).stat().st_size for part in current(dataset, table))


def test_the_lines_of_the_card_load_the_current_rows(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("datasets")
    monkeypatch.chdir(dataset.parent)
    programs = [part.partition("```")[0] for part in card_of(dataset).split("```python\n")[1:]]
    for program in programs:
        if "import ray" not in program:
            assert len(loaded_by(program)) == PAGES, program


def card_of(dataset: Path) -> str:
    return (dataset / "README.md").read_text()


def loaded_by(program: str) -> Any:
    """What a program calls `pages`."""
    names: dict[str, Any] = {}
    exec(program, names)
    return names["pages"]


def test_huggingface_datasets_shows_pictures(dataset: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(dataset), "pages", split="train", cache_dir=str(tmp_path))
    assert loaded.num_rows == PAGES
    row = loaded[0]
    assert isinstance(row["image"], Image.Image)
    assert row["image"].size == (row["width"], row["height"])
    texts = datasets.load_dataset(
        str(dataset), "documents", split="train", cache_dir=str(tmp_path), streaming=True
    )
    assert sum(1 for _ in texts) == DOCUMENTS


def test_duckdb_reads_the_parts(dataset: Path) -> None:
    pages = duckdb.read_parquet(current(dataset))
    results = pages.aggregate(
        "count(*), count(distinct page_id), sum(text_tokens), min(octet_length(image.bytes))"
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
    pages = ds.dataset(current(dataset), format="parquet")
    table = pages.to_table(columns=["page_id", "text"], filter=ds.field("page_index") == 0)
    assert table.num_rows == PAGES // 2


def test_deltalake_reads_older_versions(dataset: Path) -> None:
    newest = DeltaTable(dataset / "pages")
    assert newest.to_pyarrow_dataset().count_rows() == PAGES
    older = DeltaTable(dataset / "pages", version=newest.version() - 1)
    assert older.to_pyarrow_dataset().count_rows() == 20


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
def test_ray_data_reads_the_parts(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    ray.data.DataContext.get_current().enable_progress_bars = False
    (program,) = [
        part.partition("```")[0]
        for part in card_of(dataset).split("```python\n")
        if "import ray" in part
    ]
    monkeypatch.chdir(dataset.parent)
    read = loaded_by(program)
    assert read.count() == PAGES
    row = read.take(1)[0]
    assert Image.open(io.BytesIO(row["image"]["bytes"])).size == (row["width"], row["height"])


class _Pages(torch.utils.data.IterableDataset):  # type: ignore[misc,type-arg]
    """Divides row groups among the loader's workers."""

    def __init__(self, paths: list[str]) -> None:
        self.groups = [
            (path, group)
            for path in sorted(paths)
            for group in range(pq.ParquetFile(path).num_row_groups)
        ]

    def __iter__(self) -> Iterator[tuple[int, str, int]]:
        worker = torch.utils.data.get_worker_info()
        assert worker is not None
        for path, group in self.groups[worker.id :: worker.num_workers]:
            for row in pq.ParquetFile(path).read_row_group(group).to_pylist():
                picture = Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")
                yield worker.id, row["page_id"], picture.width


def test_a_torch_loader_over_two_workers_sees_every_page_once(dataset: Path) -> None:
    loader = torch.utils.data.DataLoader(
        _Pages(current(dataset)),
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
    paths = sorted(current(dataset, "documents"))
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
    datasets = pytest.importorskip("datasets")
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
    datasets = pytest.importorskip("datasets")
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
