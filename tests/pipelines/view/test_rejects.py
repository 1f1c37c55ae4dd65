"""Rejects: the reason in words, the picture drawn again, and a duplicate beside its keeper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.pipelines.datasets import rows
from tests.pipelines.view.browsing import Browser


def reject(dataset: Path, reason: str) -> dict[str, Any]:
    return next(row for row in rows(dataset, "rejects") if row["reason"] == reason)


def test_a_duplicate_stands_beside_its_keeper_with_the_difference_marked(
    browser: Browser, dataset: Path
) -> None:
    row = reject(dataset, "duplicate")
    page = browser.open(f"/reject/{row['page_id']}")
    assert "the same content is kept under another id" in page.text
    words = [element.text for element in (*page.all("ins"), *page.all("del"))]
    assert any("zebra" in word for word in words)
    keeper = next(a for a in page.all("a") if row["kept_id"] in a["href"])
    kept = browser.open(keeper["href"])
    assert row["page_id"] in " ".join(a["href"] for a in kept.all("a"))  # dropped for it


def test_a_rejected_page_is_drawn_again(browser: Browser, dataset: Path) -> None:
    row = reject(dataset, "blank")
    page = browser.open(f"/reject/{row['page_id']}")
    assert "nothing is drawn on the page" in page.text
    drawn = browser.get(page.link("picture alone"))
    assert drawn.status_code == 200
    assert drawn.headers["content-type"].startswith("image/")


def test_a_rejected_document_says_why_and_is_not_drawn(browser: Browser, dataset: Path) -> None:
    row = reject(dataset, "not_a_document")
    page = browser.open(f"/reject/{row['doc_id']}")
    assert "of no format that is read, by its bytes" in page.text
    assert row["detail"] in page.text
    assert not page.all("img")
    answer = browser.get(f"/redrawn/{row['doc_id']}")
    assert answer.status_code == 404
    assert "the whole document was rejected" in answer.text
