"""What changed between two versions: counts, rows, and a row as it was beside what it is."""

from __future__ import annotations

from pathlib import Path

from pipelines.dataset.diff import diff_versions
from tests.pipelines.view.browsing import Browser, Page


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
    rows = {(r["change"], r["source_uri"].rpartition("/")[2]): r for r in
            diff_versions(str(dataset), 1, 2).rows["pages"]}  # fmt: skip
    for key, has_old in ((("removed", "leaves.pdf"), True), (("added", "comes.pdf"), False)):
        page = browser.open(f"/change?from=1&to=2&id={rows[key]['id']}")
        assert "This version does not have it." in page.text
        pictures = [i["src"] for i in page.all("img")]
        assert [("version=1" in link) for link in pictures] == [has_old]
        assert browser.get(pictures[0]).status_code == 200


def test_a_row_that_stayed_has_the_same_text(browser: Browser) -> None:
    key = browser.rows("/?search=owned")[0].partition("?")[0].removeprefix("/page/")
    page = browser.open(f"/change?from=1&to=2&id={key}")
    assert "The texts are the same." in page.text
    assert not page.all("ins")


def test_by_default_it_compares_with_the_version_before(browser: Browser) -> None:
    assert "From version 1 to version 2" in browser.open("/changes").text
    assert "one version" not in browser.open("/changes?from=2&to=2").text


def test_wrong_versions_and_rows_are_told(browser: Browser) -> None:
    for link, status in (("/changes?from=1&to=9", 400), ("/change?from=1&to=2&id=x", 404)):
        answer = browser.get(link)
        assert answer.status_code == status
        assert "This cannot be shown" in Page(answer.text).text
