"""What a pass did, as a value that adds up, and the lines that show it to people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cluster.pool import PoolState
from pipelines.steps.timed import Timed
from schemas.shards import Receipt, Shard
from schemas.timings import ShardTimes


@dataclass(frozen=True, slots=True)
class PassReport:
    """What a pass did: its pages by `sample` or reject reason, and the times of its shards.

    `staged_bytes` is what the shards take in staging; `ramp_s` the time until the first lane was
    ready.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    times: ShardTimes = field(default_factory=ShardTimes)
    staged_bytes: int = 0
    ramp_s: float = 0.0

    def __add__(self, other: PassReport) -> PassReport:
        """Both passes together."""
        return PassReport(
            self.outcomes + other.outcomes,
            self.times + other.times,
            self.staged_bytes + other.staged_bytes,
            max(self.ramp_s, other.ramp_s),
        )


def outcome_line(report: PassReport) -> str:
    """How many pages became samples, and rejects by their reasons, the most frequent first."""
    counts = report.outcomes.most_common()
    samples = f"{report.outcomes['sample']:,} samples"
    rejects = ", ".join(f"{count:,} {reason}" for reason, count in counts if reason != "sample")
    return f"{samples}; rejects: {rejects}" if rejects else samples


def shard_line(shard: Shard, ended: Timed[Receipt]) -> str:
    """A shard's pages, what became of them, and the seconds that each step took."""
    counts = ", ".join(f"{count} {name}" for name, count in sorted(ended.value.outcomes.items()))
    times = ended.times
    return (
        f"shard {shard.shard_id[:12]}: {shard.page_count} pages: {counts}; rastered in "
        f"{times.raster_s:.1f} s, read in {times.read_s:.1f} s, finished in {times.finish_s:.1f} s"
    )


def lanes_line(state: PoolState, with_replicas: bool) -> str:
    """How many replicas are busy, are starting, and failed to start.

    >>> lanes_line(PoolState(lanes=2, busy_lanes=1, pending_lanes=5, failed_lanes=1), True)
    '1/2 replicas busy, 5 starting, 1 failed'
    """
    if not with_replicas:
        return f"{state.busy_lanes}/{state.lanes} tasks busy"
    wanted = state.lanes + state.pending_lanes + state.failed_lanes
    line = f"{state.busy_lanes}/{state.lanes} replicas busy"
    if not state.lanes:
        line = f"{state.pending_lanes} of {wanted} replicas starting"
    elif state.pending_lanes:
        line += f", {state.pending_lanes} starting"
    return line + (f", {state.failed_lanes} failed" if state.failed_lanes else "")
