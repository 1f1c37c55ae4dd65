"""Notes: written from a row's page, listed, exported, taken back; the funnel beside them."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.dataset.overview import inspect_dataset
from tests.pipelines.view.browsing import Browser


def test_a_note_is_kept_listed_and_exported(browser: Browser) -> None:
    link = browser.rows("/?order=longest")[0]
    answer = browser.send(browser.open(link), "bad", "a table <b>lost</b> its head")
    assert (answer.status_code, answer.headers["location"]) == (303, link)
    page = browser.open(link)
    assert page.one("button", value="bad")["aria-pressed"] == "true"
    assert page.one("input", name="why")["value"] == "a table <b>lost</b> its head"
    listed = browser.open("/notes")
    assert "1 note" in listed.text
    assert "a table <b>lost</b> its head" in listed.text
    exported = browser.get(listed.link("as JSON lines"))
    assert exported.headers["content-disposition"] == 'attachment; filename="notes.jsonl"'
    (note,) = map(json.loads, exported.text.splitlines())
    assert (note["verdict"], note["version"], note["table"]) == ("bad", 2, "pages")
    assert note["key"] in link


def test_a_note_can_be_changed_and_taken_back(browser: Browser) -> None:
    link = browser.rows("/rejects")[0]
    for verdict in ("bad", "good"):
        browser.send(browser.open(link), verdict)
    assert "1 note" in browser.open("/notes").text
    assert browser.open("/rejects").all("li", class_="good")
    browser.send(browser.open(link), "")
    assert "None yet" in browser.open("/notes").text


def test_a_note_that_says_nothing_known_is_refused(browser: Browser) -> None:
    page = browser.open(browser.rows("/")[0])
    assert browser.send(page, "splendid").status_code == 400
    assert browser.send(page, "good", "x" * 20_000).status_code == 400
    assert "None yet" in browser.open("/notes").text


def test_the_funnel_is_that_of_inspect(browser: Browser, dataset: Path) -> None:
    overview = inspect_dataset(str(dataset))
    page = browser.open("/funnel")
    for step in overview.funnel:
        assert f"{step['pages']:,}" in page.text
    for level, reasons in overview.rejects_by_level.items():
        for reason, count in reasons.items():
            assert reason.replace("_", " ") in page.text
            links = (a["href"] for a in page.all("a"))
            link = next(a for a in links if f"level={level}&reason={reason}" in a)
            assert len(browser.rows(link)) == count
