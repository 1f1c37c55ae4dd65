"""One corpus in every kind of container: the same pages, and refreshes that open what changed."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pymupdf
import pytest
from fastwarc.warc import ArchiveIterator
from rich.console import Console

from cluster.pace import Turn
from cluster.progress import meter
from cluster.session import IN_PROCESS, InProcessSession, open_session
from pipelines.inventory import Inventory, take_inventory
from pipelines.run import run
from schemas.inventory import Document
from schemas.recipe import Recipe, parse_recipe
from tests.containers import (
    PACKED,
    Corpus,
    as_folder,
    images_of,
    parquet_of,
    tar_of,
    warc_of,
    warc_record,
    zip_of,
)
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, problems, recipe_for, rows, run_here

COLUMNS = {"corpus.parquet": "content", "corpus.arrow": "image"}
NAMES = ("one.pdf", "deep/two.pdf", "deep/er/three.pdf", "four.pdf", "five.pdf", "six.pdf")


def document(seed: int, pages: int = 1) -> bytes:
    """A PDF of some 100 kB, so that what is read of a container is mostly its members."""
    document = pymupdf.open("pdf", pdf([prose(1000 * seed + page) for page in range(pages)]))
    document.set_metadata({"keywords": random.Random(seed).randbytes(50_000).hex()})
    return bytes(document.tobytes(no_new_id=True, garbage=3))


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    return {name: document(seed, 1 + seed % 3) for seed, name in enumerate(NAMES)}


def recipe_of(folder: Path, *sources: tuple[Path, str | None], extra: str = "") -> Recipe:
    listed = "".join(
        f"- documents: {path}\n" + (f"  column: {column}\n" if column else "")
        for path, column in sources
    )
    return parse_recipe(f"dataset: {folder}/data\nrouting: only\n{extra}sources:\n{listed}")


def taken(recipe: Recipe, known: list[Document], staging: Path | None = None) -> Inventory:
    with (
        open_session(IN_PROCESS) as session,
        meter(Console(file=io.StringIO()), "inventory", "files") as progress,
    ):
        return take_inventory(recipe, known, staging and str(staging), session, progress)


def pages_of(dataset: Path) -> list[tuple[object, ...]]:
    return [
        (row["page_id"], row["image"]["bytes"], row["text"], row["blocks"])
        for row in rows(dataset, "pages")
    ]


@pytest.fixture(scope="module")
def plain(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    """The pages of the corpus as a folder of files."""
    folder = tmp_path_factory.mktemp("plain")
    as_folder(corpus, folder / "corpus")
    run_here(recipe_of(folder, (folder / "corpus", None)))
    return pages_of(folder / "data")


@pytest.mark.parametrize("name", PACKED)
def test_every_layout_gives_the_same_pages(
    name: str, corpus: Corpus, plain: list[tuple[object, ...]], tmp_path: Path
) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / name).write_bytes(PACKED[name](corpus))
    recipe = recipe_of(tmp_path, (tmp_path / "corpus", COLUMNS.get(name)))
    report = run_here(recipe)
    assert pages_of(tmp_path / "data") == plain
    assert problems(tmp_path / "data") == ()
    assert report.counts["pages"] == len(plain)
    addresses = {row["source_uri"] for row in rows(tmp_path / "data", "pages")}
    assert len(addresses) == len(corpus)
    assert all(uri.startswith(f"{tmp_path}/corpus/{name}!") for uri in addresses)
    again = run_here(recipe)
    assert (again.committed, again.pages_read) == (False, 0)


def test_a_document_in_two_containers_and_a_folder_is_read_once(
    corpus: Corpus, plain: list[tuple[object, ...]], tmp_path: Path
) -> None:
    as_folder(corpus, tmp_path / "corpus")
    (tmp_path / "corpus/a.tar").write_bytes(tar_of(corpus))
    (tmp_path / "corpus/b.zip").write_bytes(zip_of(corpus))
    report = run_here(recipe_of(tmp_path, (tmp_path / "corpus", None)))
    assert report.pages_read == len(plain)
    assert pages_of(tmp_path / "data") == plain
    for row in rows(tmp_path / "data", "inventory"):
        assert len(row["uris"]) == 3


# ---- refreshes --------------------------------------------------------------------------------


def changed(corpus: Corpus) -> tuple[dict[str, bytes], int]:
    """The corpus after a night: one more, one other, one renamed, one gone; and the news' size."""
    after = dict(corpus)
    after["one.pdf"] = document(50)
    after["seven.pdf"] = document(51, pages=2)
    after["renamed.pdf"] = after.pop("four.pdf")
    del after["five.pdf"]
    return after, len(after["one.pdf"]) + len(after["seven.pdf"])


@pytest.mark.parametrize("name", PACKED)
def test_a_refresh_finds_what_changed_in_a_container(
    name: str, corpus: Corpus, tmp_path: Path
) -> None:
    place = tmp_path / "corpus" / name
    place.parent.mkdir()
    place.write_bytes(PACKED[name](corpus))
    recipe = recipe_of(tmp_path, (place.parent, COLUMNS.get(name)))
    before = taken(recipe, [])
    unchanged = taken(recipe, before.documents)
    assert (unchanged.documents, unchanged.examined) == (before.documents, 0)
    assert unchanged.bytes_read == 0

    after, news = changed(corpus)
    place.write_bytes(PACKED[name](after))
    now = taken(recipe, before.documents)
    as_folder(after, tmp_path / "plain")
    files = taken(recipe_of(tmp_path, (tmp_path / "plain", None)), [])
    assert [d.doc_id for d in now.documents] == [d.doc_id for d in files.documents]
    assert now.documents == taken(recipe, []).documents  # as if it had never been known
    size = place.stat().st_size
    if name == "corpus.zip":
        # its end with the directory, twice; what is new, and what has another name; all packed
        assert now.bytes_read < 0.6 * (news + len(after["renamed.pdf"])) + 2 * 70_000
        assert now.bytes_read < size
    elif name == "corpus.tar":
        renamed = len(after["renamed.pdf"])
        assert news < now.bytes_read < news + renamed + 3 * 512 * len(after) + 10 * 1024
    else:
        assert now.bytes_read <= 2 * size


def test_a_container_that_disappears_follows_on_missing(corpus: Corpus, tmp_path: Path) -> None:
    place = tmp_path / "corpus"
    place.mkdir()
    half = dict(list(corpus.items())[:3])
    (place / "a.zip").write_bytes(zip_of(half))
    (place / "b.tar").write_bytes(tar_of(corpus))
    before = taken(recipe_of(tmp_path, (place, None)), []).documents
    (place / "b.tar").unlink()
    keep = taken(recipe_of(tmp_path, (place, None), extra="on_missing: keep\n"), before).documents
    gone = taken(recipe_of(tmp_path, (place, None), extra="on_missing: remove\n"), before).documents
    assert [d.doc_id for d in keep] == [d.doc_id for d in before]
    assert len(gone) == 3
    assert all(uri.endswith(".pdf") and "a.zip!" in uri for d in gone for uri in [d.source_uri])
    (place / "a.zip").rename(place / "moved.zip")
    moved = taken(recipe_of(tmp_path, (place, None), extra="on_missing: remove\n"), gone).documents
    assert [d.doc_id for d in moved] == [d.doc_id for d in gone]


@pytest.mark.parametrize("name", ["corpus.zip", "corpus.tar.gz"])
def test_what_a_killed_inventory_has_examined_is_not_examined_again(
    name: str, corpus: Corpus, tmp_path: Path
) -> None:
    place = tmp_path / "corpus" / name
    place.parent.mkdir()
    place.write_bytes(PACKED[name](corpus))
    recipe = recipe_of(tmp_path, (place.parent, None))
    staging = tmp_path / "staging"
    whole = taken(recipe, [], staging)
    again = taken(recipe, [], staging)
    assert (again.documents, again.examined) == (whole.documents, 0)
    for staged in (staging / "inventory").glob("*.jsonl"):
        data = staged.read_bytes()
        staged.unlink()
        part = taken(recipe, [], staging)
        assert part.documents == whole.documents
        assert part.examined > 0
        assert staged.read_bytes() == data


def test_a_killed_inventory_goes_on_in_a_folder_that_has_moved(
    corpus: Corpus, tmp_path: Path
) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "before/corpus.zip").write_bytes(zip_of(corpus))

    def recipe(folder: str) -> Recipe:
        return parse_recipe(
            f"dataset: {tmp_path}/data\nrouting: only\n"
            f"sources: [{{documents: {tmp_path / folder}, as: things}}]\n"
        )

    whole = taken(recipe("before"), [], tmp_path / "staging").documents
    (tmp_path / "before").rename(tmp_path / "after")
    moved = taken(recipe("after"), [], tmp_path / "staging").documents
    assert moved == whole
    assert {d.source_uri for d in moved} == {f"things/corpus.zip!{name}" for name in corpus}
    assert taken(recipe("after"), moved).examined == 0


def test_other_members_are_taken_when_the_recipe_says_so(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of(corpus))
    recipe = recipe_of(tmp_path, (tmp_path / "a.zip", None))
    known = taken(recipe, []).documents
    (source,) = recipe.sources
    deep = recipe.model_copy(
        update={"sources": (source.model_copy(update={"members": ("deep/**",)}),)}
    )
    some = taken(deep, known)
    assert sorted(d.source_uri.partition("!")[2] for d in some.documents) == [
        "deep/er/three.pdf",
        "deep/two.pdf",
    ]
    assert taken(deep, some.documents).examined == 0


def cdxj_of(warc: bytes) -> bytes:
    """The index of a WARC as lines; the third document is cut short, the fourth is no PDF."""
    lines = []
    for number, record in enumerate(ArchiveIterator(io.BytesIO(warc))):
        url = record.headers["WARC-Target-URI"]
        fields = {
            "url": url,
            "mime-detected": record.http_content_type,
            "status": str(record.http_headers.status_code),
            "filename": "crawl.warc.gz",
            "offset": str(record.stream_pos),
            "length": str(len(warc) - record.stream_pos),
            "languages": "eng,deu" if number % 2 else "fra",
        }
        fields |= {"truncated": "length"} if number == 3 else {}
        lines.append(f"org,example)/ 20260102030405 {json.dumps(fields)}")
    return "\n".join(["not a line", *lines]).encode()


def table_of(cdxj: bytes) -> bytes:
    """The same index in the columns of Common Crawl."""
    names = {
        "url": "url",
        "content_mime_detected": "mime-detected",
        "fetch_status": "status",
        "content_languages": "languages",
        "content_truncated": "truncated",
        "warc_filename": "filename",
        "warc_record_offset": "offset",
        "warc_record_length": "length",
    }
    lines = [json.loads(line[line.index("{") :]) for line in cdxj.decode().splitlines()[1:]]
    columns = {name: [line.get(key) for line in lines] for name, key in names.items()}
    for name in ("fetch_status", "warc_record_offset", "warc_record_length"):
        columns[name] = list(map(int, columns[name]))
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["cdxj", "parquet"])
def test_only_what_an_index_names_is_fetched_from_a_crawl(
    form: str, corpus: Corpus, tmp_path: Path
) -> None:
    (tmp_path / "crawl").mkdir()
    warc = warc_of(corpus)
    (tmp_path / "crawl/crawl.warc.gz").write_bytes(warc)
    lines = cdxj_of(warc)
    (tmp_path / "index").write_bytes(lines if form == "cdxj" else table_of(lines))
    recipe = parse_recipe(
        f"dataset: {tmp_path}/data\nrouting: only\nsources:\n- documents: {tmp_path}/index\n"
        f"  index: {{base: {tmp_path}/crawl, languages: [deu], hosts: ['*.org']}}\n"
    )
    run_here(recipe)
    assert problems(tmp_path / "data") == ()
    # Of numbers 1 to 6 the odd ones are in German; the first record is a web page.
    urls = {row["source_uri"].partition("!")[2] for row in rows(tmp_path / "data", "documents")}
    names = list(corpus)
    assert urls == {f"https://example.org/{names[n]}" for n in (0, 4)}
    rejects = rows(tmp_path / "data", "rejects")
    assert sorted({row["reason"] for row in rejects if row["level"] == "document"}) == (
        ["lost_member", "truncated"] if form == "cdxj" else ["truncated"]
    )
    assert run_here(recipe).committed is False


# ---- containers within containers, and what is lost ---------------------------------------------


def test_containers_within_containers_are_read(corpus: Corpus, tmp_path: Path) -> None:
    inner = {"inner.zip": zip_of(corpus), "loose.pdf": document(60)}
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/outer.tar").write_bytes(tar_of(inner))
    recipe = recipe_of(tmp_path, (tmp_path / "corpus", None))
    report = run_here(recipe)
    assert report.counts["documents"] == len(corpus) + 1
    uris = {row["source_uri"] for row in rows(tmp_path / "data", "documents")}
    outer = f"{tmp_path}/corpus/outer.tar"
    assert uris == {f"{outer}!inner.zip!{name}" for name in corpus} | {f"{outer}!loose.pdf"}
    # Nothing is kept once it is published; pages are found by another walk when they are needed.
    assert not list((tmp_path / "data/staging/inventory").glob("members/*"))
    before = all_rows(tmp_path / "data")["pages"]
    with open_session(IN_PROCESS) as session:
        again = recipe.model_copy(
            update={"raster": recipe.raster.model_copy(update={"quality": 80})}
        )
        report = run(again, session, Console(file=io.StringIO()), re_read=True)
    assert report.counts["documents"] == len(corpus) + 1
    assert [row["text"] for row in rows(tmp_path / "data", "pages")] == [
        row["text"] for row in before
    ]


def test_attachments_of_a_mail_are_documents(corpus: Corpus, tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "two files"
    mail["From"] = "somebody@example.org"
    mail.set_content("see below")
    for name, data in list(corpus.items())[:2]:
        mail.add_attachment(data, "application", "pdf", filename=f"ü {Path(name).name}")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/mail.eml").write_bytes(bytes(mail))
    run_here(recipe_of(tmp_path, (tmp_path / "corpus", None)))
    uris = {row["source_uri"] for row in rows(tmp_path / "data", "documents")}
    assert uris == {f"{tmp_path}/corpus/mail.eml!ü {name}" for name in ("one.pdf", "two.pdf")}


def rejects_of(folder: Path, name: str, data: bytes) -> dict[str, tuple[str, str]]:
    """Reason and detail of each document reject, by what follows the container's name."""
    (folder / "corpus").mkdir()
    (folder / "corpus" / name).write_bytes(data)
    run_here(recipe_of(folder, (folder / "corpus", None)))
    assert problems(folder / "data") == ()
    return {
        row["source_uri"].partition(f"{name}!")[2]: (row["reason"], row["detail"])
        for row in rows(folder / "data", "rejects")
        if row["level"] == "document"
    }


def test_what_is_lost_of_a_cut_tar_is_in_the_ledger(corpus: Corpus, tmp_path: Path) -> None:
    data = tar_of(corpus)
    rejects = rejects_of(tmp_path, "cut.tar", data[: len(data) // 2])
    assert {reason for reason, _ in rejects.values()} == {"lost_member"}
    assert any("bytes" in detail for _, detail in rejects.values())
    assert len(rows(tmp_path / "data", "documents")) >= 2


def test_a_bomb_is_a_reject_and_costs_no_other(corpus: Corpus, tmp_path: Path) -> None:
    bomb = bytes(80 * 2**20)
    members = {"bomb.pdf": bomb, "fine.pdf": corpus["one.pdf"]}
    rejects = rejects_of(tmp_path, "mixed.zip", zip_of(members, zipfile.ZIP_BZIP2))
    assert rejects["bomb.pdf"][0] == "bomb"
    assert len(rows(tmp_path / "data", "documents")) == 1


def test_names_are_never_paths_of_ours(corpus: Corpus, tmp_path: Path) -> None:
    names = ("../../outside.pdf", "/etc/outside.pdf", "", "a\\b.pdf", "x.pdf", "x.pdf")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for seed, name in enumerate(names[:-1]):
            archive.writestr(zipfile.ZipInfo(name or "no-name.pdf"), document(70 + seed))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(zipfile.ZipInfo(names[-1]), document(80))
    before = set(tmp_path.parent.iterdir())
    rejects = rejects_of(tmp_path, "names.zip", stream.getvalue())
    assert rejects == {}
    assert len(rows(tmp_path / "data", "documents")) == len(names)
    assert set(tmp_path.parent.iterdir()) == before
    assert not Path("/etc/outside.pdf").exists()


def test_a_crawl_that_cut_a_document_short_is_known(corpus: Corpus, tmp_path: Path) -> None:
    url = "https://example.org/long.pdf"
    record = warc_record(url, corpus["one.pdf"][:500], {"WARC-Truncated": "length"})
    other = warc_record("https://example.org/gone.pdf", b"not found", status="404 Not Found")
    rejects = rejects_of(tmp_path, "crawl.warc.gz", warc_of(corpus) + record + other)
    ((reason, detail),) = rejects.values()
    assert reason == "truncated"
    assert url in detail
    assert len(rows(tmp_path / "data", "documents")) == len(corpus)


@pytest.mark.parametrize(
    ("make", "column", "reason"),
    [
        (parquet_of, "image", "no_column"),
        (images_of, "content", "no_column"),
        (lambda _corpus: zip_of({"readme.txt": b"no document"}), None, "no_member"),
    ],
)
def test_a_container_without_a_document_says_so(
    make: Callable[[Corpus], bytes], column: str | None, reason: str, corpus: Corpus, tmp_path: Path
) -> None:
    (tmp_path / "one").write_bytes(make(corpus))
    (found,) = taken(recipe_of(tmp_path, (tmp_path / "one", column)), []).documents
    assert found.reason == reason
    assert taken(recipe_of(tmp_path, (tmp_path / "one", column)), [found]).examined == 0


def test_a_recipe_of_files_alone_is_listed_as_before(corpus: Corpus, tmp_path: Path) -> None:
    as_folder(corpus, tmp_path / "corpus")
    listed = taken(recipe_for(tmp_path / "data", tmp_path / "corpus"), []).documents
    assert {file.member for d in listed for file in d.files} == {None}


# ---- crawls with a bound ------------------------------------------------------------------------


@dataclass
class CountedTurns(InProcessSession):
    """A session that counts turns by place, and waits for none."""

    turns: Counter[tuple[str, float]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__()

    def pace(self, place: str, per_s: float) -> Turn:
        return lambda: self.turns.update([(place, per_s)])


def crawl_recipe(folder: Path, extra: str) -> Recipe:
    return parse_recipe(
        f"dataset: {folder}/data\nrouting: only\nsources:\n- documents: {folder}/index\n"
        f"  index: {{base: {folder}/crawl/{extra}}}\n"
    )


def test_each_request_to_a_crawl_waits_for_its_turn(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "crawl").mkdir()
    warc = warc_of(corpus)
    (tmp_path / "crawl/crawl.warc.gz").write_bytes(warc)
    (tmp_path / "index").write_bytes(cdxj_of(warc))
    bound = ", requests_per_s: 300"
    session = CountedTurns()
    report = run(crawl_recipe(tmp_path, bound), session, Console(file=io.StringIO()))
    # Once for the inventory and once for the pages of each; one of the captures is cut short.
    assert report.counts["documents"] == len(corpus) - 1
    place = (f"{tmp_path}/crawl", 300.0)
    assert session.turns == {place: 2 * (len(corpus) - 1)}

    # Another bound, or none, makes no other documents: nothing is asked.
    for other in ("", ", requests_per_s: 7"):
        run(crawl_recipe(tmp_path, other), session, Console(file=io.StringIO()))
    assert session.turns.total() == 2 * (len(corpus) - 1)


@pytest.mark.ray
def test_a_bound_travels_to_the_tasks(corpus: Corpus, tmp_path: Path, local_ray: None) -> None:
    (tmp_path / "crawl").mkdir()
    warc = warc_of(corpus)
    (tmp_path / "crawl/crawl.warc.gz").write_bytes(warc)
    (tmp_path / "index").write_bytes(cdxj_of(warc))
    with open_session() as session:
        recipe = crawl_recipe(tmp_path, ", requests_per_s: 50")
        report = run(recipe, session, Console(file=io.StringIO()))
    assert report.counts["documents"] == len(corpus) - 1
    assert problems(tmp_path / "data") == ()
