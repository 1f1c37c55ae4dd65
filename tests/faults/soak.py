"""Play seeded histories of one to three faults for a given time; print a table of the results.

    python -m tests.faults.soak --minutes 60 --seed 0

A history that fails is printed with its seed; `--only SEED` plays it again.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.harness import Fault, Moment, Stage, play
from tests.faults.injections import OF_STAGE
from tests.faults.stages import Store, local, on_ray, on_s3, own_clock, small_disk
from tests.faults.worlds import ENGINE, LAYERS, make_world
from tests.local_ray import new_fleet
from tests.s3.conftest import BUCKET
from tests.s3.faulty_proxy import FaultyProxy
from tests.s3.server import SeaweedServer
from workers.store.s3 import s3_filesystem

# The highest count drawn for a moment of each kind; higher counts may never be reached.
_MOST = {"inventory": 2, "receipts": 15, "parts": 6, "commits": 5}
_MOST_FAULTS = 3

MakeStage = Callable[[Path], AbstractContextManager[Stage | None]]


def draw(seed: int, stages: list[str]) -> tuple[str, list[tuple[Fault, Moment]]]:
    """Return the stage of a seed, and its faults in the order of their moments."""
    chance = random.Random(seed)
    stage = chance.choice(stages)
    plan = []
    for _ in range(chance.randint(1, _MOST_FAULTS)):
        kind = chance.choice(["inventory", "receipts", "receipts", "receipts", "parts", "commits"])
        plan.append((chance.choice(OF_STAGE[stage]), Moment(kind, chance.randint(1, _MOST[kind]))))
    order = list(_MOST)
    return stage, sorted(plan, key=lambda item: (order.index(item[1].kind), item[1].count))


@contextmanager
def open_stages(folder: Path) -> Iterator[dict[str, MakeStage]]:
    """Yield a maker of each stage by name; cluster and server start when first needed."""
    with ExitStack() as stack:
        layers = functools.cache(lambda: make_world(folder / "layers", LAYERS))
        engine = functools.cache(lambda: make_world(folder / "engine", ENGINE, scans=3))
        fleet = functools.cache(lambda: stack.enter_context(new_fleet()))
        store = functools.cache(lambda: stack.enter_context(_store(folder / "seaweed")))
        yield {
            "local": lambda to: nullcontext(local(layers(), to)),
            "small disk": lambda to: small_disk(layers(), to),
            "own clock": lambda to: nullcontext(own_clock(layers(), to)),
            "ray": lambda to: nullcontext(on_ray(engine(), to, fleet())),
            "s3": lambda to: nullcontext(on_s3(layers(), store(), f"{BUCKET}/{to.name}")),
        }


@contextmanager
def _store(folder: Path) -> Iterator[Store]:
    server = SeaweedServer(folder)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    try:
        server.start()
        os.environ |= server.environment()
        s3_filesystem().call_s3("create_bucket", Bucket=BUCKET)
        with FaultyProxy(server.port) as proxy:
            yield Store(server, proxy)
    finally:
        server.kill()


def main() -> None:
    """Play seeds until the time is over; exit 1 if a history failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--only", type=int, help="play this seed alone")
    parser.add_argument("--stage", action="append", help="play on this stage only")
    options = parser.parse_args()
    console = Console()
    injected, survived, failed = Counter[str](), Counter[str](), list[str]()
    histories, first = 0, options.seed if options.only is None else options.only
    with (
        tempfile.TemporaryDirectory(prefix="pagefoundry-soak-") as name,
        open_stages(Path(name)) as stages,
    ):
        names = options.stage or list(stages)
        deadline = time.monotonic() + 60 * options.minutes
        for seed in range(first, 10**9):
            place, plan = draw(seed, names)
            folder = Path(name) / f"seed-{seed}"
            folder.mkdir()
            struck: list[str] = []
            with stages[place](folder) as stage:
                if stage is None:
                    raise SystemExit(f"this machine has no stage `{place}`; name others")
                try:
                    play(stage, plan, folder, struck)
                    survived.update(struck)
                except Exception:  # noqa: BLE001 - the soak goes on, and tells at its end
                    failed.append(f"seed {seed} on {place}: {traceback.format_exc()[-3000:]}")
            injected.update(struck)
            shutil.rmtree(folder, ignore_errors=True)
            histories += 1
            console.print(
                f"seed {seed}, {place}: {', '.join(struck) or 'no moment came'}", soft_wrap=True
            )
            if options.only is not None or time.monotonic() > deadline:
                break
    console.print(_table(injected, survived, histories, len(failed)))
    for text in failed:
        console.print(text, markup=False, highlight=False)
    if failed:
        raise SystemExit(1)


def _table(injected: Counter[str], survived: Counter[str], histories: int, failed: int) -> Table:
    table = Table(title=f"{histories} histories, {failed} failed")
    for column in ("fault", "injected", "survived"):
        table.add_column(column, justify="left" if column == "fault" else "right")
    for fault in dict.fromkeys(fault.name for faults in OF_STAGE.values() for fault in faults):
        table.add_row(fault, str(injected[fault]), str(survived[fault]))
    table.add_row("all", str(injected.total()), str(survived.total()))
    return table


if __name__ == "__main__":
    main()
