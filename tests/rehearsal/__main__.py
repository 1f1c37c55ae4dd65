"""A rehearsal of 20 nodes with 8 GPUs each, on one machine: `python -m tests.rehearsal --help`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.rehearsal.figures import course, figures, plan_for, table
from tests.rehearsal.rehearsal import Plan, rehearse
from tests.rehearsal.watching import cores


def main() -> int:
    options = _parser().parse_args()
    shards = plan_for(
        options.nodes, options.gpus_per_node, options.speed, options.minutes, options.pages
    )
    plan = Plan(
        nodes=options.nodes,
        gpus_per_node=options.gpus_per_node,
        cpu_nodes=options.cpu_nodes,
        speed=options.speed,
        shards_per_replica=shards,
        kill_nodes=options.kill_nodes,
        replace_after_s=None if options.no_replacement else options.replace_after,
    )
    started_s = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started_s:7.1f} s  {line}", flush=True)

    folder = Path(tempfile.mkdtemp(prefix="rehearsal-", dir=options.folder))
    say(f"{plan.replicas} replicas on {cores()} cores, {plan.pages:,} pages, in {folder}")
    measured = rehearse(plan, folder, say)
    rows = figures(measured)
    print(f"\n{table(rows)}\n\n{course(measured)}")
    if options.json:
        written = {"plan": asdict(plan), "figures": [asdict(figure) for figure in rows]}
        options.json.write_text(json.dumps(written, indent=1) + "\n")
    if not options.keep:
        shutil.rmtree(folder)
    return int(any(figure.is_met is False for figure in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.rehearsal",
        description="Rehearse the whole run on simulated nodes; exit with 1 if a bar is missed.",
    )
    add = parser.add_argument
    add("--nodes", type=int, default=20, help="GPU nodes")
    add("--gpus-per-node", type=int, default=8)
    add("--cpu-nodes", type=int, default=1, help="nodes with four CPUs each, beside the GPU nodes")
    add(
        "--speed",
        type=float,
        default=1.0,
        help="speed of each replica, as a multiple of 2.39 pages/s",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--minutes", type=float, default=10.0, help="minutes of reading at full rate"
    )
    length.add_argument("--pages", type=int, help="pages to read, in place of --minutes")
    add("--kill-nodes", type=int, default=0, help="GPU nodes to kill at 40 %% of the pages")
    add(
        "--replace-after",
        type=float,
        default=10.0,
        help="seconds until as many new nodes are started",
    )
    add("--no-replacement", action="store_true", help="go on without the killed nodes")
    add("--folder", type=Path, help="where to write corpus and dataset; default: /tmp")
    add("--keep", action="store_true", help="keep corpus and dataset")
    add("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
