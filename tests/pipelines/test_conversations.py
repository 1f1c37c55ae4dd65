"""Conversations go through the whole run, and load in training code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset
from transformers import AutoProcessor

from pipelines.dataset.overview import inspect_dataset
from schemas.conversations import image_tokens
from schemas.recipe import Recipe, parse_recipe
from tests.checkpoints import make_checkpoint
from tests.pipelines.corpora import prose
from tests.pipelines.datasets import part_names, problems, rows, run_here
from workers.text.measures import count_tokens

LONG, SHORT = 14, 2


def chat_of(seed: int, turns: int) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [
        {"role": roles[n % 2], "content": prose(100 * seed + n, words=60)} for n in range(turns)
    ]


def write_chats(path: Path, *chats: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps({"messages": chat}) + "\n" for chat in chats))
    return path


def recipe_of(dataset: Path, chats: Path, others: str = "") -> Recipe:
    return parse_recipe(
        f"dataset: {dataset}\non_missing: remove\nmax_removed: 1\nraster: {{format: png}}\n"
        f"sources:\n- conversations: {chats}\n  fade: {{text: 2, base: 6}}\n{others}"
    )


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_chats_become_samples_whose_tokens_add_up(tmp_path: Path, dataset: Path) -> None:
    chats = [chat_of(1, LONG), chat_of(2, SHORT)]
    report = run_here(recipe_of(dataset, write_chats(tmp_path / "a.jsonl", *chats)))
    assert problems(dataset) == ()
    assert (report.counts["conversations"], report.counts["pages"], report.rejects) == (2, 0, {})
    assert len(rows(dataset, "documents")) == 2
    samples = {len(row["turns"]): row for row in rows(dataset, "conversations")}
    assert samples[SHORT]["images"] == []
    assert samples[SHORT]["ratio"] == 1
    row = samples[LONG]
    assert [turn["mode"] for turn in row["turns"]] == ["tiny"] * 8 + ["base"] * 4 + ["text"] * 2
    assert [turn["age"] for turn in row["turns"]] == list(range(LONG))[::-1]
    assert [turn["text"] for turn in row["turns"]] == [turn["content"] for turn in chats[0]]
    assert len(row["images"]) == len(row["shown"]) > 1
    for shown in row["shown"]:
        cost = image_tokens(shown["mode"], shown["width"], shown["height"])
        assert shown["vision_tokens"] == cost
    before = sum(count_tokens(turn["content"]) for turn in chats[0])
    left = sum(count_tokens(turn["content"]) for turn in chats[0][-2:])
    assert row["tokens_before"] == before
    assert row["tokens_after"] == left + sum(shown["vision_tokens"] for shown in row["shown"])
    assert row["ratio"] == pytest.approx(before / row["tokens_after"], rel=1e-3)
    inspection = inspect_dataset(str(dataset))
    totals = [sum(r[name] for r in samples.values()) for name in ("tokens_before", "tokens_after")]
    assert list(inspection.conversation_tokens.values()) == totals


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from the processors
def test_a_sample_loads_and_collates_without_special_code(tmp_path: Path, dataset: Path) -> None:
    chats = write_chats(tmp_path / "a.jsonl", chat_of(1, LONG), chat_of(2, LONG))
    run_here(recipe_of(dataset, chats))
    checkpoint = make_checkpoint("granite-docling", tmp_path / "checkpoint")
    processor = AutoProcessor.from_pretrained(checkpoint)
    loaded = load_dataset(str(dataset), split="train", cache_dir=str(tmp_path / "cache"))
    batch = loaded[:]
    prompts = [processor.apply_chat_template(m, tokenize=False) for m in batch["messages"]]
    inputs: Any = processor(text=prompts, images=batch["images"], padding=True, return_tensors="pt")
    assert len(inputs["input_ids"]) == 2
    assert inputs["pixel_values"].shape[1] >= max(len(images) for images in batch["images"])
    assert [p.size for p in batch["images"][0]] == [
        (shown["width"], shown["height"]) for shown in batch["shown"][0]
    ]


def test_a_refresh_adds_and_removes_chats_beside_pages(tmp_path: Path, dataset: Path) -> None:
    path = tmp_path / "a.jsonl"
    one, two, three = (chat_of(seed, 6) for seed in (1, 2, 3))
    charts = "- geometry: 2\n"
    run_here(recipe_of(dataset, write_chats(path, one, two), charts))
    before = part_names(dataset)
    report = run_here(recipe_of(dataset, write_chats(path, two, three), charts))
    assert problems(dataset) == ()
    assert report.pages_read == 1
    assert part_names(dataset)["pages"] == before["pages"]
    texts = {row["turns"][0]["text"] for row in rows(dataset, "conversations")}
    assert texts == {two[0]["content"], three[0]["content"]}
    newest = inspect_dataset(str(dataset)).versions[0]["changes"]["conversations"]
    assert (sum(newest["added"].values()), sum(newest["removed"].values())) == (1, 1)


def test_equal_chats_are_kept_once_and_bad_ones_are_told(tmp_path: Path, dataset: Path) -> None:
    same_chat = [turn | {"name": "another key"} for turn in chat_of(1, 6)]
    path = write_chats(tmp_path / "a.jsonl", chat_of(1, 6), same_chat)
    with path.open("a") as file:
        file.write('{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}\n')
    report = run_here(recipe_of(dataset, path))
    assert problems(dataset) == ()
    assert report.counts["conversations"] == 1
    assert report.rejects == {"corrupt": 1}
    (reject,) = rows(dataset, "rejects")
    assert reject["source_uri"].rpartition("/")[2] == "2"
    assert "part of type 'image_url', which is no text" in reject["detail"]
