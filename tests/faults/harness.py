"""Histories of faults: run the real command, do it harm at chosen moments, run it again, check.

A history starts from a published version, of whose documents one has left and many have come. It
runs `pagefoundry run` until no fault is left to strike and a run has ended with exit code 0. Then
the tables must hold what an undisturbed run makes, under the same part names, `verify` must find
nothing, and the older version must read as it did. Moments are told by what lies in the dataset,
never by time. The corpus is from `tests.faults.worlds`, the faults are in
`tests.faults.injections`, what they strike in `tests.faults.stages`.
"""

from __future__ import annotations

import os
import re
import signal
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

from tests.faults.worlds import World
from tests.pipelines.datasets import all_rows, part_names, problems, rows
from workers import store

COMMAND = str(Path(sys.executable).with_name("pagefoundry"))
MARK = "PAGEFOUNDRY_TEST_MARK"
TIMEOUT_S = 240
POLL_S = 0.005
_MOST_RUNS = 10
_DELETE_IT = re.compile(r"pagefoundry: (\S+?): .*\bdelete (it|the receipt)\b")


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
        came = self._until(lambda: moment.has_come(self.stage), str(moment))
        return came and self.process.poll() is None

    def is_harmed(self, fault: Fault) -> bool:
        """Whether the fault did harm before the run ended."""
        return self._until(lambda: fault.has_harmed(self), f"harm by {fault.name}")

    def _until(self, has_come: Callable[[], bool], what: str) -> bool:
        """Whether it came by the end of the run."""
        deadline = time.monotonic() + TIMEOUT_S
        while not has_come():
            if self.process.poll() is not None:
                return has_come()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} never came: {self.said.read_text()[-2000:]}")
            time.sleep(POLL_S)
        return True

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
    names = set(stage.names()) - stage.world.first_names
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
        has_harmed: whether what the strike set up has done harm; no other fault strikes before.
        never_said: a pattern that no line of a run that it struck may have in it.
    """

    name: str
    strike: Callable[[Run], bool]
    codes: frozenset[int] = frozenset({0})
    repair: Callable[[Run], None] = lambda run: None
    is_last: bool = False
    has_harmed: Callable[[Run], bool] = lambda run: True
    never_said: str | None = None


def play(stage: Stage, plan: Sequence[tuple[Fault, Moment]], folder: Path, told: list[str]) -> int:
    """Play a history: strike each fault at its moment, in order, in as few runs as it takes.

    A fault is not struck where its moment never comes, as a run published before it. `told` is
    given the name of each fault that was struck and did harm. Returns how many runs there were.
    """
    left = list(plan)
    for runs in range(1, _MOST_RUNS + 1):
        struck: list[Fault] = []
        with running(stage, folder) as run:
            while left and run.wait_for(left[0][1]):
                fault, _ = left.pop(0)
                if fault.strike(run):
                    struck.append(fault)
                    if run.is_harmed(fault):
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
    assert code != -signal.SIGTERM or not said, (names, said)
    for fault in struck:
        assert fault.never_said is None or not re.search(fault.never_said, said), (names, said)
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
