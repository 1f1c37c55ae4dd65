"""Histories of faults: run the real command, do it harm at chosen moments, run it again, check.

A history starts from a published version, of whose documents one has left and many have come. It
runs `pagefoundry run` until no fault is left to strike and a run has ended with exit code 0. Then
the tables must hold what an undisturbed run makes, under the same part names, `verify` must find
nothing, and the older version must read as it did. Moments are told by what lies in the dataset,
never by time. The faults are in `tests.faults.injections`, what they strike in
`tests.faults.stages`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from PIL import Image, ImageDraw

from pipelines.state import load_snapshot
from schemas.recipe import parse_recipe
from tests.pipelines.corpora import pdf, prose, write_pdf
from tests.pipelines.datasets import all_rows, part_names, problems, rows, run_here
from workers import store

COMMAND = str(Path(sys.executable).with_name("pagefoundry"))
MARK = "PAGEFOUNDRY_TEST_MARK"
TIMEOUT_S = 240
POLL_S = 0.002
LAYERS = "routing: only\non_missing: remove\nplacement: {shard_pages: 4}\n"
ENGINE = (
    "routing: prefer\non_missing: remove\n"
    "placement: {shard_pages: 4, replicas: 2, gpus_per_replica: 1}\n"
)
_MOST_RUNS = 10
_DELETE_IT = re.compile(r"pagefoundry: (\S+?): .*\bdelete (it|the receipt)\b")


# ---- the corpus and what is to come of it ---------------------------------------------------


@dataclass(frozen=True)
class World:
    """A corpus, the first version of its dataset, and what the second is to be."""

    corpus: Path
    settings: str
    first: Path
    first_version: int
    first_rows: Mapping[str, Any]
    second_rows: Mapping[str, Any]
    second_parts: Mapping[str, Any]

    def recipe(self, dataset: str) -> str:
        """The recipe of the second version, as a user writes it."""
        return _recipe(dataset, self.corpus, ("staying", "coming"), self.settings)


def make_world(folder: Path, settings: str, scans: int = 0) -> World:
    """A corpus of text layers, and of some scans where the recipe has an engine."""
    corpus = folder / "corpus"
    write_pdf(corpus / "leaving", "gone.pdf", first_seed=1, pages=3)
    for number in range(4):
        write_pdf(corpus / "staying", f"{number}.pdf", first_seed=100 + 10 * number, pages=2)
    for number in range(36):  # more than one task of the inventory takes
        write_pdf(corpus / "coming", f"{number:02}.pdf", first_seed=1000 + number)
    for number in range(2):
        write_pdf(corpus / "coming", f"long-{number}.pdf", 2000 + 100 * number, pages=11)
    # Pages that are elsewhere too, and what is no document.
    (corpus / "coming/again.pdf").write_bytes(pdf([prose(100), prose(1000)]))
    (corpus / "coming/broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    for number in range(scans):
        _write_scan(corpus / f"coming/scan-{number}.png", f"Invoice number {number + 4711}")
    first, second = folder / "first", folder / "second"
    run_here(parse_recipe(_recipe(str(first), corpus, ("leaving", "staying"), settings)))
    shutil.copytree(first, second)
    run_here(parse_recipe(_recipe(str(second), corpus, ("staying", "coming"), settings)))
    before = load_snapshot(str(first))
    assert before is not None
    assert problems(second) == ()
    return World(
        corpus=corpus,
        settings=settings,
        first=first,
        first_version=before.version,
        first_rows=all_rows(first),
        second_rows=all_rows(second),
        second_parts=part_names(second),
    )


def _recipe(dataset: str, corpus: Path, folders: Sequence[str], settings: str) -> str:
    documents = ", ".join(str(corpus / name) for name in folders)
    return f"dataset: {dataset}\nsources: [{{documents: [{documents}]}}]\n{settings}"


def _write_scan(path: Path, text: str) -> None:
    picture = Image.new("RGB", (700, 500), "white")
    draw = ImageDraw.Draw(picture)
    for line in range(3):
        draw.text((40, 60 + 120 * line), f"{text}, line {line}", fill="black", font_size=40)
    picture.save(path)


# ---- one run ---------------------------------------------------------------------------------


@dataclass
class Stage:
    """Where a history is played: a dataset, and how the command is run on it.

    `dataset` is the dataset for the command, `view` the same for us, which `readable` makes a path
    that every library can open. `names` lists what lies in
    it, `mark` marks processes that serve the command and were there before it. `props` is what
    the stage has for its own faults.
    """

    name: str
    world: World
    dataset: str
    view: str
    names: Callable[[], list[str]]
    readable: Callable[[str], str] = str
    ray: str = "in-process"
    prefix: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    props: Any = None


@dataclass
class Run:
    """The command at work, or at its end."""

    stage: Stage
    process: subprocess.Popen[str]
    mark: str
    said: Path

    def wait_for(self, moment: Moment) -> bool:
        """Whether the moment came before the run ended."""
        deadline = time.monotonic() + TIMEOUT_S
        while not moment.has_come(self.stage):
            if self.process.poll() is not None:
                return False
            if time.monotonic() > deadline:
                raise TimeoutError(f"{moment} never came: {self.said.read_text()[-2000:]}")
            time.sleep(POLL_S)
        return self.process.poll() is None

    def end(self) -> int:
        """Wait for the end; the exit code, or minus the signal that ended it."""
        try:
            return self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"the run hangs: {self.said.read_text()[-2000:]}") from None

    def lines(self) -> list[str]:
        """What it said on stderr."""
        return self.said.read_text().splitlines()

    def processes(self) -> list[psutil.Process]:
        """All that works for the run: what bears its mark or its stage's, and their children.

        Ray's workers write their titles over their environment, so they are found by descent.
        """
        roots = [*marked(self.mark), *(marked(self.stage.mark) if self.stage.mark else ())]
        found = {process.pid: process for process in roots}
        for root in roots:
            try:
                found |= {child.pid: child for child in root.children(recursive=True)}
            except psutil.NoSuchProcess:
                continue
        return list(found.values())

    def find(self, *words: str) -> list[psutil.Process]:
        """Its processes whose command line has one of these in it."""
        return [one for one in self.processes() if any(word in command_of(one) for word in words)]


@dataclass(frozen=True)
class Moment:
    """When at least `count` more objects of a kind than in the first version lie in the dataset."""

    kind: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} {self.kind}"

    def has_come(self, stage: Stage) -> bool:
        return progress(stage)[self.kind] >= self.count


KINDS = {
    "inventory": re.compile(r"staging/inventory/[^./][^/]*\.jsonl"),
    "receipts": re.compile(r"staging/[0-9a-f]+/[^./][^/]*\.json"),
    "parts": re.compile(r"[a-z]+/data/part-[0-9a-f]{64}\.parquet"),
    "commits": re.compile(r"[a-z]+/_delta_log/\d+\.json"),
}


def progress(stage: Stage) -> dict[str, int]:
    """How many objects of each kind have come since the first version."""
    before = {str(path.relative_to(stage.world.first)) for path in stage.world.first.rglob("*")}
    names = set(stage.names()) - before
    return {kind: sum(map(bool, map(p.fullmatch, names))) for kind, p in KINDS.items()}


@contextmanager
def running(stage: Stage, folder: Path) -> Iterator[Run]:
    """The command on a stage; at the end all that it started is killed."""
    mark = uuid.uuid4().hex
    recipe, said = folder / f"{mark}.yaml", folder / f"{mark}.err"
    recipe.write_text(stage.world.recipe(stage.dataset))
    with said.open("w") as errors:
        process = subprocess.Popen(
            [*stage.prefix, COMMAND, "run", str(recipe), "--ray", stage.ray],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=os.environ | stage.environment | {MARK: mark},
            start_new_session=True,
            text=True,
        )
    try:
        yield Run(stage, process, mark, said)
    finally:
        kill_marked(mark)
        process.wait()


def kill_marked(mark: str) -> None:
    """Kill what bears a mark; children die with their parents or bear it too."""
    left = marked(mark)
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=10)


def marked(mark: str) -> list[psutil.Process]:
    """All processes that bear a mark in their environment."""
    return [process for process in psutil.process_iter() if _mark_of(process) == mark]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except psutil.Error:
        return None


def command_of(process: psutil.Process) -> str:
    """Its command line, empty where it is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


# ---- a history -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """Something that is done to a run.

    Args:
        strike: does it; False where there was nothing to strike just then.
        codes: how a run that was struck may end. One that ends by itself and not with 0 says why
            in one line, after its progress and its warnings.
        repair: undoes it, before the next run.
        is_last: whether no other fault strikes the same run.
    """

    name: str
    strike: Callable[[Run], bool]
    codes: frozenset[int] = frozenset({0})
    repair: Callable[[Run], None] = lambda run: None
    is_last: bool = False


def play(stage: Stage, plan: Sequence[tuple[Fault, Moment]], folder: Path, told: list[str]) -> int:
    """Play a history: strike each fault at its moment, in order, in as few runs as it takes.

    A fault is not struck where its moment never comes, as a run published before it. `told` is
    given the name of each fault that was struck. Returns how many runs there were.
    """
    left = list(plan)
    for runs in range(1, _MOST_RUNS + 1):
        struck: list[Fault] = []
        with running(stage, folder) as run:
            while left and run.wait_for(left[0][1]):
                fault, _ = left.pop(0)
                if fault.strike(run):
                    struck.append(fault)
                    told.append(fault.name)
                if fault.is_last or 0 not in fault.codes:
                    break
            code = run.end()
        for fault in reversed(struck):
            fault.repair(run)
        if code == 0 and not any(0 not in fault.codes for fault in struck):
            check(stage)
            return runs
        if not struck and _obey(run):
            continue
        _check_end(run, code, struck)
    raise AssertionError(f"{_MOST_RUNS} runs did not bring it to an end: {told}")


def _check_end(run: Run, code: int, struck: Sequence[Fault]) -> None:
    """A run ends badly only as its faults say."""
    said = "\n".join(run.lines())
    names = [fault.name for fault in struck]
    assert code in frozenset().union(*(fault.codes for fault in struck)), (code, names, said)
    if code > 0:
        told = [line for line in run.lines() if line.startswith("pagefoundry: ")]
        assert told == run.lines()[-1:], (names, said)
        assert "Traceback" not in said, (names, said)


def _obey(run: Run) -> bool:
    """Delete the file that the run told us to delete."""
    found = [_DELETE_IT.match(line) for line in run.lines()]
    told = [match[1] for match in found if match]
    for uri in told:
        store.delete(uri.replace(run.stage.dataset, run.stage.view))
    return bool(told)


def check(stage: Stage) -> None:
    """The dataset is what an undisturbed run makes of it, and so is its older version."""
    world = stage.world
    dataset = stage.readable(stage.view)
    assert problems(dataset) == ()
    assert all_rows(dataset) == world.second_rows
    assert part_names(dataset) == world.second_parts
    old = {table: rows(dataset, table, world.first_version) for table in world.first_rows}
    assert old == world.first_rows
