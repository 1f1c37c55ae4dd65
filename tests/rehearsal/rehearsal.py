"""The rehearsal: the whole run, on a simulated cluster, with scripted replicas.

Real: `pipelines.run.run` with its inventory, rasterising in children, scoring, receipts,
deduplication, publish, and `verify` at the end. Simulated: the nodes, the GPUs, and the time and
text of a page.
"""

from __future__ import annotations

import io
import resource
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from pipelines.dataset.verify import Verdict, verify_dataset
from pipelines.run import Report, run
from pipelines.steps.settings import replica_settings
from schemas.recipe import Recipe, parse_recipe
from tests.rehearsal.corpus import write_corpus
from tests.rehearsal.nodes import Nodes, simulated_cluster
from tests.rehearsal.script import (
    PAGES_PER_DUPLICATE,
    PAGES_PER_S,
    Script,
    Spell,
    mean_page_seconds,
    read_spells,
)
from tests.rehearsal.watching import Machine, RehearsalSession, Watched


@dataclass(frozen=True, slots=True)
class Plan:
    """What is rehearsed.

    `kill_nodes` nodes are killed when the share `kill_at` of the pages is done and each replica has
    something to do. As many new nodes start `replace_after_s` later, as an autoscaler would start
    them; with None, none start. With `together`, no replica gets a page before all are ready.
    """

    nodes: int = 20
    gpus_per_node: int = 8
    cpu_nodes: int = 1
    cpus_per_node: int = 4
    speed: float = 1.0
    shards_per_replica: int = 6
    shard_pages: int = 256
    kill_nodes: int = 0
    kill_at: float = 0.4
    replace_after_s: float | None = 10.0
    together: bool = False

    @property
    def replicas(self) -> int:
        """One replica for each GPU."""
        return self.nodes * self.gpus_per_node

    @property
    def pages_per_s(self) -> float:
        """The rate of all replicas when none ever waits."""
        return self.replicas * PAGES_PER_S * self.speed

    @property
    def documents(self) -> int:
        """One document for each shard."""
        return self.replicas * self.shards_per_replica

    @property
    def pages(self) -> int:
        """The pages of all documents."""
        return self.documents * self.shard_pages

    @property
    def duplicates(self) -> int:
        """Pages that repeat another."""
        return self.documents * (self.shard_pages // PAGES_PER_DUPLICATE)


@dataclass
class Measured:
    """All measurements of a rehearsal; `tests.rehearsal.figures` turns them into figures."""

    plan: Plan
    watched: Watched = field(default_factory=Watched)
    machine: Machine = field(default_factory=Machine)
    spells: list[Spell] = field(default_factory=list)
    report: Report | None = None
    verdict: Verdict | None = None
    killed_s: float | None = None
    receipts: int = 0
    started_s: float = 0.0
    published_s: float = 0.0
    verified_s: float = 0.0
    driver_cpu_s: float = 0.0
    driver_peak_bytes: int = 0

    @property
    def seconds(self) -> dict[str, float]:
        """Wall seconds of the run's phases."""
        watched = self.watched
        first_part_s = min(at_s for name, at_s in watched.tasks.items() if name.startswith("write"))
        return {
            "inventory": watched.opened_s - self.started_s,
            "read": watched.closed_s - watched.opened_s,
            "deduplication": first_part_s - watched.closed_s,
            "publish": self.published_s - first_part_s,
            "verify": self.verified_s - self.published_s,
        }


def simulated(plan: Plan) -> AbstractContextManager[Nodes]:
    """The cluster of a plan."""
    return simulated_cluster(plan.nodes, plan.gpus_per_node, plan.cpu_nodes, plan.cpus_per_node)


def rehearse(
    plan: Plan,
    folder: Path,
    say: Callable[[str], None],
    cluster: Callable[[Plan], AbstractContextManager[Nodes]] = simulated,
) -> Measured:
    """Run the plan in `folder`, and leave its files there; `cluster` starts its nodes."""
    measured = Measured(plan)
    notes = folder / "notes"
    notes.mkdir(parents=True)
    say(f"writing {plan.documents:,} documents of {plan.shard_pages} pages")
    doc_ids = write_corpus(folder / "corpus", plan.documents, plan.shard_pages)
    pages_per_s = PAGES_PER_S * plan.speed * mean_page_seconds(doc_ids, plan.shard_pages)
    recipe = make_recipe(plan, folder)
    with measured.machine.watched():
        say(f"starting {plan.nodes} GPU nodes")
        with cluster(plan) as nodes, nodes.fleet.joined() as session:
            disaster = Disaster(plan, measured, nodes, say)
            watched_session = RehearsalSession(
                session,
                Script(pages_per_s, str(notes)),
                replica_settings(recipe, session.isolated),
                measured.watched,
                disaster.look,
                plan.replicas if plan.together else 0,
            )
            measured.started_s, cpu_s = time.monotonic(), time.process_time()
            measured.report = run(recipe, watched_session, _console(say))
            measured.published_s = time.monotonic()
            measured.driver_cpu_s = time.process_time() - cpu_s
            measured.driver_peak_bytes = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            disaster.join()
            say("verifying")
            measured.verdict = verify_dataset(recipe.dataset, session)
            measured.verified_s = time.monotonic()
            measured.machine.sample()
    measured.spells = read_spells(notes)
    digests = [path for path in (folder / "data/staging").iterdir() if path.name != "inventory"]
    measured.receipts = sum(len(list(path.glob("*.json"))) for path in digests)
    return measured


def make_recipe(plan: Plan, folder: Path) -> Recipe:
    """The recipe as a submitter would write it, except that pictures are tiny."""
    return parse_recipe(f"""
        dataset: {folder / "data"}
        sources: [{{documents: {folder / "corpus"}}}]
        routing: never
        rotate: false
        raster: {{longest_edge_px: 64, quality: 50}}
        placement:
          replicas: [1, {plan.replicas}]
          gpus_per_replica: 1
          shard_pages: {plan.shard_pages}
    """)


def _console(say: Callable[[str], None]) -> Console:
    class Lines(io.StringIO):
        def write(self, text: str) -> int:
            if text.strip():
                say(text.strip())
            return len(text)

    return Console(file=Lines(), width=200)


class Disaster:
    """Kills nodes at the moment that the plan sets, and adds others later.

    Ray lets only the main thread start nodes. So they are added between two turns of the pass, one
    at a time, and each stops the driver for 1 s.
    """

    def __init__(
        self, plan: Plan, measured: Measured, nodes: Nodes, say: Callable[[str], None]
    ) -> None:
        self._plan, self._measured, self._nodes, self._say = plan, measured, nodes, say
        self._killer: threading.Thread | None = None

    def look(self, pages_done: int, lanes_at_work: int) -> None:
        """Kill or add nodes if it is time; called at each turn of the pass."""
        if self._killer is None:
            if self._is_time_to_kill(pages_done, lanes_at_work):
                self._kill()
        elif self._is_time_to_replace():
            self._say("adding a GPU node")
            self._nodes.add_gpu_nodes(1)

    def _is_time_to_kill(self, pages_done: int, lanes_at_work: int) -> bool:
        plan = self._plan
        is_far_enough = pages_done >= plan.kill_at * plan.pages
        return bool(plan.kill_nodes) and is_far_enough and lanes_at_work == plan.replicas

    def _kill(self) -> None:
        count = self._plan.kill_nodes
        self._say(f"killing {count} of {self._plan.nodes} GPU nodes")
        self._measured.killed_s = time.monotonic()
        self._killer = threading.Thread(target=self._nodes.kill_gpu_nodes, args=(count,))
        self._killer.start()

    def _is_time_to_replace(self) -> bool:
        assert self._measured.killed_s is not None
        assert self._killer is not None
        after_s = self._plan.replace_after_s
        if after_s is None or time.monotonic() < self._measured.killed_s + after_s:
            return False
        self._killer.join()
        return len(self._nodes.gpu_nodes) < self._plan.nodes

    def join(self) -> None:
        """Wait until the nodes are dead; RuntimeError if the time to kill them never came."""
        if self._killer is not None:
            self._killer.join()
        elif self._plan.kill_nodes:
            raise RuntimeError("all replicas were never at work at once, so no node was killed")
