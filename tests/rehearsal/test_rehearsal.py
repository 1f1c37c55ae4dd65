"""A small rehearsal: what must hold at any speed when a node is killed during the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.local_ray import CPU_NODE, GPU_NODE, Fleet
from tests.rehearsal.figures import course, figures, table
from tests.rehearsal.nodes import Nodes
from tests.rehearsal.rehearsal import Plan, rehearse

PLAN = Plan(
    nodes=2,
    gpus_per_node=1,
    cpus_per_node=1,
    speed=10,
    shard_pages=64,
    shards_per_replica=3,
    kill_nodes=1,
    kill_at=0.25,
    replace_after_s=None,
    together=True,
)


@pytest.mark.ray
@pytest.mark.slow
def test_a_node_killed_on_the_way_costs_only_what_was_in_flight_there(
    fleet: Fleet, tmp_path: Path
) -> None:
    @contextmanager
    def nodes(plan: Plan) -> Iterator[Nodes]:
        _, *gpu_nodes = fleet.have(CPU_NODE, *[GPU_NODE] * plan.nodes)
        yield Nodes(fleet, plan.gpus_per_node, gpu_nodes)

    lines: list[str] = []
    measured = rehearse(PLAN, tmp_path / "rehearsal", lines.append, nodes)

    report, verdict, watched = measured.report, measured.verdict, measured.watched
    assert report is not None
    assert verdict is not None
    assert "killing 1 of 2 GPU nodes" in lines
    assert verdict.problems == ()
    assert report.pages_read == PLAN.pages  # receipts: each page once, however often it was read
    assert report.rejects == {"duplicate": PLAN.duplicates}
    assert report.counts["pages"] == PLAN.pages - PLAN.duplicates

    most_in_flight_there = 2 * PLAN.gpus_per_node
    assert 1 <= watched.failures <= most_in_flight_there
    assert sum(pages for _, pages in watched.ends) == PLAN.pages
    pages_started = sum(pages for _, pages in watched.starts)
    assert pages_started - PLAN.pages <= most_in_flight_there * PLAN.shard_pages
    assert PLAN.documents <= measured.receipts <= PLAN.documents + most_in_flight_there
    assert watched.most_over_bound == 0
    assert watched.asked == max(count for _, count in watched.lanes) == PLAN.replicas
    assert watched.lanes[-1][1] <= PLAN.gpus_per_node  # the run ended without the lost GPUs

    text = table(figures(measured))
    assert "problems that verify names" in text
    assert "nodes killed" in course(measured)
