"""Histories of faults: run the real command, inject faults at chosen moments, rerun it, check.

A history starts from a published version; since then one of its documents has left and many have
been added. The history runs `pagefoundry run` until every fault has been injected and a run has
ended with exit code 0. Then the tables must hold what an undisturbed run makes, under the same
part names, `verify` must find no problem, and the older version must read as before. A moment is
defined by the objects in the dataset, never by time. The corpus comes from `tests.faults.worlds`,
the faults from `tests.faults.injections`, and the places where runs take place from
`tests.faults.stages`.
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
from tests.fork_server import Command
from tests.marked_processes import MARK, command_of, family, kill, marked
from tests.pipelines.datasets import all_rows, part_names, problems
from workers import store

COMMAND = str(Path(sys.executable).with_name("pagefoundry"))
TIMEOUT_S = 240
POLL_S = 0.005
_MOST_RUNS = 10
_DELETE_IT = re.compile(r"pagefoundry: (\S+?): .*\bdelete (it|the receipt)\b")


# ---- one run ---------------------------------------------------------------------------------


@dataclass
class Stage:
    """Where a history takes place: a dataset, and how the command is run on it.

    `dataset` is the dataset's address for the command; `view` is its address for the test, and
    `readable` turns `view` into a path that every library can open. `names` lists the objects in
    the dataset. `mark` marks processes that serve the command and were started before it. `props`
    holds what the stage's own faults need. `forks` says that the command runs in a fork, which
    saves its imports; elsewhere it is started as a user starts it.
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
    forks: bool = False


@dataclass
class Run:
    """One run of the command, running or ended; `stderr_path` is the file of its stderr."""

    stage: Stage
    process: subprocess.Popen[str] | Command
    mark: str
    stderr_path: Path

    def wait_for(self, moment: Moment) -> bool:
        """Wait for the moment; return whether it came before the run ended."""
        came = self._until(lambda: moment.has_come(self.stage), str(moment))
        return came and self.process.poll() is None

    def is_harmed(self, fault: Fault) -> bool:
        """Wait until the fault does harm; return whether it did before the run ended."""
        return self._until(lambda: fault.has_harmed(self), f"harm by {fault.name}")

    def _until(self, has_come: Callable[[], bool], what: str) -> bool:
        """Wait for a condition; return whether it held before the run ended."""
        deadline = time.monotonic() + TIMEOUT_S
        while not has_come():
            if self.process.poll() is not None:
                return has_come()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} never came: {self.stderr_path.read_text()[-2000:]}")
            time.sleep(POLL_S)
        return True

    def end(self) -> int:
        """Wait for the end; return the exit code, or minus the number of the fatal signal."""
        try:
            return self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"the run hangs: {self.stderr_path.read_text()[-2000:]}") from None

    def lines(self) -> list[str]:
        """Return the lines that the run wrote to stderr."""
        return self.stderr_path.read_text().splitlines()

    def own(self) -> list[psutil.Process]:
        """Return the processes of the run, but for those that serve its stage."""
        own = {process.pid: process for process in marked(self.mark)}
        if self.stage.forks and psutil.pid_exists(self.process.pid):
            own[self.process.pid] = psutil.Process(self.process.pid)  # has the server's environment
        return list(own.values())

    def processes(self) -> list[psutil.Process]:
        """Return the processes of the run and of its stage, and their children."""
        marks = [self.mark, self.stage.mark] if self.stage.mark else [self.mark]
        return list({process.pid: process for process in (*self.own(), *family(*marks))}.values())

    def find(self, *words: str) -> list[psutil.Process]:
        """Return the run's processes whose command line contains one of these words."""
        return [
            process
            for process in self.processes()
            if any(word in command_of(process) for word in words)
        ]


@dataclass(frozen=True)
class Moment:
    """When the dataset has `count` more objects of a kind than the first version had."""

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
    """Count the objects of each kind that were added since the first version."""
    names = set(stage.names()) - stage.world.first_names
    return {kind: sum(map(bool, map(p.fullmatch, names))) for kind, p in KINDS.items()}


@contextmanager
def running(stage: Stage, folder: Path) -> Iterator[Run]:
    """Run the command on a stage; at the end, kill all processes that it started."""
    mark = uuid.uuid4().hex
    (folder / mark).mkdir()
    recipe = folder / mark / "recipe.yaml"
    recipe.write_text(stage.world.recipe(stage.dataset))
    arguments = ["run", str(recipe), "--ray", stage.ray]
    start = _fork if stage.forks else _start
    process = start(stage, arguments, stage.environment | {MARK: mark}, folder / mark)
    run = Run(stage, process, mark, folder / mark / "err")
    try:
        yield run
    finally:
        kill(run.own())  # children inherit the mark or die with their parents
        process.wait()


def _start(
    stage: Stage, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> subprocess.Popen[str]:
    with (folder / "err").open("w") as errors:
        return subprocess.Popen(
            [*stage.prefix, COMMAND, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=os.environ | environment,
            start_new_session=True,
            text=True,
        )


def _fork(
    stage: Stage, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Command:
    return Command(*arguments, environment=environment, folder=folder)


# ---- a history -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """A fault that is injected into a run.

    Args:
        strike: injects the fault; False if there was nothing to strike at that moment.
        codes: the exit codes that a struck run may end with. A run that ends by itself with a
            code other than 0 gives the reason in one line, after its progress and its warnings.
        repair: undoes the fault before the next run.
        is_last: whether no other fault strikes the same run.
        has_harmed: whether the injected fault has done harm; until then no other fault strikes.
        forbidden_output: a pattern that must not occur in the output of a struck run.
    """

    name: str
    strike: Callable[[Run], bool]
    codes: frozenset[int] = frozenset({0})
    repair: Callable[[Run], None] = lambda run: None
    is_last: bool = False
    has_harmed: Callable[[Run], bool] = lambda run: True
    forbidden_output: str | None = None


def play(
    stage: Stage, plan: Sequence[tuple[Fault, Moment]], folder: Path, harmful: list[str]
) -> int:
    """Play a history: strike each fault at its moment, in order, in as few runs as it takes.

    A fault does not strike if its moment never comes, for example because a run published before
    it. The name of each fault that struck and did harm is appended to `harmful`. Returns the number
    of runs.
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
                        harmful.append(fault.name)
                if fault.is_last or 0 not in fault.codes:
                    break
            code = run.end()
        for fault in reversed(struck):
            fault.repair(run)
        if code == 0 and not any(0 not in fault.codes for fault in struck):
            check(stage)
            return runs
        if not struck and _follow_remedy(run):
            continue
        _check_end(run, code, struck)
    raise AssertionError(f"{_MOST_RUNS} runs did not bring it to an end: {harmful}")


_KEPT = "pagefoundry: what was read is kept; run the command again to go on"


def _check_end(run: Run, code: int, struck: Sequence[Fault]) -> None:
    """Check that a run ended in a way that its faults permit."""
    output = "\n".join(run.lines())
    names = [fault.name for fault in struck]
    assert code in frozenset().union(*(fault.codes for fault in struck)), (code, names, output)
    assert code != -signal.SIGTERM or not output, (names, output)
    for fault in struck:
        assert fault.forbidden_output is None or not re.search(fault.forbidden_output, output), (
            names,
            output,
        )
    if code > 0:
        # One line says what went wrong; one more may say that nothing is lost by it.
        errors = [line for line in run.lines() if line.startswith("pagefoundry: ")]
        assert errors == run.lines()[-len(errors) :], (names, output)
        assert errors[1:] in ([], [_KEPT]), (names, output)
        assert "Traceback" not in output, (names, output)


def _follow_remedy(run: Run) -> bool:
    """Delete the files that the run's messages say to delete; return whether there were any."""
    matches = [_DELETE_IT.match(line) for line in run.lines()]
    uris = [match[1] for match in matches if match]
    for uri in uris:
        store.delete(uri.replace(run.stage.dataset, run.stage.view))
    return bool(uris)


def check(stage: Stage) -> None:
    """Check that the dataset and its older version are what undisturbed runs make."""
    world = stage.world
    dataset = stage.readable(stage.view)
    assert problems(dataset) == ()
    assert all_rows(dataset) == world.second_rows
    assert part_names(dataset) == world.second_parts
    assert all_rows(dataset, world.first_version) == world.first_rows
