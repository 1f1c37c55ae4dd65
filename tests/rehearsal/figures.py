"""Pure functions from measurements to figures: rates over time, busy shares, each with its bar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.rehearsal.rehearsal import Measured, Plan
from tests.rehearsal.script import Spell

PAGES_A_DAY = 33_000_000
_BARS = "▁▂▃▄▅▆▇█"
_SMOOTH_S = 5
_BACK = 0.95  # throughput is back at this share of what it was before the nodes died


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `is_met` is None where there is no bar."""

    name: str
    value: float | int
    unit: str = ""
    bar: str = ""
    is_met: bool | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """From when all replicas have begun to read until the first has nothing left to read."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """How long the window lasts; 0 in a rehearsal too short to have one."""
        return max(0.0, self.end_s - self.start_s)


def window(measured: Measured) -> Window:
    """The window between ramp and tail."""
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for spell in measured.spells:
        first[spell.replica] = min(first.get(spell.replica, spell.start_s), spell.start_s)
        last[spell.replica] = max(last.get(spell.replica, spell.end_s), spell.end_s)
    whole = measured.plan.shard_pages
    last_admission_s = max(at_s for at_s, pages in measured.watched.starts if pages == whole)
    began = sorted(first.values())[: measured.plan.replicas]
    ran_dry = [end_s for end_s in last.values() if end_s > last_admission_s]
    return Window(began[-1], min(ran_dry))


def pages_read(spells: Iterable[Spell], start_s: float, end_s: float) -> float:
    """Pages read between two times; a spell's pages are spread evenly over it."""
    return sum(
        spell.pages * _overlap(spell, start_s, end_s) / (spell.end_s - spell.start_s)
        for spell in spells
    )


def busy_s(spells: Iterable[Spell], start_s: float, end_s: float) -> float:
    """Replica seconds spent reading between two times."""
    return sum(_overlap(spell, start_s, end_s) for spell in spells)


def _overlap(spell: Spell, start_s: float, end_s: float) -> float:
    return max(0.0, min(spell.end_s, end_s) - max(spell.start_s, start_s))


def ready_s(lanes: Sequence[tuple[float, int]], start_s: float, end_s: float) -> float:
    """Replica seconds that could be used; `lanes` holds the count of replicas from each time on."""
    ends = [at_s for at_s, _ in lanes[1:]] + [float("inf")]
    return sum(
        count * max(0.0, min(until_s, end_s) - max(from_s, start_s))
        for (from_s, count), until_s in zip(lanes, ends, strict=True)
    )


def rates(spells: Sequence[Spell], start_s: float, end_s: float, every_s: float) -> list[float]:
    """Pages a second in each interval of `every_s`."""
    steps = max(1, int((end_s - start_s) / every_s))
    begins = [start_s + step * every_s for step in range(steps)]
    return [pages_read(spells, begin, begin + every_s) / every_s for begin in begins]


def back_after_s(measured: Measured, between: Window) -> float | None:
    """Seconds from the nodes' death until the rate is back and stays; None if it never is.

    The spells that the dead nodes had begun are lost. So the rate before is measured only up to
    the length of the longest spell before the death: until then no lost spell had begun.
    """
    killed_s = measured.killed_s
    assert killed_s is not None
    longest_s = max(spell.end_s - spell.start_s for spell in measured.spells)
    until_s = killed_s - longest_s
    if until_s <= between.start_s:
        return None
    before = pages_read(measured.spells, between.start_s, until_s) / (until_s - between.start_s)
    after = rates(measured.spells, killed_s, between.end_s, _SMOOTH_S)
    low = [number for number, rate in enumerate(after) if rate < _BACK * before]
    if low and low[-1] == len(after) - 1:
        return None
    return (low[-1] + 1) * _SMOOTH_S if low else 0.0


def sparkline(values: Sequence[float], most: float) -> str:
    """Bars of eight heights, the highest for `most`."""
    top = len(_BARS) - 1
    return "".join(_BARS[min(top, max(0, round(top * value / most)))] for value in values)


def figures(measured: Measured) -> list[Figure]:
    """All figures, those with bars first."""
    return [*_with_bars(measured), *_without_bars(measured)]


def _with_bars(measured: Measured) -> list[Figure]:
    plan, watched, between = measured.plan, measured.watched, window(measured)
    assert measured.report is not None
    assert measured.verdict is not None
    # Dying nodes lose what they were reading, so rates have a bar only if no node is killed.
    is_held = between.seconds > 0 and not plan.kill_nodes
    seconds = between.seconds or float("nan")
    rate = pages_read(measured.spells, between.start_s, between.end_s) / seconds
    asked_rate = PAGES_A_DAY / 86_400 * plan.replicas / 160 * plan.speed
    in_window = between.start_s, between.end_s
    there_s = ready_s(watched.lanes, *in_window)
    busy = busy_s(measured.spells, *in_window) / there_s if there_s else float("nan")
    lost = plan.pages - measured.report.pages_read
    problems = len(measured.verdict.problems)
    result = [
        Figure("pages lost", lost, "", "0", lost == 0),
        Figure("problems that verify names", problems, "", "0", problems == 0),
        Figure(
            "duplicates found",
            measured.report.rejects.get("duplicate", 0),
            "",
            f"{plan.duplicates}",
            measured.report.rejects.get("duplicate", 0) == plan.duplicates,
        ),
        Figure(
            "over two shards in flight on a replica",
            watched.most_over_bound,
            "",
            "0",
            watched.most_over_bound == 0,
        ),
        Figure(
            "sustained between ramp and tail",
            rate,
            "pages/s",
            f"{asked_rate:.1f}",
            rate >= asked_rate if is_held else None,
        ),
        Figure(
            "replicas busy between ramp and tail",
            100 * busy,
            "%",
            "95",
            busy >= 0.95 if is_held else None,
        ),
    ]
    if measured.killed_s is not None:
        back_s = back_after_s(measured, between)
        value = float("inf") if back_s is None else back_s
        result.append(Figure("throughput back", value, "s after", "60", value <= 60))
    return result


def _without_bars(measured: Measured) -> list[Figure]:
    plan, watched, between = measured.plan, measured.watched, window(measured)
    assert measured.report is not None
    complete_s = [at_s for at_s, count in watched.lanes if count == plan.replicas]
    wall_s = watched.closed_s - watched.opened_s
    reading_s = sum(spell.end_s - spell.start_s for spell in measured.spells)
    pages = sum(spell.pages for spell in measured.spells)
    all_ready_s = complete_s[0] - watched.opened_s if complete_s else float("nan")
    result = [
        Figure("all replicas ready after", all_ready_s, "s"),
        Figure("window between ramp and tail", between.seconds, "s"),
        Figure("rate if no replica ever waits", plan.replicas * pages / reading_s, "pages/s"),
        Figure("rate over the whole pass", plan.pages / wall_s, "pages/s"),
        Figure("receipts", measured.receipts),
        Figure("chains that failed", watched.failures),
        Figure("pages read for nothing", pages - plan.pages),
        *(Figure(f"{name}", seconds, "s") for name, seconds in measured.seconds.items()),
        Figure("driver CPU in the pass", watched.driver_cpu_s, f"s of {wall_s:.0f}"),
        Figure("driver CPU in the run", measured.driver_cpu_s, "s"),
        Figure("driver peak memory", measured.driver_peak_bytes / 2**20, "MiB"),
        Figure("peak memory of all processes", measured.machine.peak_used_bytes / 2**30, "GiB"),
    ]
    for kind, each_s in sorted(measured.machine.cpu_s().items(), key=lambda item: -sum(item[1])):
        per_page_ms = 1000 * sum(each_s) / plan.pages
        name = f"CPU of {len(each_s)} {kind}"
        result.append(Figure(name, sum(each_s), f"s, {per_page_ms:.2f} ms a page"))
    return result


def table(rows: Sequence[Figure]) -> str:
    """The figures as lines, each beside its bar."""
    lines = []
    for figure in rows:
        value = f"{figure.value:,.1f}" if isinstance(figure.value, float) else f"{figure.value:,}"
        verdict = {None: "", True: "met", False: "MISSED"}[figure.is_met]
        bar = f"bar {figure.bar}" if figure.bar else ""
        lines.append(f"{figure.name:42}{value:>12} {figure.unit:28}{bar:>12} {verdict}".rstrip())
    return "\n".join(lines)


def course(measured: Measured, columns: int = 72) -> str:
    """Pages a second from the start of the pass to its end, as one line."""
    start_s, end_s = measured.watched.opened_s, measured.watched.closed_s
    every_s = (end_s - start_s) / columns
    values = rates(measured.spells, start_s, end_s, every_s)
    most = max(measured.plan.pages_per_s, *values)
    line = sparkline(values, most)
    if measured.killed_s is not None:
        place = min(len(line), int((measured.killed_s - start_s) / every_s))
        line = f"{line}\n{' ' * place}^ nodes killed"
    return f"pages/s, one bar for every {every_s:.0f} s, full height {most:.0f}:\n{line}"


def plan_for(
    nodes: int, gpus_per_node: int, speed: float, minutes: float | None, pages: int | None
) -> int:
    """How many shards of 256 pages each replica reads in these minutes or pages; at least three."""
    single = Plan(nodes=nodes, gpus_per_node=gpus_per_node, speed=speed, shards_per_replica=1)
    wanted = pages if pages is not None else 60 * (minutes or 0) * single.pages_per_s
    return max(3, round(wanted / single.pages))
