"""Reservations that servers state in their headers: in crawls, by an index, and of links."""

from __future__ import annotations

import json
from pathlib import Path

from schemas.recipe import Recipe, parse_recipe
from tests.containers import warc_record
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, rows, run_here
from tests.web import Web

BODIES = {f"https://example.org/{n}.pdf": pdf([prose(n)]) for n in range(3)}


def recipe_of(folder: Path, source: str, policy: str = "drop") -> Recipe:
    return parse_recipe(
        f"dataset: {folder}/data\nrouting: only\nrights: {{reserved: {policy}}}\n"
        f"sources:\n- documents: {folder}/{source}\n"
    )


def reserved(folder: Path) -> dict[str, str | None]:
    """What is reserved of each document, by the end of its name; the ledger holds."""
    assert problems(folder / "data") == ()
    found = {
        row["source"]["url"].rpartition("/")[2]: row["source"]["reserved"]
        for row in rows(folder / "data", "inventory")
    }
    rejected = {
        row["source"]["url"].rpartition("/")[2]
        for row in rows(folder / "data", "rejects")
        if row["reason"] == "reserved"
    }
    assert rejected == {name for name, words in found.items() if words}
    return found


def warc_of(headers: dict[str, dict[str, str]]) -> bytes:
    return b"".join(
        warc_record(url, body, headers=headers.get(url)) for url, body in BODIES.items()
    )


def test_a_crawl_says_what_its_servers_reserved_and_a_new_crawl_says_it_anew(
    tmp_path: Path,
) -> None:
    first, second, _ = BODIES
    place = tmp_path / "crawl/crawl.warc.gz"
    place.parent.mkdir()
    place.write_bytes(warc_of({first: {"tdm-reservation": "1"}}))
    run_here(recipe_of(tmp_path, "crawl"))
    assert reserved(tmp_path) == {"0.pdf": "tdm-reservation", "1.pdf": None, "2.pdf": None}
    place.write_bytes(warc_of({second: {"X-Robots-Tag": "noindex, noai"}}))
    report = run_here(recipe_of(tmp_path, "crawl"))
    assert reserved(tmp_path) == {"0.pdf": None, "1.pdf": "noai", "2.pdf": None}
    assert report.pages_read == 0  # the row of the document that comes back is staged


def test_what_a_record_says_that_an_index_names_is_known_with_its_document(tmp_path: Path) -> None:
    first, *_ = BODIES
    records = [
        warc_record(url, body, headers={"X-Robots-Tag": "noai"} if url == first else None)
        for url, body in BODIES.items()
    ]
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl/crawl.warc.gz").write_bytes(b"".join(records))

    def write_index(count: int) -> None:
        offset, lines = 0, []
        for url, record in list(zip(BODIES, records, strict=True))[:count]:
            fields = {
                "url": url, "mime": "application/pdf", "status": "200", "offset": str(offset),
                "filename": "crawl.warc.gz", "length": str(len(record)), "digest": url,
            }  # fmt: skip
            lines.append(f"org,example)/ 20260102030405 {json.dumps(fields)}\n")
            offset += len(record)
        (tmp_path / "index.cdxj").write_text("".join(lines))

    recipe = recipe_of(tmp_path, f"index.cdxj\n  index: {{base: {tmp_path}/crawl}}")
    write_index(2)
    run_here(recipe)
    assert reserved(tmp_path) == {"0.pdf": "noai", "1.pdf": None}
    write_index(3)  # the captures that are known are not fetched again
    run_here(recipe)
    assert reserved(tmp_path) == {"0.pdf": "noai", "1.pdf": None, "2.pdf": None}


def test_a_link_says_what_its_host_reserves_also_when_its_document_stays(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    with Web({"0.pdf": pdf([prose(0)]), "1.pdf": pdf([prose(1)])}) as web:
        assert isinstance(web, Web)
        (tmp_path / "lists/list.txt").write_text(web.links())
        links = "interval_s: 0, timeout_s: 20, networks: [127.0.0.0/8]"
        recipe = recipe_of(tmp_path, f"lists\n  links: {{{links}}}", "keep")
        run_here(recipe)
        assert {row["source"]["reserved"] for row in rows(tmp_path / "data", "pages")} == {None}
        came = web.body_bytes
        web.headers = {"TDM-Reservation": "1"}
        report = run_here(recipe)
        found = {row["source"]["reserved"] for row in rows(tmp_path / "data", "pages")}
        assert (found, report.pages_read) == ({"tdm-reservation"}, 0)
        assert web.body_bytes == came
        assert run_here(recipe).committed is False
        run_here(recipe_of(tmp_path, f"lists\n  links: {{{links}}}"))
        assert reserved(tmp_path) == dict.fromkeys(("0.pdf", "1.pdf"), "tdm-reservation")
