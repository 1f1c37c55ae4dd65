"""The policy `trust` on pages that hide text: from the PDF to the finding of a published row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.run import Report
from schemas.recipe import parse_recipe
from tests.pipelines.corpora import prose
from tests.pipelines.datasets import all_rows, rows, run_verified
from tests.workers.textlayer.hiding import HIDDEN, SHOWN, WAYS, body_page, page_of
from workers.policies import Passage, judge, load


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF of three pages: one in white on white, one with a line off the page, a plain one."""
    folder = tmp_path_factory.mktemp("source")
    document = page_of(WAYS["white on white"]).parent
    document.insert_pdf(page_of(WAYS["off the page"]).parent)
    document.new_page(width=595, height=842)
    for seed, page in enumerate(document):
        page.insert_textbox((60, 580, 540, 830), prose(seed, 80), fontsize=10)
    document.save(folder / "hiding.pdf")
    return folder


def run(dataset: Path, source: Path, trust: str) -> Report:
    return run_with(dataset, source, f"{{trust: {trust}}}")


def run_with(dataset: Path, source: Path, policy: str) -> Report:
    return run_verified(
        parse_recipe(
            f"dataset: {dataset}\nsources: {source}\nrouting: only\n"
            f"raster: {{longest_edge_px: 640}}\npolicies: [{policy}]"
        )
    )


def found(row: dict[str, Any]) -> list[tuple[str, str, str, int, int]]:
    return [
        (f["kind"], f["action"], f["detail"], f["start"], f["end"]) for f in row["findings"] or ()
    ]


def test_a_row_says_what_its_page_hides_and_the_policy_tags_or_rejects_it(
    source: Path, tmp_path: Path
) -> None:
    run(tmp_path, source, "{}")
    tagged = {row["page_index"]: row for row in rows(tmp_path, "pages")}
    assert found(tagged[0]) == [("hidden_text", "tag", "no_ink", 0, 0)]
    assert found(tagged[1]) == [("hidden_text", "tag", "off_page", 0, 0)]
    assert found(tagged[2]) == []
    assert tagged[0]["hidden"]["fragments"] == [HIDDEN]
    assert tagged[2]["hidden"] == {"share": 0, "ways": [], "fragments": []}
    assert all(SHOWN in tagged[index]["text"] for index in (0, 1))
    words = {word for row in tagged.values() for word in row["text"].split()}
    assert not set(HIDDEN.split()) & words

    assert run(tmp_path, source, "{hidden_share: 0.9}").pages_read == 0
    assert [row["findings"] for row in rows(tmp_path, "pages")] == [None] * 3

    report = run(tmp_path, source, "{hidden: reject}")
    assert report.pages_read == 0
    assert [row["page_index"] for row in rows(tmp_path, "pages")] == [2]
    barred = [row for row in rows(tmp_path, "rejects") if row["level"] == "page"]
    assert {(row["stage"], row["reason"], row["detail"]) for row in barred} == {
        ("trust", "untrusted", "hidden_text")
    }

    assert run(tmp_path, source, "{hidden: keep}").pages_read == 0
    assert len(rows(tmp_path, "pages")) == 3
    assert all(not row.get("findings") for table in all_rows(tmp_path).values() for row in table)


def test_personal_data_in_hidden_text_is_masked_too(tmp_path: Path) -> None:
    page = body_page()
    page.insert_text((72, 300), "Write to anna.berg@harbour-office.org", color=(1, 1, 1))
    page.insert_text((72, 330), HIDDEN, fontsize=1)
    (tmp_path / "src").mkdir()
    page.parent.save(tmp_path / "src" / "page.pdf")
    run_with(tmp_path / "data", tmp_path / "src", "{pii: mask}")
    (row,) = rows(tmp_path / "data", "pages")
    assert found(row) == [("email", "mask", "1 beside the text", 0, 0)]
    assert row["hidden"]["ways"] == ["no_ink", "tiny"]
    assert row["hidden"]["fragments"] == [HIDDEN]
    assert "anna.berg" not in json.dumps(all_rows(tmp_path / "data"), default=repr)


def test_a_row_that_says_nothing_of_hidden_text_has_no_finding() -> None:
    steps = parse_recipe("dataset: d\nsources: s\npolicies: [{trust: {hidden_share: 0}}]").policies
    (judgement,) = judge([Passage("A page of an earlier release.")], load(steps))
    assert judgement.applied == ()
