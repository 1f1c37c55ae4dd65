"""The studies from start to finish: documents, datasets and truth files, read by a fake engine."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.evaluate import EngineOptions, app, engine_spec
from pipelines.evaluation.sources import SourceSettings
from pipelines.evaluation.study import Report, study_accuracy, study_compression
from pipelines.evaluation.study_pass import MakeEngine, Request
from schemas.errors import RequestError, SourceError
from schemas.evaluation import RESULTS
from schemas.ids import split_page_id
from schemas.pages import PageError, PageImage, Reading
from schemas.recipe import EngineSpec
from tests.chat_server import MODEL, ChatServer, Script
from tests.engines import ScriptedEngine
from tests.pipelines.corpora import pdf, prose, write_pdf
from tests.pipelines.datasets import recipe_for, run_here
from workers.engines.profiles.known import PROFILES
from workers.evaluation.results import Study

FULL_EDGE_PX = 1024


def _blurred(page: PageImage, first_seed: int) -> Reading:
    """The words of a page; of an image under `FULL_EDGE_PX` so much the fewer."""
    text = prose(first_seed + split_page_id(page.page_id)[1]).split()
    seen = min(1, max(page.width, page.height) / FULL_EDGE_PX)
    return Reading(page.page_id, " ".join(text[: round(seen * len(text))]))


def _fake(first_seed: int) -> MakeEngine:
    return lambda spec: ScriptedEngine(functools.partial(_blurred, first_seed=first_seed))


def _request(source: Path, output: Path, **fields: object) -> Request:
    truth = str(fields.pop("truth")) if "truth" in fields else None
    settings = SourceSettings(str(source), truth, 1280, "png")
    given = {"engine": EngineSpec(), "pages": 100, "study": Study()} | fields
    return Request(settings, output=str(output), **given)  # type: ignore[arg-type]


def _compress(request: Request, modes: str, engine: MakeEngine) -> Report:
    with open_session(IN_PROCESS) as session:
        return study_compression(request, modes, session, Console(file=io.StringIO()), engine)


def _accuracy(request: Request, engine: MakeEngine, worst: int = 2) -> Report:
    with open_session(IN_PROCESS) as session:
        return study_accuracy(request, worst, session, Console(file=io.StringIO()), engine)


def _results(output: Path) -> pa.Table:
    table = pq.read_table(output / "results.parquet")
    assert table.schema.equals(RESULTS)
    return table


def test_compression_of_documents(tmp_path: Path) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1, pages=3)
    request = _request(tmp_path / "docs", tmp_path / "out")
    report = _compress(request, "tiny,base,large", _fake(1))
    assert (report.pages, report.crashed) == (3, 0)
    rows = _results(tmp_path / "out").to_pylist()
    by_mode = {mode: [r for r in rows if r["mode"] == mode] for mode in ("tiny", "base", "large")}
    assert [len(found) for found in by_mode.values()] == [3, 3, 3]
    for row in rows:
        side, tokens = {"tiny": (512, 64), "base": (1024, 181), "large": (1280, 283)}[row["mode"]]
        assert max(row["width"], row["height"]) == side
        # 420 x 595 points at 1280 px are 904 x 1280: ceil(256 * 904 / 1280), ceil(400 * …)
        assert row["vision_tokens"] == tokens
        assert row["compression"] == pytest.approx(row["text_tokens"] / tokens, rel=1e-6)
        assert row["bucket"] == row["text_tokens"] // 100 * 100
        assert row["script"] == "Latin"
    assert {row["precision"] for row in by_mode["large"]} == {1.0}
    assert all(0.4 < row["precision"] < 0.6 for row in by_mode["tiny"])
    assert all(row["char_precision"] > 0.99 for row in by_mode["tiny"])


def test_the_table_has_the_shape_of_the_papers(tmp_path: Path) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1, pages=2)
    _compress(_request(tmp_path / "docs", tmp_path / "out"), "base,tiny", _fake(1))
    lines = (tmp_path / "out/compression.md").read_text().splitlines()
    tables = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    heads, rule, *rows = tables[: tables.index(next(t for t in tables if t[0] == "mode"))]
    assert heads[:6] == ["text tokens", "pages", "tiny: precision", "compression",
                         "base: precision", "compression"]  # fmt: skip
    assert {len(row) for row in (heads, rule, *rows)} == {10}
    labels = [row[0] for row in rows]
    assert labels[0] == "under 600"
    assert labels[1:] == [f"{low}–{low + 100}" for low in range(600, 1300, 100)]
    assert rows[1][-4:] == ["96.5 %", "10.5×", "98.5 %", "6.7×"]
    assert rows[0][1] == "2"
    assert (tmp_path / "out/compression.png").read_bytes().startswith(b"\x89PNG")


def test_a_model_is_loaded_once_for_each_mode(tmp_path: Path) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1, pages=2)
    asked: list[str | None] = []

    def make(spec: EngineSpec) -> ScriptedEngine:
        asked.append(spec.mode)
        tokens = {"tiny": 64, "gundam": 856}[str(spec.mode)]
        return ScriptedEngine(
            lambda page: Reading(page.page_id, prose(1), vision_tokens=tokens),
            mode=str(spec.mode),
        )

    spec = EngineSpec(name="vllm", model="some/model")
    report = _compress(_request(tmp_path / "docs", tmp_path / "out", engine=spec),
                       "tiny,gundam", make)  # fmt: skip
    assert asked == ["tiny", "gundam"]
    assert [(r["mode"], r["vision_tokens"]) for r in report.summary] == [
        ("tiny", 64),
        ("gundam", 856),
    ]
    assert {row["width"] for row in _results(tmp_path / "out").to_pylist()} == {904}


def test_a_dataset_gives_only_pages_that_no_engine_read(tmp_path: Path) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1, pages=3)
    run_here(recipe_for(tmp_path / "data", tmp_path / "docs", "routing: only"))
    request = _request(tmp_path / "data", tmp_path / "out", pages=2)
    report = _compress(request, "base", _fake(1))
    assert report.pages == 2
    assert {row["precision"] for row in _results(tmp_path / "out").to_pylist()} == {1.0}


def test_the_same_pages_are_taken_however_many_are_asked_for(tmp_path: Path) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1, pages=12)
    taken = []
    for count in (3, 9):
        output = tmp_path / str(count)
        _accuracy(_request(tmp_path / "docs", output, pages=count), _fake(1), worst=0)
        taken.append(set(_results(output)["page_id"].to_pylist()))
    assert (len(taken[0]), len(taken[1])) == (3, 9)
    assert taken[0] < taken[1]


def test_accuracy_against_truth_files(tmp_path: Path) -> None:
    """a.pdf has one truth for all its pages, b.pdf one for its second page only."""
    docs, truth = tmp_path / "docs", tmp_path / "truth"
    write_pdf(docs, "a.pdf", first_seed=1, pages=2)
    write_pdf(docs, "b.pdf", first_seed=1, pages=3)
    truth.mkdir()
    (truth / "a.md").write_text(f"# {prose(1)}\n\n{prose(2)}\n")
    (truth / "b.0002.txt").write_text(prose(2).replace("b", "d", 1))
    (truth / "other.txt").write_text("of nothing")
    report = _accuracy(_request(docs, tmp_path / "out", truth=truth), _fake(1))
    rows = _results(tmp_path / "out").to_pylist()
    found = {(Path(row["source_uri"]).name, row["page_index"]): row for row in rows}
    assert found.keys() == {("a.pdf", 0), ("a.pdf", 1), ("b.pdf", 1)}
    assert [found["a.pdf", page]["truth"] for page in (0, 1)] == [prose(1), prose(2)]
    assert {key: row["char_errors"] for key, row in found.items()} == {
        ("a.pdf", 0): 0, ("a.pdf", 1): 0, ("b.pdf", 1): 1,
    }  # fmt: skip
    (latin, everything) = report.groups
    assert (latin.name, latin.pages, everything.pages) == ("Latin", 3, 3)
    assert everything.cer == pytest.approx(1 / sum(row["truth_chars"] for row in rows))


def test_pages_that_are_made_of_a_corpus(tmp_path: Path) -> None:
    """The truth is what the page was made of: of three readings one is right."""
    corpus = tmp_path / "corpus.jsonl"
    texts = [prose(seed, words=40) for seed in range(3)]
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    report = _accuracy(
        _request(corpus, tmp_path / "out"),
        lambda spec: ScriptedEngine(lambda page: Reading(page.page_id, texts[0])),
    )
    rows = _results(tmp_path / "out").to_pylist()
    assert report.pages == 3
    assert {row["truth"] for row in rows} == set(texts)
    assert [row["char_errors"] == 0 for row in rows].count(True) == 1


class _Opened(HTMLParser):
    """What a browser would see of the report, and whether its tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_shows_the_worst_pages_and_runs_nothing(tmp_path: Path) -> None:
    write_pdf(tmp_path / "docs", "a<b>.pdf", first_seed=1, pages=3)
    hostile = "<script>alert(1)</script> & co"

    def answer(page: PageImage) -> Reading:
        index = split_page_id(page.page_id)[1]
        if index == 1:
            return Reading(page.page_id, error=PageError("engine_error", "broken"))
        return Reading(page.page_id, hostile if index == 2 else prose(1))

    report = _accuracy(
        _request(tmp_path / "docs", tmp_path / "out"), lambda spec: ScriptedEngine(answer)
    )
    opened = _Opened()
    opened.feed((tmp_path / "out/accuracy.html").read_text())
    assert opened.open == []
    assert "script" not in opened.seen
    assert opened.seen.count("section") == 2
    assert [source[:23] for source in opened.sources] == ["data:image/jpeg;base64,"] * 2
    assert "page 2CER 100.00%" in opened.text.replace("\n", "")
    assert "not read: engine_error" in opened.text
    assert "<script>alert(1)</script> & co" in opened.text
    assert "a<b>.pdf" in opened.text
    assert report.groups[-1].failed == 1


@pytest.mark.parametrize(
    ("modes", "message"),
    [
        ("tiny,huge", "no mode 'huge'; choose from tiny, small, base, large, gundam, gundam-m"),
        (" , ", "names no mode"),
    ],
)
def test_an_unknown_mode_names_the_known_ones(tmp_path: Path, modes: str, message: str) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1)
    with pytest.raises(RequestError, match=message):
        _compress(_request(tmp_path / "docs", tmp_path / "out"), modes, _fake(1))
    assert not (tmp_path / "out").exists()


def test_a_source_without_any_text_says_what_was_left_out(tmp_path: Path) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1, pages=2)
    request = _request(tmp_path / "docs", tmp_path / "out", study=Study(min_tokens=10_000))
    with pytest.raises(SourceError, match=r"left out: too_few_tokens 2"):
        _accuracy(request, _fake(1))


def test_a_page_that_ends_its_engine_costs_only_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1, pages=5)

    def answer(page: PageImage) -> Reading:
        if page.page_id.endswith("/00003"):
            raise RuntimeError("the engine is gone")
        return _blurred(page, 1)

    report = _accuracy(
        _request(tmp_path / "docs", tmp_path / "out"), lambda spec: ScriptedEngine(answer)
    )
    assert (report.pages, report.crashed) == (4, 1)
    assert "the engine is gone" in caplog.text
    assert sorted(_results(tmp_path / "out")["page_index"].to_pylist()) == [0, 1, 2, 4]


@pytest.mark.parametrize(
    ("name", "message"),
    [("z.txt", "belongs to a document by its name"), ("a.0007.txt", "has only 1 pages")],
)
def test_truth_files_that_fit_nothing_are_refused(tmp_path: Path, name: str, message: str) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1)
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / name).write_text("text")
    with pytest.raises(SourceError, match=message):
        _accuracy(_request(tmp_path / "docs", tmp_path / "out", truth=tmp_path / "truth"), _fake(1))


def test_a_wrong_engine_is_one_line() -> None:
    with pytest.raises(RequestError, match=r"^--engine: .*rapidocr.*vllm"):
        engine_spec(EngineOptions("tesseract"))
    with pytest.raises(RequestError, match=r"^--engine: .*vllm needs a `model`"):
        engine_spec(EngineOptions("vllm"))
    with pytest.raises(RequestError, match=r"^--engine: .*leave out model"):
        engine_spec(EngineOptions("rapidocr", "some/model"))


def test_wrong_options_of_servers_are_named() -> None:
    servers = EngineOptions("endpoint", "some/model", urls=["http://user:key@host/v1"])
    with pytest.raises(RequestError, match=r"^--url"):
        engine_spec(servers)
    with pytest.raises(RequestError, match=r"^--key-env"):
        engine_spec(replace(servers, urls=["http://host/v1"], key_env="sk-a-key"))


def test_the_command_reads_with_servers(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.pdf").write_bytes(pdf([prose(1), prose(1)]))

    def says(image: bytes, request: Mapping[str, Any]) -> Script:
        return Script([f"{word} " for word in prose(1).split()])

    tokens = PROFILES["olmocr-2"].modes[0].tokens
    assert tokens is not None
    with ChatServer(says, lambda w, h: tokens(w, h).placeholders) as server:
        done = CliRunner().invoke(
            app,
            ["evaluate", "accuracy", "--source", str(tmp_path / "docs"), "--engine", "endpoint",
             "--url", server.url, "--model", MODEL, "--profile", "olmocr-2",
             "--output", str(tmp_path / "out"), "--json"],
        )  # fmt: skip
        asked = len(server.requests)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["pages"] == 2 <= asked
    assert report["groups"][-1]["cer"] < 0.05


def test_the_command_reads_with_rapidocr(tmp_path: Path) -> None:
    write_pdf(tmp_path / "docs", "a.pdf", first_seed=1, words=40)
    done = CliRunner().invoke(
        app,
        ["evaluate", "accuracy", "--source", str(tmp_path / "docs"), "--edge", "1024",
         "--output", str(tmp_path / "out"), "--json"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["pages"] == 1
    assert report["groups"][-1]["cer"] < 0.05
    assert report["files"] == ["results.parquet", "accuracy.md", "accuracy.html"]
