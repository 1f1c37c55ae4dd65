"""`pagefoundry export`: what each format's own library reads back, and what a kill leaves."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
import tokenizers
import webdataset
from PIL import Image

import pagefoundry
from pipelines.cli.export import bytes_of
from pipelines.export import Exported
from schemas.errors import RequestError
from schemas.pages import CROP_LINK
from tests import fork_server
from tests.pipelines.corpora import write_pdf, write_pdfs
from tests.pipelines.datasets import recipe_for, run_here
from tests.pipelines.deep import stage_deep
from tests.pipelines.exports import (
    export_until,
    exported_and_read,
    hashes,
    in_lances_process,
    run_until,
)
from tests.pipelines.exports import exported as quietly
from workers.exporting.destination import MANIFEST, UNDER_WAY
from workers.exporting.formats import FORMATS, Export
from workers.exporting.joined import Interleaved
from workers.exporting.ordered import Ordered
from workers.text.measures import count_tokens

PAGES, DOCUMENTS, CROPS = 14, 5, 15
SHARD_BYTES = 150_000
STREAMING = Path(__file__).parents[2] / ".streaming"

# The library webdataset does not close what it has read.
LEAVES_FILES_OPEN = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 has 12 pages of 4 documents and their crops, version 2 two pages more."""
    folder = tmp_path_factory.mktemp("export")
    corpus = write_pdfs(folder / "corpus", 4, pages=3)
    settings = "routing: only\npublish: {row_group_bytes: 200000}\n"
    recipe = recipe_for(folder / "data", corpus, settings)
    stage_deep(recipe)
    run_here(recipe)
    write_pdf(corpus, "new.pdf", first_seed=900, pages=2)
    stage_deep(recipe, ["new.pdf"])
    run_here(recipe)
    return folder / "data"


def stored(dataset: Path, table: str = "pages") -> dict[str, dict[str, Any]]:
    rows = pagefoundry.open(str(dataset), table=table)
    key = {"pages": "page_id", "documents": "doc_id", "crops": "crop_id"}[table]
    return {row[key]: row for row in rows}


def exported(dataset: Path, destination: Path, form: Any, **settings: Any) -> Exported:
    wanted = Export(str(dataset), form, **{"shard_bytes": SHARD_BYTES, **settings})
    return quietly(wanted, str(destination))


def files(done: Exported) -> list[str]:
    return [f"{done.destination}/{file.name}" for shard in done.shards for file in shard.files]


def lines_of(done: Exported) -> list[dict[str, Any]]:
    return [json.loads(one) for file in files(done) for one in Path(file).read_bytes().splitlines()]


# ---- formats, read back by their own libraries --------------------------------------------------


def test_json_lines(dataset: Path, tmp_path: Path) -> None:
    done = exported(dataset, tmp_path / "out", "jsonl", columns=("page_id", "text", "image"))
    lines = lines_of(done)
    pages = stored(dataset)
    assert len(lines) == done.rows == PAGES
    read = datasets.load_dataset(
        "json", data_files=files(done), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert {row["page_id"]: row["text"] for row in read} == {
        key: row["text"] for key, row in pages.items()
    }
    # The whole folder is read as well, without the manifest.
    whole = datasets.load_dataset(
        str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(whole) == PAGES
    without = exported(dataset, tmp_path / "without", "jsonl")
    [line, *_] = Path(files(without)[0]).read_text().splitlines()
    row = json.loads(line)
    assert {"image", "minhash", "text_hash"} & set(row) == set()
    assert row["blocks"] == pages[row["page_id"]]["blocks"]


@LEAVES_FILES_OPEN
def test_webdataset(dataset: Path, tmp_path: Path) -> None:
    done = exported(dataset, tmp_path / "out", "webdataset")
    assert len(done.shards) > 2
    pages, seen = stored(dataset), []
    for sample in webdataset.WebDataset(files(done), shardshuffle=False):
        row = json.loads(sample["json"])
        page = pages[row["page_id"]]
        [picture] = [sample[kind] for kind in ("jpg", "png", "webp") if kind in sample]
        assert picture == page["image"]["bytes"]
        assert sample["txt"].decode() == page["text"]
        assert row["quality"] == page["quality"]
        seen.append(row["page_id"])
    assert sorted(seen) == sorted(pages)
    for file in files(done):
        with tarfile.open(file) as tar:
            assert {(m.mtime, m.uid, m.uname, m.mode) for m in tar} == {(0, 0, "", 0o644)}


def test_a_shard_ends_with_the_row_that_reaches_the_size(dataset: Path, tmp_path: Path) -> None:
    done = exported(dataset, tmp_path / "out", "webdataset")
    for shard in done.shards[:-1]:
        [file] = shard.files
        with tarfile.open(f"{done.destination}/{file.name}") as tar:
            names = tar.getnames()
            last = tar.getmember(next(n for n in names if n.split(".")[0] == names[-1][:70]))
        assert file.bytes > SHARD_BYTES
        assert last.offset < SHARD_BYTES
    assert [shard.first for shard in done.shards] == np.cumsum(
        [0, *(shard.rows for shard in done.shards[:-1])]
    ).tolist()


def read_mds(folder: Path) -> list[dict[str, bytes]]:
    """Read MDS as https://github.com/mosaicml/streaming lays it out, apart from our writer."""
    samples = []
    for shard in json.loads((folder / "index.json").read_text())["shards"]:
        data = (folder / shard["raw_data"]["basename"]).read_bytes()
        assert len(data) == shard["raw_data"]["bytes"]
        count = int.from_bytes(data[:4], "little")
        assert count == shard["samples"]
        offsets = np.frombuffer(data, "<u4", count + 1, 4).tolist()
        assert offsets[-1] == len(data)
        assert json.loads(data[8 + 4 * count : offsets[0]]).items() <= shard.items()
        names = shard["column_names"]
        assert names == sorted(names)
        for start in offsets[:-1]:
            sizes = np.frombuffer(data, "<u4", len(names), start).tolist()
            ends = (start + 4 * len(names) + np.cumsum([0, *sizes])).tolist()
            samples.append({n: data[ends[i] : ends[i + 1]] for i, n in enumerate(names)})
    return samples


def test_mds(dataset: Path, tmp_path: Path) -> None:
    done = exported(dataset, tmp_path / "out", "mds")
    pages = stored(dataset)
    samples = read_mds(tmp_path / "out")
    assert sorted(sample["page_id"].decode() for sample in samples) == sorted(pages)
    assert len(done.shards) > 2
    for sample in samples:
        page = pages[sample["page_id"].decode()]
        assert sample["image"] == page["image"]["bytes"]
        assert sample["text"].decode() == page["text"]
        assert json.loads(sample["blocks"]) == page["blocks"]
        assert json.loads(sample["copies"]) is None


_READ_BY_STREAMING = """
import hashlib, json, sys, types
import transformers  # before the names below, which it would take for the real package

# Imported by streaming's datasets of labelled pictures alone, and bound to one build of torch.
for name in ("torchvision", "torchvision.datasets", "torchvision.transforms.functional"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["torchvision.datasets"].VisionDataset = object
sys.modules["torchvision.transforms.functional"].to_tensor = None

import streaming

rows = streaming.StreamingDataset(
    local="out", batch_size=1, shuffle=False, validate_hash="sha256"
)
print(json.dumps({
    row["page_id"]: [row["text"], hashlib.sha256(row["image"].tobytes()).hexdigest()]
    for row in rows
}))
"""


def test_mds_by_its_own_library(dataset: Path, tmp_path: Path) -> None:
    if not STREAMING.is_dir():
        pytest.skip("mosaicml-streaming is not installed: make streaming")
    exported(dataset, tmp_path / "out", "mds")
    done = subprocess.run(
        [sys.executable, "-c", _READ_BY_STREAMING], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(STREAMING)},
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    expected = {}
    for key, row in stored(dataset).items():
        picture = Image.open(io.BytesIO(row["image"]["bytes"]))
        expected[key] = [row["text"], hashlib.sha256(picture.tobytes()).hexdigest()]
    assert json.loads(done.stdout.splitlines()[-1]) == expected


def test_lance(dataset: Path, tmp_path: Path) -> None:
    wanted = Export(str(dataset), "lance", shard_bytes=SHARD_BYTES)
    killed, whole, empty = tmp_path / "killed", tmp_path / "whole", tmp_path / "empty"
    assert in_lances_process(run_until, wanted, killed, 4) == -signal.SIGKILL
    nothing = replace(wanted, where="1 = 0")
    exports = [(wanted, str(whole)), (wanted, str(killed)), (nothing, str(empty))]
    (done, again, _), (rows, resumed, none) = in_lances_process(
        exported_and_read, exports, [folder for _, folder in exports]
    )
    assert (len(done.shards) > 2, again.kept_shards) == (True, 1)
    assert (resumed, none) == (rows, [])
    # The files that make a table of the data files have a time in them.
    of_table = ("_versions", "_transactions")
    assert hashes(killed, of_table) == hashes(whole, of_table)
    pages = stored(dataset)
    assert sorted(row["page_id"] for row in rows) == sorted(pages)
    for row in rows:
        page = pages[row["page_id"]]
        assert row == {name: page[name] for name in row}
        assert row["image"]["bytes"] == page["image"]["bytes"]


def test_text_as_nanochat_reads_it(dataset: Path, tmp_path: Path) -> None:
    exported(dataset, tmp_path / "out", "text")
    # As nanochat/dataset.py does: all Parquet files by name, the last one is for validation.
    names = sorted(name for name in os.listdir(tmp_path / "out") if name.endswith(".parquet"))
    assert names == ["shard_00000.parquet", "shard_00001.parquet"]
    texts = []
    for name in names:
        file = pq.ParquetFile(tmp_path / "out" / name)
        for group in range(file.num_row_groups):
            texts.append(file.read_row_group(group).column("text").to_pylist())
    assert [len(one) for one in texts] == [DOCUMENTS - 1, 1]
    documents = stored(dataset, "documents")
    assert sorted(itertools.chain(*texts)) == sorted(row["text"] for row in documents.values())
    column = pq.ParquetFile(tmp_path / "out" / names[0]).metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"


def read_bins(done: Exported) -> list[list[int]]:
    """Read token bins as Megatron-LM's indexed_dataset.py lays them out, apart from our writer."""
    found = []
    for index in (Path(file) for file in files(done) if file.endswith(".idx")):
        data = index.read_bytes()
        assert data[:17] == b"MMIDIDX\x00\x00" + (1).to_bytes(8, "little")
        kind = {8: np.uint16, 4: np.int32}[data[17]]
        sequences, ends = np.frombuffer(data, np.uint64, 2, 18).tolist()
        lengths = np.frombuffer(data, np.int32, sequences, 34)
        starts = np.frombuffer(data, np.int64, sequences, 34 + 4 * sequences)
        documents = np.frombuffer(data, np.int64, ends, 34 + 12 * sequences)
        assert len(data) == 34 + 12 * sequences + 8 * ends
        assert documents.tolist() == list(range(sequences + 1))
        tokens = index.with_suffix(".bin").read_bytes()
        for length, start in zip(lengths.tolist(), starts.tolist(), strict=True):
            found.append(np.frombuffer(tokens, kind, length, start).tolist())
    return found


def test_megatron_with_the_tokenizer_of_the_counts(dataset: Path, tmp_path: Path) -> None:
    done = exported(dataset, tmp_path / "out", "megatron", shard_bytes=2000)
    found = read_bins(done)
    assert len(done.shards) > 1
    documents = stored(dataset, "documents")
    assert sorted(map(len, found)) == sorted(
        1 + count_tokens(row["text"]) for row in documents.values()
    )
    # The special tokens have the numbers below 1,000; 2 is `</s>`.
    assert all(one[-1] == 2 and min(one[:-1]) >= 1000 for one in found)


def write_tokenizer(path: Path, *special: str) -> Path:
    tokens = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokens.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = tokenizers.decoders.ByteLevel()
    tokens.train_from_iterator(
        ["after again against almost"],
        tokenizers.trainers.BpeTrainer(
            special_tokens=list(special),
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokens.save(str(path))
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_megatron_by_its_own_library(dataset: Path, tmp_path: Path) -> None:
    indexed = pytest.importorskip("megatron.core.datasets.indexed_dataset")
    file = write_tokenizer(tmp_path / "tokenizer.json", "<|endoftext|>")
    done = exported(dataset, tmp_path / "out", "megatron", tokenizer=str(file), shard_bytes=2000)
    tokens = tokenizers.Tokenizer.from_file(str(file))
    texts = []
    for prefix in sorted({file.rsplit(".", 1)[0] for file in files(done)}):
        bins = indexed.IndexedDataset(prefix)
        assert bins.index.dtype is np.uint16
        for sequence in bins:
            assert sequence[-1] == tokens.token_to_id("<|endoftext|>")
            texts.append(tokens.decode(sequence[:-1].tolist()))
    assert sorted(texts) == sorted(row["text"] for row in stored(dataset, "documents").values())
    assert [len(one) for one in read_bins(done)]


def test_interleaved_figures_stand_where_the_text_links_them(dataset: Path, tmp_path: Path) -> None:
    done = exported(dataset, tmp_path / "out", "interleaved", shard_bytes=20_000)
    read = datasets.load_dataset(
        "parquet", data_files=files(done), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert (len(read), len(done.shards) > 1) == (DOCUMENTS, True)
    documents, crops = stored(dataset, "documents"), stored(dataset, "crops")
    by_path = {crop["image"]["path"]: crop for crop in crops.values()}
    assert len(by_path) == CROPS
    pictures = 0
    for row in read:
        text = documents[row["doc_id"]]["text"]
        pieces = re.split(r"!\[[^\]]*\]\(crops/([^)]*)\)", text)
        expected = [
            (None, by_path[piece]["crop_id"]) if number % 2 else (piece.strip(), None)
            for number, piece in enumerate(pieces)
            if piece.strip()
        ]
        about = json.loads(row["metadata"])
        assert expected == [
            (part, crop and crop["crop_id"]) for part, crop in zip(row["texts"], about, strict=True)
        ]
        for picture, crop in zip(row["images"], about, strict=True):
            assert (picture is None) == (crop is None)
            if crop is not None:
                pictures += 1
                assert picture.size == (crop["width"], crop["height"])
                assert crop["bbox"] == crops[crop["crop_id"]]["bbox"]
        assert json.loads(row["general_metadata"])["page_count"] in (2, 3)
    assert pictures == CROPS


@LEAVES_FILES_OPEN
def test_interleaved_pages_stand_before_their_text(dataset: Path, tmp_path: Path) -> None:
    done = exported(dataset, tmp_path / "out", "interleaved-webdataset", pictures="pages")
    documents, pages = stored(dataset, "documents"), stored(dataset)
    count = 0
    for sample in webdataset.WebDataset(files(done), shardshuffle=False):
        row = json.loads(sample["json"])
        shown = [page for page in json.loads(row["metadata"]) if page]
        assert [page["page_index"] for page in shown] == documents[row["doc_id"]]["page_indices"]
        assert [text is None for text in row["texts"]] == [True, False] * len(shown)
        for page, name in zip(shown, filter(None, row["images"]), strict=True):
            assert sample[name] == pages[page["page_id"]]["image"]["bytes"]
        for page, text in zip(shown, filter(None, row["texts"]), strict=True):
            assert text == CROP_LINK.sub("", pages[page["page_id"]]["text"]).strip()
        count += 1
    assert count == DOCUMENTS


def test_documents_are_joined_in_stretches(dataset: Path) -> None:
    documents = pagefoundry.open(str(dataset), table="documents")
    pages = pagefoundry.open(str(dataset))
    joined = [
        [
            row
            for table in Interleaved(Ordered(documents, 3), pages, "pages", size).batches(start)
            for row in table.to_pylist()
        ]
        for size, start in ((1, 0), (10**9, 0), (1, 2))
    ]
    assert joined[0] == joined[1]
    assert joined[2] == joined[0][2:]
    assert len(joined[0]) == DOCUMENTS


# ---- which rows, in which order -----------------------------------------------------------------


def order(done: Exported) -> list[str]:
    return [row["page_id"] for row in lines_of(done)]


def test_the_order_follows_from_the_seed(dataset: Path, tmp_path: Path) -> None:
    orders = [
        order(exported(dataset, tmp_path / str(number), "jsonl", seed=seed, shard_bytes=size))
        for number, (seed, size) in enumerate([(0, 1000), (0, 10**9), (1, 10**9)])
    ]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == sorted(stored(dataset))
    assert hashes(tmp_path / "1") != hashes(tmp_path / "2")


def test_rows_are_chosen_by_sql(dataset: Path, tmp_path: Path) -> None:
    condition = (
        "page_index > 0 AND quality['score'] > 0.1 -- of documents with three pages\n"
        "AND doc_id IN (SELECT doc_id FROM documents WHERE page_count = 3)"
    )
    done = exported(dataset, tmp_path / "out", "jsonl", where=condition)
    pages, documents = stored(dataset), stored(dataset, "documents")
    expected = duckdb.from_arrow(pagefoundry.open(str(dataset)).to_table()).filter(
        "page_index > 0 AND quality.score > 0.1"
    )
    keys = {row[0] for row in expected.select("page_id").fetchall()}
    assert set(order(done)) == {
        key for key in keys if documents[pages[key]["doc_id"]]["page_count"] == 3
    }
    assert done.rows == 8
    assert json.loads((tmp_path / "out" / MANIFEST).read_text())["options"]["where"] == condition
    nothing = exported(dataset, tmp_path / "none", "mds", where="language = 'xx'")
    assert (nothing.rows, nothing.shards) == (0, ())
    assert json.loads((tmp_path / "none/index.json").read_text())["shards"] == []
    older = exported(dataset, tmp_path / "old", "jsonl", version=1)
    assert older.rows == PAGES - 2


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "lance"])
def test_an_export_of_no_rows_is_an_empty_one(dataset: Path, tmp_path: Path, form: str) -> None:
    done = exported(dataset, tmp_path / "out", form, where="1 = 0")
    assert (done.rows, done.shards) == (0, ())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"where": "lang = 'en'"},
            "--where \"lang = 'en'\" is no condition .* No field named lang",
        ),
        ({"where": "text_tokens >"}, "is no condition in SQL on the columns of pages: SQL error"),
        ({"where": "1=1); DROP TABLE pages; --"}, "is no condition in SQL"),
        ({"columns": ("txt",)}, "pages has no column 'txt'"),
        ({"table": "rejects"}, "--table rejects cannot be exported; name one of documents, crops"),
        ({"tokenizer": "x.json"}, "--tokenizer and --end-token are for --format megatron"),
        ({"form": "text", "columns": ("text",)}, "text has its own columns; leave --columns out"),
        ({"form": "interleaved", "table": "pages"}, "interleaved is of documents; leave --table"),
        ({"pictures": "pages"}, "--pictures is for --format interleaved, not for jsonl"),
        ({"form": "mds", "shard_bytes": 2**32}, "--shard-bytes of an MDS shard is at most"),
        ({"form": "megatron", "tokenizer": "/none.json"}, "tokenizer: there is no file /none.json"),
        ({"form": "megatron", "end_token": "<end>"}, "has no token '<end>'; it has </s>"),
        ({"version": 9}, "version 9 of .* cannot be opened"),
    ],
)
def test_what_cannot_be_exported_is_named(
    dataset: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        exported(dataset, tmp_path / "out", **{"form": "jsonl", **settings})
    assert not (tmp_path / "out").exists()


def test_the_end_token_is_named_where_a_tokenizer_has_several(
    dataset: Path, tmp_path: Path
) -> None:
    file = write_tokenizer(tmp_path / "tokenizer.json", "</s>", "<|endoftext|>")
    settings: dict[str, Any] = {"form": "megatron", "tokenizer": str(file)}
    with pytest.raises(RequestError, match=r"name it with --end-token, of: </s>, <\|endoftext"):
        exported(dataset, tmp_path / "out", **settings)
    done = exported(dataset, tmp_path / "out", end_token="</s>", **settings)
    assert {one[-1] for one in read_bins(done)} == {0}


# ---- killed, repeated, refused ------------------------------------------------------------------


@pytest.mark.parametrize("form", ["webdataset", "interleaved"])
def test_a_killed_export_ends_with_the_same_bytes(dataset: Path, tmp_path: Path, form: Any) -> None:
    # Some four shards.
    wanted = Export(str(dataset), form, shard_bytes=4_000 if form == "interleaved" else 500_000)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    kills = 0
    # Each run gets as far as a shard in place, and is killed before that is recorded, or later.
    while export_until(wanted, killed, 3 - kills % 2) == -signal.SIGKILL:
        kills += 1
        assert not (killed / MANIFEST).exists()
        assert (killed / UNDER_WAY).exists()
    done = quietly(wanted, str(whole))
    assert kills >= len(done.shards) - 1 > 0
    assert hashes(killed) == hashes(whole)
    assert len(hashes(killed)) == len(done.shards) + 1


def test_the_command_goes_on_and_says_what_it_made(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    wanted = Export(str(dataset), "jsonl", shard_bytes=10_000)
    # Renames: a shard, the record, another shard.
    assert export_until(wanted, out, 3) == -signal.SIGKILL
    line: Sequence[str] = ("export", str(dataset), str(out), "--format", "jsonl")
    done = fork_server.call(*line, "--shard-bytes", "10kB", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    manifest = json.loads((out / MANIFEST).read_text())
    assert (result["rows"], result["kept_shards"]) == (PAGES, 1)
    assert manifest["shards"] == result["shards"]
    assert manifest["options"]["version"] == 2
    assert not (out / UNDER_WAY).exists()
    for shard in manifest["shards"]:
        for file in shard["files"]:
            assert hashes(out)[file["name"]] == file["sha256"]
    before = hashes(out)
    # Once more: all is there. Another seed: refused. A shard was lost: it is made again.
    assert exported(dataset, out, "jsonl", shard_bytes=10_000).kept_shards == len(result["shards"])
    refused = fork_server.call(*line, "--shard-bytes", "10kB", "--seed", "1")
    assert refused.returncode == 2
    assert "these differ: seed 0 -> 1; name another destination" in refused.stderr
    (out / result["shards"][1]["files"][0]["name"]).unlink()
    assert exported(dataset, out, "jsonl", shard_bytes=10_000).kept_shards == 1
    assert hashes(out) == before


def test_an_export_goes_on_with_the_version_it_began_with(dataset: Path, tmp_path: Path) -> None:
    old = Export(str(dataset), "jsonl", version=1, shard_bytes=10_000)
    assert export_until(old, tmp_path / "out", 3) == -signal.SIGKILL
    done = exported(dataset, tmp_path / "out", "jsonl", shard_bytes=10_000)
    assert (done.options["version"], done.rows) == (1, PAGES - 2)
    with pytest.raises(RequestError, match="these differ: version 1 -> 2"):
        exported(dataset, tmp_path / "out", "jsonl", shard_bytes=10_000)


def test_a_folder_with_other_files_is_left_as_it_is(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RequestError, match=r"has other files, such as mine\.txt; an export needs"):
        exported(dataset, tmp_path, "jsonl")
    with pytest.raises(RequestError, match="is a file, and an export is a folder"):
        exported(dataset, tmp_path / "mine.txt", "jsonl")
    assert list(hashes(tmp_path)) == ["mine.txt"]


@pytest.mark.parametrize(
    ("text", "size"), [("500MB", 500_000_000), ("2 GiB", 2**31), ("1.5k", 1500), ("7", 7)]
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "0", "MB", "-1MB", "1 TBx"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="is no size; write it as 500MB or 2GiB"):
        bytes_of(text)
