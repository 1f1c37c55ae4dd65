"""The rehearsal of 20 nodes of 8 GPUs on one machine: `python -m tests.rehearsal --help`."""

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
    seen = rehearse(plan, folder, say)
    found = figures(seen)
    print(f"\n{table(found)}\n\n{course(seen)}")
    if options.json:
        made = {"plan": asdict(plan), "figures": [asdict(figure) for figure in found]}
        options.json.write_text(json.dumps(made, indent=1) + "\n")
    if not options.keep:
        shutil.rmtree(folder)
    return int(any(figure.is_met is False for figure in found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.rehearsal",
        description="The whole run on simulated nodes; exit 1 where a bar is missed.",
    )
    add = parser.add_argument
    add("--nodes", type=int, default=20, help="GPU nodes")
    add("--gpus-per-node", type=int, default=8)
    add("--cpu-nodes", type=int, default=1, help="with four CPUs each, beside the GPU nodes")
    add("--speed", type=float, default=1.0, help="replicas so many times as fast as 2.39 pages/s")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=10.0, help="of reading at full rate")
    length.add_argument("--pages", type=int, help="in place of minutes")
    add("--kill-nodes", type=int, default=0, help="GPU nodes to kill at 40 %% of the pages")
    add("--replace-after", type=float, default=10.0, help="seconds until as many are started")
    add("--no-replacement", action="store_true", help="go on without the killed nodes")
    add("--folder", type=Path, help="where to write corpus and dataset; default: /tmp")
    add("--keep", action="store_true", help="leave them there")
    add("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
