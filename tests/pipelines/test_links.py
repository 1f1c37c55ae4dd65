"""A corpus behind links: the same pages as its folder, and refreshes that ask and fetch no more."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pymupdf
import pytest
from rich.console import Console

from cluster.progress import meter
from cluster.session import IN_PROCESS, open_session
from pipelines.dataset.vacuum import Retention, vacuum_dataset
from pipelines.inventory import Inventory, take_inventory
from pipelines.planning.plan import Options, plan_run
from schemas.errors import SourceError
from schemas.inventory import Document
from schemas.recipe import Recipe, parse_recipe
from tests.containers import Corpus, as_folder, warc_record, zip_of
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, rows, run_here
from tests.web import Web, leads_to, says

NAMES = ("one.pdf", "deep/two.pdf", "three.pdf", "four.pdf")
HERE = "interval_s: 0, timeout_s: 20, networks: [127.0.0.0/8, '::1/128']"


def document(seed: int, pages: int = 1) -> bytes:
    made = pymupdf.open("pdf", pdf([prose(2000 * seed + page) for page in range(pages)]))
    return bytes(made.tobytes(no_new_id=True, garbage=3))


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    return {name: document(seed, 1 + seed % 2) for seed, name in enumerate(NAMES)}


@pytest.fixture
def web(corpus: Corpus) -> Iterator[Web]:
    with Web(corpus) as server:
        assert isinstance(server, Web)
        yield server


def recipe_of(folder: Path, links: str = HERE, extra: str = "", source: str = "") -> Recipe:
    return parse_recipe(
        f"dataset: {folder}/data\nrouting: only\n{extra}sources:\n"
        f"- documents: {folder}/list.txt\n  links: {{{links}}}\n{source}"
    )


def write_list(folder: Path, text: str) -> None:
    (folder / "list.txt").write_text(text)


def taken(recipe: Recipe, known: list[Document], staging: Path | None = None) -> Inventory:
    with (
        open_session(IN_PROCESS) as session,
        meter(Console(file=io.StringIO()), "inventory", "files") as progress,
    ):
        return take_inventory(recipe, known, staging and str(staging), session, progress)


def uris(documents: list[Document]) -> set[str]:
    return {file.uri for document in documents for file in document.files}


def test_links_give_the_same_pages_as_the_folder(corpus: Corpus, web: Web, tmp_path: Path) -> None:
    as_folder(corpus, tmp_path / "plain/corpus")
    plain = parse_recipe(
        f"dataset: {tmp_path}/plain/data\nrouting: only\n"
        f"sources: [{{documents: {tmp_path}/plain/corpus}}]"
    )
    run_here(plain)
    write_list(tmp_path, f"# the corpus\n\n{web.links()}{web.root}/one.pdf#page=2 # twice\n")
    recipe = recipe_of(tmp_path)
    report = run_here(recipe)
    data, folder = rows(tmp_path / "data", "pages"), rows(tmp_path / "plain/data", "pages")
    for row, other in zip(data, folder, strict=True):
        assert row.pop("source")["url"] == row["source_uri"]
        assert other.pop("source") is None
        place = row.pop("source_uri").removeprefix(web.root)
        assert place == other.pop("source_uri").removeprefix(f"{tmp_path}/plain/corpus")
        assert row == other
    assert problems(tmp_path / "data") == ()
    assert report.counts["rejects"] == 0
    assert web.asked("/robots.txt") == 1
    assert web.body_bytes == sum(map(len, corpus.values()))

    # The next run asks for each again, by its etag, and nothing comes.
    web.requests.clear()
    again = run_here(recipe)
    assert (again.committed, again.pages_read) == (False, 0)
    assert web.body_bytes == sum(map(len, corpus.values()))
    asked = {r.path: r.headers.get("if-none-match") for r in web.requests}
    assert asked.pop("/robots.txt") is None
    assert set(asked) == set(web.files)
    assert all(asked.values())


def test_a_refresh_fetches_what_is_new(corpus: Corpus, web: Web, tmp_path: Path) -> None:
    write_list(tmp_path, web.links())
    recipe = recipe_of(tmp_path, extra="on_missing: remove\n")
    before = taken(recipe, [])
    assert uris(before.documents) == {f"{web.root}/{name}" for name in NAMES}
    assert before.bytes_fetched == sum(map(len, corpus.values()))

    same = taken(recipe, before.documents)
    assert (same.documents, same.examined) == (before.documents, 0)
    assert (same.bytes_fetched, same.bytes_read) == (0, 2 * len(web.links()))  # the list

    # one is other, four has another name, two is gone, and seven is new
    del web.files["/deep/two.pdf"]
    web.files["/renamed.pdf"] = web.files.pop("/four.pdf")
    web.files |= {"/one.pdf": document(50), "/seven.pdf": document(51, 2)}
    write_list(tmp_path, f"{web.root}/deep/two.pdf\n{web.links()}")
    web.body_bytes = 0
    now = taken(recipe, before.documents)
    news = [web.files[f"/{name}.pdf"] for name in ("one", "seven", "renamed")]
    assert web.body_bytes == now.bytes_fetched == sum(map(len, news))
    assert now.examined == len(news)
    gone = [d for d in now.documents if d.reason]
    assert [(d.source_uri, d.reason) for d in gone] == [(f"{web.root}/deep/two.pdf", "not_fetched")]
    as_folder({name[1:]: data for name, data in web.files.items()}, tmp_path / "plain")
    plain = parse_recipe(f"dataset: {tmp_path}/x\nsources: [{{documents: {tmp_path}/plain}}]")
    ids = [d.doc_id for d in taken(plain, []).documents]
    assert sorted(d.doc_id for d in now.documents if not d.reason) == ids
    assert now.documents == taken(recipe, []).documents  # as if nothing had been known
    four = next(d for d in now.documents if d.source_uri.endswith("renamed.pdf"))
    assert len(four.files) == 1

    # A link that leaves the list leaves as a file of a folder does.
    write_list(tmp_path, f"{web.root}/one.pdf\n")
    assert uris(taken(recipe, now.documents).documents) == {f"{web.root}/one.pdf"}


def test_what_is_gone_is_kept_where_the_recipe_says_so(web: Web, tmp_path: Path) -> None:
    write_list(tmp_path, web.links())
    recipe = recipe_of(tmp_path)  # `on_missing: keep` is the default
    before = taken(recipe, []).documents
    del web.files["/one.pdf"]
    web.answers["/three.pdf"] = says(410)
    assert taken(recipe, before).documents == before
    # What has never been there is in the ledger.
    write_list(tmp_path, f"{web.links()}{web.root}/never.pdf\n")
    now = taken(recipe, before).documents
    assert [d.reason for d in now if d not in before] == ["not_fetched"]
    assert taken(recipe, now).documents == now


def test_what_fails_for_now_costs_nothing_known(web: Web, tmp_path: Path) -> None:
    write_list(tmp_path, web.links())
    recipe = recipe_of(tmp_path, extra="on_missing: remove\n")
    report = run_here(recipe)
    before = rows(tmp_path / "data", "inventory")
    web.answers["/one.pdf"] = says(500)
    write_list(tmp_path, f"{web.links()}{web.root}/new.pdf\n")
    web.answers["/new.pdf"] = says(502)
    failed = run_here(recipe)
    assert set(failed.unreadable) == {f"{web.root}/one.pdf", f"{web.root}/new.pdf"}
    assert failed.version == report.version
    assert rows(tmp_path / "data", "inventory") == before
    del web.answers["/one.pdf"], web.answers["/new.pdf"]
    web.files["/new.pdf"] = document(60)
    mended = run_here(recipe)
    assert mended.unreadable == {}
    assert mended.pages_read == 1
    assert problems(tmp_path / "data") == ()


def test_what_is_not_fetched_is_in_the_ledger(web: Web, tmp_path: Path) -> None:
    web.answers |= {
        "/robots.txt": says(200, b"User-agent: PageFoundry\nDisallow: /deep/\n"),
        "/secret.pdf": says(403),
        "/inward.pdf": leads_to("http://169.254.169.254/latest/meta-data/"),
        "/page.pdf": says(200, b"no document", content_type="application/pdf"),
    }
    web.files["/large.pdf"] = bytes(3 * 2**20)
    links = ["secret", "inward", "page"]
    write_list(
        tmp_path,
        web.links()
        + "".join(f"{web.root}/{name}.pdf\n" for name in links)
        + "ftp://example.org/a.pdf\nhttps://me:hunter2@example.org/b.pdf\nno link at all\n"
        "http://10.1.2.3/private.pdf\n",
    )
    recipe = recipe_of(tmp_path, f"{HERE}, max_bytes: 2097152")
    run_here(recipe)
    assert problems(tmp_path / "data") == ()
    rejects = {r["source_uri"]: r for r in rows(tmp_path / "data", "rejects")}
    reasons = {uri.rpartition("!")[2]: row["reason"] for uri, row in rejects.items()}
    assert reasons == {
        f"{web.root}/deep/two.pdf": "not_fetched",
        f"{web.root}/secret.pdf": "not_fetched",
        f"{web.root}/inward.pdf": "not_fetched",
        f"{web.root}/page.pdf": "not_a_document",
        f"{web.root}/large.pdf": "too_large",
        "ftp://example.org/a.pdf": "not_fetched",
        "https://example.org/b.pdf": "not_fetched",
        "no link at all": "not_fetched",
        "http://10.1.2.3/private.pdf": "not_fetched",
    }
    assert not any("hunter2" in json.dumps(row) for row in rejects.values())
    assert web.asked("/deep/two.pdf") == 0
    assert run_here(recipe).committed is False


def test_containers_behind_links_are_opened(corpus: Corpus, tmp_path: Path) -> None:
    half = dict(list(corpus.items())[:2])
    files = {"a.zip": zip_of(half), "three.pdf.gz": gzip.compress(corpus["three.pdf"], mtime=0)}
    with Web(files) as web:
        assert isinstance(web, Web)
        write_list(tmp_path, web.links())
        recipe = recipe_of(tmp_path, extra="dedup: {near: null}\n")
        run_here(recipe)
        assert problems(tmp_path / "data") == ()
        found = {row["source_uri"] for row in rows(tmp_path / "data", "documents")}
        assert found == {
            f"{web.root}/a.zip!one.pdf",
            f"{web.root}/a.zip!deep/two.pdf",
            f"{web.root}/three.pdf.gz!three.pdf",
        }
        assert run_here(recipe).committed is False
        known = taken(recipe, []).documents
        deep = recipe_of(tmp_path, source='  members: ["deep/**"]\n')
        some = taken(deep, known).documents
        assert {uri for uri in uris(some) if "a.zip" in uri} == {f"{web.root}/a.zip!deep/two.pdf"}
        web.files["/a.zip"] = zip_of(half | {"four.pdf": corpus["four.pdf"]})
        known = taken(recipe, []).documents
        assert sum(f"{web.root}/a.zip!" in uri for uri in uris(known)) == 3


def test_a_killed_inventory_fetches_nothing_twice(web: Web, tmp_path: Path) -> None:
    write_list(tmp_path, web.links())
    recipe = recipe_of(tmp_path)
    whole = taken(recipe, [], tmp_path / "data/staging")
    sent = web.body_bytes
    staged = sorted((tmp_path / "data/staging/inventory").glob("*.jsonl"))
    again = taken(recipe, [], tmp_path / "data/staging")
    assert (again.documents, again.examined) == (whole.documents, 0)
    for file in staged:
        file.unlink()
    assert taken(recipe, [], tmp_path / "data/staging").documents == whole.documents
    assert web.body_bytes == sent


@pytest.mark.parametrize("form", ["lines", "packed", "parquet"])
def test_lists_of_every_form(form: str, web: Web, tmp_path: Path) -> None:
    links = [f"{web.root}/{name}" for name in NAMES]
    lines = "".join(json.dumps({"link": link, "n": 1}) + "\n" for link in links).encode()
    place = tmp_path / "list.txt"
    if form == "parquet":
        pq.write_table(pa.table({"n": range(4), "link": links}), place)
    else:
        place.write_bytes(lines if form == "lines" else gzip.compress(lines))
    found = taken(recipe_of(tmp_path, f"{HERE}, column: link"), []).documents
    assert uris(found) == set(links)


def test_a_list_that_is_cut_short_stops_the_run(web: Web, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(gzip.compress(web.links().encode())[:-12])
    with pytest.raises(SourceError, match=r"list\.txt cannot be read as a list of links"):
        taken(recipe_of(tmp_path), [])
    pq.write_table(pa.table({"link": ["https://example.org/a.pdf"]}), tmp_path / "list.txt")
    with pytest.raises(SourceError, match="no column 'url' among link"):
        taken(recipe_of(tmp_path), [])


def test_a_link_to_another_host_is_asked_by_that_hosts_rules(web: Web, tmp_path: Path) -> None:
    other = f"http://localhost:{web.port}"
    web.answers["/moved.pdf"] = leads_to(f"{other}/one.pdf", 301)
    web.answers["/round.pdf"] = leads_to(f"{other}/about.pdf")
    web.answers["/about.pdf"] = leads_to(f"{web.root}/round.pdf")
    write_list(tmp_path, f"{web.root}/moved.pdf\n{web.root}/round.pdf\n")
    found = taken(recipe_of(tmp_path), []).documents
    (moved,) = [d for d in found if not d.reason]
    assert moved.source_uri == f"{web.root}/moved.pdf"
    (rounds,) = [d for d in found if d.reason]
    assert "more than 5 times" in str(rounds.detail)
    assert "localhost" in {r.headers["host"].partition(":")[0] for r in web.requests}
    body = web.body_bytes
    assert taken(recipe_of(tmp_path), found).documents == found
    assert web.body_bytes == body


def test_one_folder_serves_two_datasets(web: Web, tmp_path: Path) -> None:
    kept = f"{HERE}, kept: {tmp_path}/kept"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_list(tmp_path / name, web.links())
        run_here(recipe_of(tmp_path / name, kept))
    assert web.body_bytes == sum(map(len, web.files.values()))
    assert rows(tmp_path / "a/data", "pages") == rows(tmp_path / "b/data", "pages")
    assert len(list((tmp_path / "kept/bodies").iterdir())) == len(NAMES)


def test_what_was_fetched_outlasts_the_days_of_staging(web: Web, tmp_path: Path) -> None:
    write_list(tmp_path, web.links())
    recipe = recipe_of(tmp_path, extra="placement: {staging_days: 0}\n")
    run_here(recipe)
    sent = web.body_bytes
    vacuum_dataset(recipe.dataset, Retention(versions=1, grace_hours=0))
    run_here(recipe)
    assert web.body_bytes == sent
    # Other settings need the pages again, and the documents are here.
    report = run_here(recipe_of(tmp_path, extra="raster: {quality: 80}\n"), re_read=True)
    assert report.pages_read == report.counts["pages"] > 0
    assert web.body_bytes == sent


def test_plan_keeps_what_it_fetches_for_the_run(web: Web, tmp_path: Path) -> None:
    write_list(tmp_path, web.links())
    recipe = recipe_of(tmp_path)
    with open_session(IN_PROCESS) as session:
        plan = plan_run(recipe, session, Console(file=io.StringIO()), Options())
    assert plan.documents == len(NAMES)
    sent = web.body_bytes
    run_here(recipe)
    assert web.body_bytes == sent


def test_what_a_crawl_cut_short_is_fetched_from_where_it_was(web: Web, tmp_path: Path) -> None:
    cut = {"WARC-Truncated": "length"}
    (tmp_path / "crawl.warc.gz").write_bytes(
        warc_record(f"{web.root}/one.pdf", b"%PDF-1.7 cut", cut)
        + warc_record(f"{web.root}/a!b c.pdf".replace(" ", "%20"), b"%PDF-1.7 cut", cut)
        + warc_record("https://example.org/whole.pdf", web.files["/three.pdf"])
    )
    web.files["/a!b%20c.pdf"] = document(70)
    crawl = parse_recipe(
        f"dataset: {tmp_path}/crawl\nrouting: only\nsources: [{tmp_path}/crawl.warc.gz]"
    )
    run_here(crawl)
    recipe = parse_recipe(
        f"dataset: {tmp_path}/data\nrouting: only\nsources:\n- documents: {tmp_path}/crawl\n"
        f"  links: {{{HERE}, rejects: [truncated]}}\n"
    )
    run_here(recipe)
    assert problems(tmp_path / "data") == ()
    found = {row["source_uri"] for row in rows(tmp_path / "data", "documents")}
    assert found == {f"{web.root}/one.pdf", f"{web.root}/a!b%20c.pdf"}
    assert run_here(recipe).committed is False
    with pytest.raises(SourceError, match="holds no published version"):
        taken(
            parse_recipe(
                f"dataset: {tmp_path}/x\nsources:\n- documents: {tmp_path}/nothing\n"
                "  links: {rejects: [truncated]}\n"
            ),
            [],
        )
