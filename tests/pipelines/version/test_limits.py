"""The most documents of a source, and of near duplicates in it."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.show import dataset as show_dataset
from pipelines.cli.show import run as show_run
from pipelines.dataset.diff import diff_versions
from pipelines.dataset.overview import inspect_dataset
from pipelines.run import Report
from pipelines.takedown import Options, forget, wanted_of
from pipelines.version.limits import (
    ALONE,
    SourceCounts,
    counts_by_source,
    left_out_by_limits,
    source_of,
)
from schemas.ids import order_key
from schemas.inventory import Document
from schemas.limits import Limits
from schemas.provenance import Provenance
from schemas.recipe import parse_recipe
from schemas.shards import SeenFile
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import all_rows, rows, run_verified

CORPORA = st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 4)), max_size=40)
MOST = st.none() | st.integers(1, 6)


def arrays(corpus: list[tuple[int, int]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    source = np.array([number for number, _ in corpus], np.int64)
    family = np.array([number for _, number in corpus], np.int64)
    return [f"document {n}" for n in range(len(corpus))], source, family


def taken(corpus: list[tuple[int, int]], limits: Limits, seed: int = 7) -> list[int]:
    ids, source, family = arrays(corpus)
    return np.flatnonzero(~left_out_by_limits(ids, source, family, limits, seed)).tolist()


def taken_one_by_one(corpus: list[tuple[int, int]], limits: Limits, seed: int = 7) -> list[int]:
    """The same by counting, one document after the other."""
    of_family: Counter[tuple[int, int]] = Counter()
    of_source: Counter[int] = Counter()
    result = []
    for n in sorted(range(len(corpus)), key=lambda n: order_key(seed, f"document {n}")):
        source, family = corpus[n]
        if family != ALONE and limits.per_family and of_family[source, family] == limits.per_family:
            continue
        of_family[source, family] += 1
        if limits.per_source and of_source[source] == limits.per_source:
            continue
        of_source[source] += 1
        result.append(n)
    return sorted(result)


@given(CORPORA, MOST, MOST)
def test_takes_the_first_in_the_seeded_order(
    corpus: list[tuple[int, int]], per_source: int | None, per_family: int | None
) -> None:
    limits = Limits(per_source=per_source, per_family=per_family)
    assert taken(corpus, limits) == taken_one_by_one(corpus, limits)


@given(CORPORA, MOST, MOST)
def test_the_choice_in_a_source_does_not_depend_on_the_others(
    corpus: list[tuple[int, int]], per_source: int | None, per_family: int | None
) -> None:
    limits = Limits(per_source=per_source, per_family=per_family)
    ids, source, family = arrays(corpus)
    left_out = left_out_by_limits(ids, source, family, limits, 7)
    own = np.flatnonzero(source == 0)
    alone = left_out_by_limits([ids[n] for n in own], source[own], family[own], limits, 7)
    assert left_out[own].tolist() == alone.tolist()


def test_another_seed_takes_others() -> None:
    corpus = [(0, ALONE)] * 50
    assert taken(corpus, Limits(per_source=10), 1) != taken(corpus, Limits(per_source=10), 2)


def test_counts_documents_and_families_of_each_source() -> None:
    _, source, family = arrays([(0, 1), (0, 1), (0, 2), (0, ALONE), (2, ALONE)])
    assert counts_by_source(source, family) == {
        0: SourceCounts(documents=4, families=2, largest_family=2),
        2: SourceCounts(documents=1, families=0, largest_family=0),
    }


@pytest.mark.parametrize(
    ("uri", "known", "source"),
    [
        ("/corpus/a/1.pdf", {}, "/corpus/a"),
        ("s3://lake/1.pdf", {}, "s3://lake"),
        ("alone.pdf", {}, "alone.pdf"),
        ("/a.tar!b/1.pdf", {"container": "/a.tar"}, "/a.tar"),
        (
            "/a.warc!1",
            {"container": "/a.warc", "url": "https://WWW.Example.org:80/1"},
            "example.org",
        ),
        ("/a.pdf", {"url": "http://[broken"}, "/a.pdf"),
        ("/corpus/a.jsonl#0123456789abcdef/7/name", {}, "/corpus/a.jsonl"),
        ("geometry#0123456789abcdef/7", {}, "geometry"),
    ],
)
def test_the_source_of_a_document(uri: str, known: dict[str, str], source: str) -> None:
    document = Document("id", (SeenFile(uri, 1, "1"),), None, 1, provenance=Provenance(**known))
    assert source_of(document) == source


# ---- through the whole run ----------------------------------------------------------------------


def write_flood(folder: Path) -> Path:
    """Write three honest documents, and six in one folder: four near copies of one, two others.

    `4.pdf` of these has the first pages of the honest ones.
    """
    alike = prose(100, 110)
    for number in range(3):
        write(folder / f"honest{number}", prose(number), prose(50 + number))
    for number in range(4):
        write(folder / f"flood/{number}", f"{alike} copy{number}", f"{prose(100)} copy{number}")
    write(folder / "flood/4", prose(0), prose(1), prose(2))
    write(folder / "flood/5", prose(300), prose(301))
    return folder


def write(path: Path, *texts: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".pdf").write_bytes(pdf(list(texts)))


def run(dataset: Path, source: Path, limits: str, seed: int = 0) -> Report:
    return run_verified(
        parse_recipe(
            f"dataset: {dataset}\nsources: {source}\nrouting: only\n"
            f"raster: {{longest_edge_px: 256}}\nlimits: {limits}\npublish: {{seed: {seed}}}\n"
        )
    )


def folders(dataset: Path, table: str = "documents") -> Counter[str]:
    return Counter(Path(row["source_uri"]).parent.name for row in rows(dataset, table))


def over_limit(dataset: Path) -> Counter[str]:
    found = [row for row in rows(dataset, "rejects") if row["reason"] == "over_limit"]
    assert {row["stage"] for row in found} <= {"limits"}
    return Counter(row["level"] for row in found)


def test_a_flood_is_limited_and_takes_no_page_of_others_with_it(tmp_path: Path) -> None:
    source, dataset = write_flood(tmp_path / "src"), tmp_path / "data"
    report = run(dataset, source, "{}")
    assert {row["source"]: row for row in report.by_source["largest"]}[f"{source}/flood"] == {
        "source": f"{source}/flood", "documents": 6, "taken": 6, "families": 1, "largest_family": 4,
    }  # fmt: skip
    first = all_rows(dataset)
    ids = {Path(row["source_uri"]): row["doc_id"] for row in first["documents"]}
    copier = ids[source / "flood/4.pdf"]
    assert copier in {(row["kept_id"] or "/").partition("/")[0] for row in first["rejects"]}

    # 1. Of each folder three: those over the limit leave with all their pages. What they kept in
    #    place of others comes back there.
    flood = [row["doc_id"] for row in first["inventory"] if "/flood/" in row["uris"][0]["uri"]]
    seed = next(
        n for n in range(99) if copier in sorted(flood, key=lambda name: order_key(n, name))[3:]
    )
    report = run(dataset, source, "{per_source: 3}", seed)
    assert report.pages_read == 0
    assert over_limit(dataset) == {"document": 3, "page": 7}
    steps = {step["step"]: (step["documents"], step["pages"]) for step in report.funnel}
    assert steps["read"] == (9, 19)
    assert steps["limits"] == (6, 12)
    assert list(steps)[:3] == ["inventory", "read", "limits"]
    texts = {row["text"] for row in rows(dataset, "pages")}
    assert {prose(0), prose(1), prose(2)} <= texts
    assert Counter(row["doc_id"] for row in rows(dataset, "pages"))[copier] == 0
    settings = diff_versions(str(dataset), 1, 2).settings
    assert settings[:1] == ["limits: None -> {'per_family': None, 'per_source': 3}"]

    # 2. One of each family: the flood keeps its two other documents and one of the copies.
    report = run(dataset, source, "{per_source: 3, per_family: 1}")
    assert report.pages_read == 0
    assert folders(dataset)["flood"] == 3
    (flood,) = [row for row in report.by_source["largest"] if row["source"].endswith("/flood")]
    assert (flood["taken"], flood["families"], flood["largest_family"]) == (3, 1, 4)
    overview = inspect_dataset(str(dataset))
    assert overview.by_source == report.by_source
    screen = Console(file=io.StringIO(), width=300)
    screen.print(show_dataset.overview(overview), show_run.report(report))
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue().count(f"{source}/flood") == 1
    assert f"inspect {dataset} --policies" in screen.file.getvalue()
    run(tmp_path / "fresh", source, "{per_source: 3, per_family: 1}")
    assert all_rows(dataset) == all_rows(tmp_path / "fresh")

    # 3. Nothing is new; then no limits: as at first, without reading anything.
    assert not run(dataset, source, "{per_source: 3, per_family: 1}").committed
    report = run(dataset, source, "{}")
    assert report.pages_read == 0
    assert all_rows(dataset) == first


def test_a_takedown_makes_room_for_others(tmp_path: Path) -> None:
    source, dataset = tmp_path / "src", tmp_path / "data"
    for number in range(3):
        write(source / str(number), prose(number))
    run(dataset, source, "{per_source: 2}")
    doc_id = rows(dataset, "documents")[0]["doc_id"]
    with open_session(IN_PROCESS) as session:
        forget(str(dataset), wanted_of([doc_id], []), Options(), session)
    assert run(dataset, source, "{per_source: 2}").counts["documents"] == 2
    assert over_limit(dataset) == {}
