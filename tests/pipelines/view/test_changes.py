"""What changed between two versions: counts, rows, and a row as it was beside what it is."""

from __future__ import annotations

from pathlib import Path

from pipelines.dataset.diff import diff_versions
from pipelines.view.asked import Asked
from pipelines.view.viewing import Viewing
from tests.pipelines.datasets import rows
from tests.pipelines.view.browsing import Browser, Page
from workers.viewing import Filters


def test_the_counts_and_the_rows_are_those_of_diff(browser: Browser, dataset: Path) -> None:
    diff = diff_versions(str(dataset), 1, 2)
    page = browser.open("/changes?from=1&to=2")
    for table, kinds in diff.summary.items():
        for kind, whys in kinds.items():
            for why, count in whys.items():
                link = next(
                    a["href"]
                    for a in page.all("a")
                    if f"rows={table}&change={kind}&why={why}" in a["href"]
                )
                assert len(browser.rows(link)) == count, (table, kind, why)
    assert len(browser.rows("/changes?from=1&to=2")) == len(diff.rows["pages"])


def test_a_change_shows_both_versions_beside_each_other(browser: Browser, dataset: Path) -> None:
    changed = {(r["change"], r["source_uri"].rpartition("/")[2]): r for r in
            diff_versions(str(dataset), 1, 2).rows["pages"]}  # fmt: skip
    for key, has_old in ((("removed", "leaves.pdf"), True), (("added", "comes.pdf"), False)):
        page = browser.open(f"/change?from=1&to=2&id={changed[key]['id']}")
        assert "This version does not have it." in page.text
        pictures = [i["src"] for i in page.all("img")]
        assert [("version=1" in link) for link in pictures] == [has_old]
        assert browser.get(pictures[0]).status_code == 200


def test_a_row_that_stayed_has_the_same_text(browser: Browser) -> None:
    key = browser.rows("/?search=owned")[0].partition("?")[0].removeprefix("/page/")
    page = browser.open(f"/change?from=1&to=2&id={key}")
    assert "The texts are the same, space aside." in page.text
    assert not page.all("ins")


def test_ids_in_a_detail_are_told_by_file_and_page(viewing: Viewing, dataset: Path) -> None:
    page = next(r for r in rows(dataset, "pages") if r["source_uri"].endswith("comes.pdf"))
    asked = Asked(viewing, viewing.at(None), Filters(), {})
    text = f"0.9 like {page['page_id']}, {page['doc_id']}; {'0' * 64}/00000"
    assert asked.named(text) == f"0.9 like comes.pdf, page 1, comes.pdf; {'0' * 64}/00000"


def test_by_default_it_compares_with_the_version_before(browser: Browser) -> None:
    assert "From version 1 to version 2" in browser.open("/changes").text
    assert "one version" not in browser.open("/changes?from=2&to=2").text


def test_wrong_versions_and_rows_are_told(browser: Browser) -> None:
    for link, status in (("/changes?from=1&to=9", 400), ("/change?from=1&to=2&id=x", 404)):
        answer = browser.get(link)
        assert answer.status_code == status
        assert "This cannot be shown" in Page(answer.text).text
