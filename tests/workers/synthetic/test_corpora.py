"""Records of every format: streamed and by number, with bad ones among them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import DocumentError
from workers.synthetic.corpora.reading import (
    MAX_TEXT_BYTES,
    Corpus,
    Record,
    fetch_records,
    read_records,
)

COUNT = 300


def gz(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def zst(data: bytes) -> bytes:
    """Two frames, as parallel compressors write."""
    half = len(data) // 2
    codec = pa.Codec("zstd")
    return b"".join(codec.compress(part, asbytes=True) for part in (data[:half], data[half:]))


def written(folder: Path, name: str, data: bytes) -> Corpus:
    path = folder / "copy"
    path.write_bytes(data)
    return Corpus(path, f"s3://bucket/{name}", id_column="id")


def json_lines(count: int = COUNT) -> bytes:
    return b"".join(
        json.dumps({"id": n, "other": "x" * (n % 50), "text": f"text {n} é\ud800\0"}).encode()
        + b"\n"
        for n in range(count)
    )


def parquet(folder: Path, rows: int = COUNT, group: int = 100) -> Corpus:
    columns = {"text": [f"text {n}" for n in range(rows)], "id": list(range(rows)), "x": [0] * rows}
    path = folder / "copy"
    pq.write_table(pa.table(columns), path, row_group_size=group, compression="zstd")
    return Corpus(path, "corpus.parquet", id_column="id")


def corpora(folder: Path) -> dict[str, Corpus]:
    made: dict[str, Callable[[bytes], bytes]] = {"jsonl": bytes, "jsonl.gz": gz, "json.zst": zst}
    found = {}
    for suffix, pack in made.items():
        (folder / suffix).mkdir(exist_ok=True)
        found[suffix] = written(folder / suffix, f"corpus.{suffix}", pack(json_lines()))
    (folder / "parquet").mkdir(exist_ok=True)
    return found | {"parquet": parquet(folder / "parquet")}


def test_records_by_number_are_those_of_the_stream(tmp_path: Path) -> None:
    files = corpora(tmp_path)
    all_records = {kind: list(read_records(corpus)) for kind, corpus in files.items()}
    for kind, records in all_records.items():
        assert [record.number for record in records] == list(range(COUNT)), kind
        assert [record.name for record in records] == [str(n) for n in range(COUNT)]
        assert records[7].text.startswith("text 7")
        assert not any(record.error for record in records)
    assert all_records["jsonl"][3].text == "text 3 é\ud800\0"
    assert all_records["jsonl"] == all_records["jsonl.gz"] == all_records["json.zst"]

    # Requests in any order, across formats, as shards of several files come to one process.
    requests = st.lists(
        st.tuples(st.sampled_from(sorted(files)), st.sets(st.integers(0, COUNT + 5), max_size=8)),
        max_size=6,
    )

    @settings(max_examples=40, deadline=None)
    @given(requests)
    def fetched_alike(asked: list[tuple[str, set[int]]]) -> None:
        for kind, wanted in asked:
            numbers = sorted(wanted)
            records = fetch_records(files[kind], numbers)
            assert [record.number for record in records] == numbers
            for record in records:
                if record.number < COUNT:
                    assert record == all_records[kind][record.number]
                else:
                    assert record.error

    fetched_alike()


def test_neighbouring_requests_go_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """What was read before may be damaged since: it is not read again."""
    corpus = written(tmp_path, "corpus.jsonl.gz", gz(json_lines(20_000)))
    before = corpus.path.stat()
    assert fetch_records(corpus, [15_000])[0].name == "15000"
    data = bytearray(corpus.path.read_bytes())
    data[200:400] = bytes(200)
    corpus.path.write_bytes(data)
    os.utime(corpus.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert fetch_records(corpus, [15_001, 19_999])[1].name == "19999"
    assert fetch_records(corpus, [14_999])[0].error


def test_a_file_that_changed_is_another_file(tmp_path: Path) -> None:
    corpus = written(tmp_path, "corpus.jsonl", json_lines())
    assert fetch_records(corpus, [5])[0].text.startswith("text 5")
    written(tmp_path, "corpus.jsonl", b'{"text": "new"}\n' * 9)
    assert fetch_records(corpus, [5])[0].text == "new"


BAD_LINES = {
    b'{"text": "cut': "line 2: not JSON",
    b'["text"]': "line 2: a JSON list, not an object",
    b'{"id": 1}': "line 2: `text` is missing",
    b'{"text": null}': "line 2: `text` is no string",
    b'{"text": "\xff"}': "line 2: not UTF-8: invalid start byte at byte 10",
    b"[" * 100_000: "line 2: not JSON",
    b'{"text": ' + b"1" * 5000 + b"}": "line 2: not JSON",
    b'{"text": "' + b"x" * (MAX_TEXT_BYTES + 1) + b'"}': "the limit is 4,000,000 bytes; split it",
    b"x" * 33_000_000: "line 2: over 32,000,000 bytes; split it",
}


@pytest.mark.parametrize("bad", BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_bad_line_is_a_record_with_an_error(tmp_path: Path, bad: bytes) -> None:
    data = b'\xef\xbb\xbf{"text": "first"}\r\n' + bad + b'\n\n \n{"text": ""}'
    corpus = written(tmp_path, "corpus.ndjson", data)
    records = list(read_records(corpus))
    assert [(record.number, record.text) for record in records] == [(0, "first"), (1, ""), (4, "")]
    assert [record.error is None for record in records] == [True, False, True]
    error = records[1].error
    assert error
    assert (error.reason, BAD_LINES[bad] in error.detail) == ("corrupt", True)
    assert fetch_records(corpus, [0, 1, 4]) == records
    assert fetch_records(corpus, [2])[0].error


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_records_before_a_truncation_are_read(tmp_path: Path, suffix: str) -> None:
    whole = (gz if suffix == "gz" else zst)(json_lines(20_000))
    corpus = written(tmp_path, f"corpus.jsonl.{suffix}", whole[: len(whole) * 3 // 4])
    *read, last = read_records(corpus)
    assert len(read) > 1000
    assert all(record.error is None for record in read)
    assert last.number == len(read)
    assert last.error
    assert "the compressed data are damaged" in last.error.detail
    assert fetch_records(corpus, [len(read) - 1, len(read)]) == [read[-1], last]
    assert fetch_records(corpus, [19_999])[0].error


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("corpus.jsonl.gz", b"no gzip at all"),
        ("corpus.jsonl.zst", b"no zstd at all"),
        ("corpus.json.gz", gz(b'[\n{"text": "an array"}\n]')),
        ("corpus.parquet", b"PAR1 no parquet PAR1"),
        ("corpus.parquet", b""),
    ],
)
def test_a_file_of_which_nothing_can_be_read_raises(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(DocumentError, match=name) as caught:
        list(read_records(written(tmp_path, name, data)))
    assert caught.value.reason == "corrupt"


def test_rows_around_a_damaged_row_group_are_read(tmp_path: Path) -> None:
    corpus = parquet(tmp_path, rows=3000, group=1000)
    chunk = pq.ParquetFile(corpus.path).metadata.row_group(1).column(0)
    data = bytearray(corpus.path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    data[start : start + 400] = bytes(byte ^ 0x5A for byte in data[start : start + 400])
    corpus.path.write_bytes(data)
    records = list(read_records(corpus))
    assert [r.number for r in records] == [*range(1000), 1000, *range(2000, 3000)]
    assert [r.number for r in records if r.error] == [1000]
    assert fetch_records(corpus, [999, 1000, 1500, 2000])[::3] == [records[999], records[1001]]
    assert all(record.error for record in fetch_records(corpus, [1000, 1500]))


def test_parquet_values_that_are_no_text_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    texts = pa.array([b"good", None, b"\xff", b"x" * (MAX_TEXT_BYTES + 1)], pa.binary())
    broken = pa.Array.from_buffers(pa.string(), len(texts), texts.buffers())
    pq.write_table(pa.table({"body": broken, "key": ["a", "b", "c", None]}), path)
    records = list(read_records(Corpus(path, "corpus.parquet", "body", "key")))
    assert records[0] == Record(0, "good", "a")
    assert [record.error.detail for record in records if record.error] == [
        "row 1: `body` is null",
        "row 2: not UTF-8: invalid start byte at byte 0",
        "row 3: 4,000,001 bytes of text, the limit is 4,000,000 bytes; split it",
    ]
    assert [record.name for record in records] == ["a", "b", "c", None]


@pytest.mark.parametrize(
    ("column", "id_column", "told"),
    [
        ("text", None, "no column `text`; give the source `column:` one of its columns: body, n"),
        ("body", "id", "no column `id`; give the source `id_column:` one of"),
        ("n", None, "column `n` holds double; give the source `column:` one of strings"),
        ("body", "n", "column `n` holds double; give the source `id_column:` one of"),
    ],
)
def test_columns_that_are_not_there_are_named(
    tmp_path: Path, column: str, id_column: str | None, told: str
) -> None:
    pq.write_table(pa.table({"body": ["a"], "n": [1.5]}), tmp_path / "copy")
    corpus = Corpus(tmp_path / "copy", "corpus.parquet", column, id_column)
    for read in (lambda: list(read_records(corpus)), lambda: fetch_records(corpus, [0])):
        with pytest.raises(DocumentError) as caught:
            read()
        assert caught.value.reason == "no_corpus"
        assert told in caught.value.detail


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())],
)
def test_strings_of_every_kind_are_texts(tmp_path: Path, kind: pa.DataType) -> None:
    pq.write_table(pa.table({"text": pa.array(["a", "é"]).cast(kind)}), tmp_path / "copy")
    records = read_records(Corpus(tmp_path / "copy", "corpus.parquet"))
    assert [record.text for record in records] == ["a", "é"]


def test_smiles_lines(tmp_path: Path) -> None:
    data = b"# a comment\nC#N  hydrogen cyanide\n\nCCO\n\xff\n"
    corpus = written(tmp_path, "set.SMI", data)
    records = list(read_records(corpus))
    assert records[:2] == [Record(1, "C#N", "hydrogen cyanide"), Record(3, "CCO")]
    assert records[2].error
    assert records[2].error.detail.startswith("line 5: not UTF-8")
    assert fetch_records(corpus, [1, 3, 4]) == records
    assert fetch_records(corpus, [0])[0].error


def test_a_text_file_is_one_record(tmp_path: Path) -> None:
    corpus = written(tmp_path, "read.me.md", "\ufeff# Title\n\ntext\n".encode())
    assert list(read_records(corpus)) == [Record(0, "# Title\n\ntext\n")]
    assert fetch_records(corpus, [0]) == list(read_records(corpus))
    (large,) = read_records(written(tmp_path, "a.txt", b"x" * (MAX_TEXT_BYTES + 1)))
    assert large.error
    assert large.error.detail.startswith("the file: 4,000,001 bytes of text")


def test_a_name_that_tells_no_format_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        DocumentError, match=r"no_corpus: .*no known format; its name must end in one of \.parquet"
    ):
        list(read_records(written(tmp_path, "corpus.csv", b"")))
