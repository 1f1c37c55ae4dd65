"""The gallery: a sample of every kind, nothing fetched, texts escaped."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipelines.dataset.gallery import make_gallery
from schemas.errors import DatasetError
from tests.pipelines.datasets import rows, run_here
from tests.pipelines.test_synthetic import recipe_of


class Reader(HTMLParser):
    """The texts in `pre`, the pictures, and the places of the boxes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.images: list[bytes] = []
        self.boxes: list[str] = []
        self._is_text = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._is_text = tag == "pre"
        if tag == "pre":
            self.texts.append("")
        if tag == "img":
            self.images.append(base64.b64decode(str(given["src"]).partition(",")[2]))
        if tag == "div" and "style" in given:
            self.boxes.append(str(given["style"]))

    def handle_endtag(self, tag: str) -> None:
        self._is_text = self._is_text and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self._is_text:
            self.texts[-1] += data


def test_there_are_so_many_samples_of_each_kind_as_they_are_stored(tmp_path: Path) -> None:
    dataset = tmp_path / "data"
    (tmp_path / "a.txt").write_text("<script>alert('&')</script> and so on")
    run_here(recipe_of(dataset, f"- geometry: 3\n- tables: 1\n- text: {tmp_path / 'a.txt'}"))
    html, count = make_gallery(str(dataset), each=2)
    shown = Reader(html)
    stored = {row["text"]: row for row in rows(dataset, "pages")}
    assert count == 4
    assert [stored[text]["engine"] for text in shown.texts] == [
        *("text", "geometry", "geometry", "tables"),
    ]
    assert shown.images == [stored[text]["image"]["bytes"] for text in shown.texts]
    assert len(shown.boxes) == sum(len(stored[text]["blocks"]) for text in shown.texts)
    assert "<script" not in html
    assert not re.search(r"(src|href)=\"(?!data:)", html)


def test_a_dataset_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no published version"):
        make_gallery(str(tmp_path / "data"), each=1)


def test_a_conversation_is_shown_with_its_images_in_place(tmp_path: Path) -> None:
    dataset = tmp_path / "data"
    turns = [
        {"role": role, "content": f"<b>{role}</b> {number}"}
        for number, role in enumerate(("user", "assistant") * 4)
    ]
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": turns}))
    source = f"- conversations: {tmp_path / 'a.jsonl'}\n  fade: {{text: 3, base: 5}}"
    run_here(recipe_of(dataset, source))
    html, count = make_gallery(str(dataset), each=2)
    shown = Reader(html)
    (stored,) = rows(dataset, "conversations")
    assert count == 1
    assert shown.texts == [turn["content"] for turn in turns[-3:]]
    assert shown.images == [image["bytes"] for image in stored["images"]]
    assert html.index("<figure") < html.index("<pre")
    assert "tiny, 64 tokens" in html
