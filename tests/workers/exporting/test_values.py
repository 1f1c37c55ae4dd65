"""Rows that are no plain pages: lists of pictures, what is no number, special tokens."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import tokenizers

from schemas.tables import IMAGE
from workers.exporting.interleaved import interleaved
from workers.exporting.mds import Mds
from workers.exporting.tokens import load_encoder
from workers.exporting.values import json_bytes
from workers.exporting.webdataset import WebDataset

DOC = 64 * "0"
JPEG, PNG = b"\xff\xd8 a jpeg", b"\x89PNG a png"
CHAT = pa.table(
    {
        "page_id": [f"{DOC}/00000"],
        "images": pa.array(
            [[{"bytes": JPEG, "path": "a"}, {"bytes": PNG, "path": "b"}]], pa.list_(IMAGE)
        ),
        "text": ["user: hello"],
        "ratio": pa.array([float("nan")], pa.float32()),
    }
)


def test_the_pictures_of_a_chat_are_numbered_files_of_a_sample(tmp_path: Path) -> None:
    shard = WebDataset("page_id").open(tmp_path, 0)
    assert shard.add(CHAT, 10**9) == 1
    shard.close()
    with tarfile.open(tmp_path / "shard-00000.tar") as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert files == {
        f"{DOC}-00000.000.jpg": JPEG,
        f"{DOC}-00000.001.png": PNG,
        f"{DOC}-00000.json": json_bytes({"page_id": f"{DOC}/00000", "ratio": None}),
        f"{DOC}-00000.txt": b"user: hello",
    }


def test_the_pictures_of_a_chat_are_an_array_in_mds(tmp_path: Path) -> None:
    form = Mds(tuple(CHAT.column_names), "page_id", 100)
    shard = form.open(tmp_path, 0)
    shard.add(CHAT, 10**9)
    shard.close()
    data = (tmp_path / "shard.00000.mds").read_bytes()
    start, end = np.frombuffer(data, "<u4", 2, 4).tolist()
    config = json.loads(data[12:start])
    assert dict(zip(config["column_names"], config["column_encodings"], strict=True)) == {
        "images": "jpeg_array", "page_id": "str", "ratio": "json", "text": "str",
    }  # fmt: skip
    sizes = np.frombuffer(data, "<u4", 4, start).tolist()
    pictures = data[start + 16 : start + 16 + sizes[0]]
    assert np.frombuffer(pictures, "<u4", 3).tolist() == [2, len(JPEG), len(PNG)]
    assert pictures[12:] == JPEG + PNG
    assert data[end - sizes[3] : end] == b"user: hello"
    assert [path.name for path in tmp_path.iterdir()] == ["shard.00000.mds"]


def test_json_has_null_for_what_is_no_number() -> None:
    value = {"a": [1.5, float("nan")], "b": {"c": float("-inf")}, "d": b"\xff", "e": "ü\u2028"}
    assert json.loads(json_bytes(value)) == {
        "a": [1.5, None], "b": {"c": None}, "d": "/w==", "e": "ü\u2028",
    }  # fmt: skip


def test_a_text_that_writes_out_a_special_token_ends_nothing(tmp_path: Path) -> None:
    tokens = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokens.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.train_from_iterator(
        ["words"],
        tokenizers.trainers.BpeTrainer(
            special_tokens=["<|endoftext|>"],
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokens.save(str(tmp_path / "tokenizer.json"))
    encoder = load_encoder(str(tmp_path / "tokenizer.json"), None)
    assert encoder.end == tokens.token_to_id("<|endoftext|>")
    assert encoder.end in tokens.encode("a<|endoftext|>b").ids
    numbers = encoder.encode("a<|endoftext|>b")
    assert encoder.end not in numbers
    assert len(numbers) == len("a<|endoftext|>b")


def test_a_link_to_a_picture_that_is_not_there_leaves_only_text() -> None:
    paths = [f"{DOC}-0000{page}-00.png" for page in range(3)]
    text = (
        f"one\n\n![a](crops/{paths[0]})\n\ntwo ![b](crops/{paths[1]}) three ![c](crops/{paths[2]})"
    )
    document = {"doc_id": DOC, "text": text, "page_indices": [4], "page_offsets": [0]}
    crop = {"doc_id": DOC, "image": {"bytes": PNG, "path": paths[0]}, "crop_id": "x"}
    row = interleaved(document, {paths[0]: crop}, "figures")
    assert row["texts"] == ["one", None, "two  three"]
    assert row["images"] == [None, crop["image"], None]
    assert json.loads(row["metadata"]) == [None, {"crop_id": "x"}, None]
    of_pages = interleaved(document, {"4": {"doc_id": DOC, "image": crop["image"]}}, "pages")
    assert of_pages["texts"][0] is None
    assert "crops/" not in of_pages["texts"][1]
    assert interleaved(document | {"text": " "}, {}, "figures")["texts"] == []
