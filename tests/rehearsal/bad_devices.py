"""Devices on which no replica starts: `python -m tests.rehearsal.bad_devices --help`.

Real: the whole run, as in `tests.rehearsal.rehearsal`, and `verify`. Simulated: one node with a GPU
for each replica. Some of the GPUs are bad: every start on them fails.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from rich.console import Console

from cluster.metrics import Sink
from cluster.runtime import Runtime
from cluster.session import ReplicaSpec, Session
from pipelines.dataset.verify import verify_dataset
from pipelines.run import run
from pipelines.steps.settings import replica_settings
from schemas.errors import ModelError
from schemas.recipe import Recipe
from tests.rehearsal.corpus import write_corpus
from tests.rehearsal.devices import BadDevices, When, load_on_device
from tests.rehearsal.nodes import simulated_cluster
from tests.rehearsal.rehearsal import Plan, make_recipe
from tests.rehearsal.script import Script
from workers.reading import ReplicaSettings


@dataclass
class BadDevicesSession:
    """Wraps another session; some of its replicas start on bad devices."""

    session: Session
    devices: BadDevices
    script: Script
    settings: ReplicaSettings
    backoff_s: tuple[float, ...] | None = None
    isolated: bool = True

    @property
    def metrics(self) -> Sink:
        return self.session.metrics

    @contextmanager
    def runtime(self, replicas: ReplicaSpec | None = None) -> Iterator[Runtime]:
        if replicas is not None:
            make = functools.partial(load_on_device, self.devices, self.script, self.settings)
            replicas = replace(replicas, make=make)
            if self.backoff_s is not None:
                replicas = replace(replicas, backoff_s=self.backoff_s)
        with self.session.runtime(replicas) as runtime:
            yield runtime


@dataclass
class Ended:
    """How a run ended: its pages or its error, its warnings, and how many starts it took."""

    pages: int | None = None
    problems: tuple[str, ...] = ()
    error: str | None = None
    starts: int = 0
    bad_devices: int = 0
    seconds: float = 0.0
    seconds_after_last_failure: float | None = None
    warnings: list[str] = field(default_factory=list)


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def run_on_bad_devices(
    plan: Plan,
    folder: Path,
    bad: int,
    when: When,
    fewest: int = 1,
    backoff_s: tuple[float, ...] | None = None,
) -> Ended:
    """Run the plan in `folder`, and verify the dataset."""
    ended, warnings = Ended(), _Warnings()
    devices = BadDevices(folder / "devices", bad, when)
    devices.make()
    (folder / "notes").mkdir()
    write_corpus(folder / "corpus", plan.documents, plan.shard_pages)
    recipe = _at_least(make_recipe(plan, folder), fewest)
    with (
        simulated_cluster(plan.nodes, plan.gpus_per_node, 1, plan.cpus_per_node) as nodes,
        nodes.fleet.joined() as session,
    ):
        bad_session = BadDevicesSession(
            session,
            devices,
            Script(plan.speed, str(folder / "notes")),
            replica_settings(recipe, session.isolated),
            backoff_s,
        )
        logging.getLogger("cluster.replicas").addHandler(warnings)
        started_s = time.time()
        try:
            report = run(recipe, bad_session, Console(file=io.StringIO()))
            ended.pages = report.pages_read
        except ModelError as exc:
            ended.error = str(exc)
        finally:
            logging.getLogger("cluster.replicas").removeHandler(warnings)
        now_s = time.time()
        ended.seconds = now_s - started_s
        if failures := devices.failures():
            ended.seconds_after_last_failure = now_s - max(at_s for _, at_s in failures)
            ended.bad_devices = len({device for device, _ in failures})
        if ended.error is None:
            ended.problems = tuple(map(str, verify_dataset(recipe.dataset, session).problems))
    ended.starts, ended.warnings = devices.starts(), warnings.lines
    return ended


def _at_least(recipe: Recipe, fewest: int) -> Recipe:
    placement = recipe.placement
    bounds = {"replicas": (fewest, placement.replicas[1]), "replica_start_timeout_s": 600}
    return recipe.model_copy(update={"placement": placement.model_copy(update=bounds)})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rehearsal.bad_devices")
    add = parser.add_argument
    add("--replicas", type=int, default=160)
    add("--bad", type=int, default=1)
    add("--when", choices=["before", "after"], default="before")
    add("--fewest", type=int, default=1, help="the lower bound in placement.replicas")
    add("--pages-per-s", type=float, default=20, help="speed of each replica")
    add("--shards-per-replica", type=int, default=2, help="shards of 16 pages for each replica")
    options = parser.parse_args()
    plan = Plan(
        nodes=1,
        gpus_per_node=options.replicas,
        speed=options.pages_per_s,
        shards_per_replica=options.shards_per_replica,
        shard_pages=16,
    )
    with tempfile.TemporaryDirectory(prefix="bad-devices-") as folder:
        ended = run_on_bad_devices(plan, Path(folder), options.bad, options.when, options.fewest)
    print(json.dumps({"of_pages": plan.pages} | asdict(ended), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
