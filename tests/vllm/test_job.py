"""The whole job on Ray with vLLM: from PDFs to a dataset, also when the engine core is killed."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import open_session
from pipelines.run import Report, run
from schemas import tokens
from schemas.recipe import Recipe
from tests.checkpoints import make_checkpoint
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import problems, recipe_for, rows

if find_spec("vllm") is None:
    pytest.skip("needs vLLM, which `make test-vllm` installs", allow_module_level=True)

import psutil

# vLLM's own imports warn. The last line keeps a failure in our own threads an error.
pytestmark = [
    pytest.mark.vllm,
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
]

ANSWER = (
    "The kiln was fired twice in spring, and the second firing gave better glaze. Clay from a "
    "river bank had been dug in March, left to weather, then wedged by hand. Each bowl took two "
    "days to dry before it could be trimmed or stacked for its fire."
)
PAGES = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint("lighton-ocr", tmp_path_factory.mktemp("checkpoint"), ANSWER)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("corpus")
    for number in range(PAGES // 3):
        write_pdf(source, f"{number}.pdf", 10 * number, pages=3)
    return source


def make_recipe(dataset: Path, corpus: Path, folder: Path) -> Recipe:
    """A recipe that keeps all pages, though their texts are equal."""
    return recipe_for(
        dataset,
        corpus,
        f"engine: {{name: vllm, model: {folder}, mode: native, max_new_tokens: 600}}\n"
        "routing: never\n"
        "quality: {max_symbol_share: 1, max_repetition: 1, min_confidence: 0}\n"
        "dedup: {exact_text: false, near: null, image: null}\n"
        "placement: {shard_pages: 1, batch_pages: 2}\n",
    )


def run_on_ray(recipe: Recipe) -> Report:
    with open_session() as session:
        return run(recipe, session, Console(file=io.StringIO()))


def check_dataset(report: Report, dataset: Path) -> None:
    """Every page is a sample with the checkpoint's answer, and the ledger holds."""
    pages = rows(dataset, "pages")
    assert (report.pages, len(pages)) == (PAGES, PAGES)
    assert problems(dataset) == ()
    assert {row["text"] for row in pages} == {ANSWER}
    assert {(row["engine"], row["mode"], row["task"]) for row in pages} == {
        ("vllm", "native", "markdown")
    }
    assert {row["vision_tokens"] for row in pages} == {
        tokens.pixtral(1540, row["width"], row["height"]).valid for row in pages
    }


def engine_cores() -> Iterator[psutil.Process]:
    """vLLM's engine cores in the Ray of this process."""
    for process in psutil.Process().children(recursive=True):
        try:
            if "EngineCore" in " ".join(process.cmdline()):
                yield process
        except psutil.Error:
            continue  # the process ended meanwhile


class Killer(threading.Thread):
    """Kills the engine core as soon as one shard is done, while the others are read.

    Listing all processes takes longer than a shard. So the thread lists them only until it finds a
    core, and then polls the receipts alone.
    """

    def __init__(self, dataset: Path) -> None:
        super().__init__(daemon=True)
        self._dataset = dataset
        self._over = threading.Event()
        self.killed: list[int] = []
        self.left = 0  # shards without a receipt when it was killed
        self.core_pids: set[int] = set()

    def run(self) -> None:
        cores: list[psutil.Process] = []
        while not self._over.wait(0.01):
            if not cores:
                cores = [core for core in engine_cores() if core.pid not in self.killed]
                self.core_pids |= {core.pid for core in cores}
            elif not self.killed and (done := len([*self._dataset.glob("staging/*/*.json")])):
                cores[0].kill()
                self.left = PAGES - done
                self.killed.append(cores[0].pid)
                cores = []

    def stop(self) -> None:
        self._over.set()
        self.join()


def test_a_job_from_pdfs_to_a_dataset(tmp_path: Path, corpus: Path, folder: Path) -> None:
    dataset = tmp_path / "data"
    report = run_on_ray(make_recipe(dataset, corpus, folder))
    check_dataset(report, dataset)
    assert {row["attempts"][0]["outcome"] for row in rows(dataset, "pages")} == {"ok"}


def test_a_killed_engine_core_costs_no_page(tmp_path: Path, corpus: Path, folder: Path) -> None:
    dataset = tmp_path / "data"
    killer = Killer(dataset)
    killer.start()
    try:
        report = run_on_ray(make_recipe(dataset, corpus, folder))
    finally:
        killer.stop()
    assert len(killer.killed) == 1, "no shard was done before the last"
    assert killer.left >= 3, "fewer than three shards were in flight"  # of all, which fit at once
    assert len(killer.core_pids) == 2, "the replica was not started anew"
    check_dataset(report, dataset)
