"""The metrics of a pass for Prometheus: which there are, when each is recorded, and where it goes.

Only the driver records metrics, from the times that come back with each shard (`schemas.timings`),
so their sums equal those of the pass's report. On Ray they are exported on the metrics port of the
driver's node, with `ray_` before their names; in process they are dropped. docs/monitoring.md
explains each metric; `cluster/monitoring/` has the dashboard and the alerts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from cluster.pool import PoolState
from schemas.ids import digest
from schemas.timings import ShardTimes

if TYPE_CHECKING:
    from schemas.recipe import Recipe

GAUGES_EVERY_S = 1.0
"""Ray 2.60 drops a gauge that is not set again within 20 s; setting it at every turn of the pool
would cost more than it tells."""

PAGE_SECONDS = tuple(2.0**power for power in range(-9, 8))
"""Upper bounds of buckets, 2 ms to 128 s: from a text layer to a page at its deadline. With powers
of two a quantile is off by less than a factor of two, and Prometheus writes each bound exactly."""
SHARD_SECONDS = tuple(2.0**power for power in range(-3, 13))
"""Upper bounds of buckets, 0.125 s to 68 min: 64 pages of 2 ms, and 256 pages of 16 s."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, without the prefix `ray_` and the label `dataset` that all metrics have."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "pagefoundry_run_info",
            "gauge",
            "1 while a pass runs; the labels say what is read and with what",
            ("recipe_digest", "engine", "model"),
        ),
        Metric("pagefoundry_pages_total", "counter", "Pages read", ("outcome",)),
        Metric("pagefoundry_engine_pages_total", "counter", "Pages that the engine read"),
        Metric("pagefoundry_vision_tokens_total", "counter", "Vision tokens of readings"),
        Metric("pagefoundry_output_tokens_total", "counter", "Tokens that the model generated"),
        Metric("pagefoundry_text_tokens_total", "counter", "Text tokens of readings"),
        Metric("pagefoundry_retries_total", "counter", "Readings beyond a page's first"),
        Metric("pagefoundry_shards_total", "counter", "Shards that ended", ("outcome",)),
        Metric("pagefoundry_shard_retries_total", "counter", "Shards that were tried again"),
        Metric("pagefoundry_shard_splits_total", "counter", "Shards that were cut in two"),
        Metric("pagefoundry_task_seconds_total", "counter", "Seconds in CPU steps", ("step",)),
        Metric("pagefoundry_replica_busy_seconds_total", "counter", "Seconds of reading"),
        Metric(
            "pagefoundry_raster_seconds",
            "histogram",
            "Seconds of a shard's rasterising",
            buckets=SHARD_SECONDS,
        ),
        Metric(
            "pagefoundry_read_seconds",
            "histogram",
            "Seconds of a shard's reading in its replica",
            buckets=SHARD_SECONDS,
        ),
        Metric(
            "pagefoundry_page_raster_seconds",
            "histogram",
            "Mean seconds to rasterise a page, once a shard",
            buckets=PAGE_SECONDS,
        ),
        Metric(
            "pagefoundry_page_read_seconds",
            "histogram",
            "Mean seconds of the engine for a page, once a shard",
            buckets=PAGE_SECONDS,
        ),
        Metric("pagefoundry_pages_expected", "gauge", "Pages that the pass has to read"),
        Metric("pagefoundry_pages_remaining", "gauge", "Pages of it that are still to come"),
        Metric("pagefoundry_replicas", "gauge", "Replicas that are wanted", ("state",)),
        Metric("pagefoundry_busy_replicas", "gauge", "Ready replicas that have a shard"),
        Metric("pagefoundry_shards_in_flight", "gauge", "Shards admitted and not ended"),
        Metric("pagefoundry_suspect_shards", "gauge", "Shards that wait to be tried again"),
        Metric("pagefoundry_gpu_memory_bytes", "gauge", "Highest peak of a replica so far"),
        Metric(
            "pagefoundry_last_progress_timestamp_seconds",
            "gauge",
            "When a shard last ended, or the pass began",
        ),
    )
}


Recorder = Callable[[float, dict[str, str]], None]


class Sink(Protocol):
    """Where a session's metrics go."""

    def record(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Add to a counter, set a gauge, or observe in a histogram. `name` is one of `METRICS`."""
        ...


class SilentSink:
    """Drops all metrics, for sessions that nobody scrapes."""

    def record(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Do nothing."""


class RaySink:
    """Ray's metrics. Each is created when first recorded, after this process has joined Ray."""

    def __init__(self) -> None:
        self._recorders: dict[str, Recorder] = {}

    def record(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Raises ValueError if `labels` are not the metric's."""
        metric = METRICS[name]
        if metric.kind == "counter" and value == 0:
            return  # Ray refuses to add 0
        if name not in self._recorders:
            self._recorders[name] = _ray_metric(metric)
        self._recorders[name](value, dict(labels))


def _ray_metric(metric: Metric) -> Recorder:
    """Ray's metric, as a function of a value and its labels."""
    from ray.util import metrics

    labels = ("dataset", *metric.labels)
    record: Recorder
    if metric.kind == "counter":
        record = metrics.Counter(metric.name, metric.description, labels).inc
    elif metric.kind == "gauge":
        record = metrics.Gauge(metric.name, metric.description, labels).set
    else:
        buckets = list(metric.buckets)
        record = metrics.Histogram(metric.name, metric.description, buckets, labels).observe
    return record


@dataclass(slots=True)
class PassMetrics:
    """Records the metrics of one pass. `expected_pages` is None if the pages were not counted."""

    sink: Sink
    dataset: str
    expected_pages: int | None
    run_labels: Mapping[str, str]
    with_replicas: bool
    done_pages: int = 0
    _gpu_memory_bytes: int = 0
    _recorded: PoolState = field(default_factory=PoolState)
    _last: PoolState = field(default_factory=PoolState)
    _progress_at_s: float = field(default_factory=time.time)
    _gauges_at_s: float = float("-inf")

    def add(self, outcomes: Mapping[str, int], times: ShardTimes, given_up: bool = False) -> None:
        """Record a shard that ended: its pages by outcome, their times, or that it was given up."""
        self.done_pages += sum(outcomes.values())
        self._progress_at_s = time.time()
        self._gpu_memory_bytes = max(self._gpu_memory_bytes, times.gpu_memory_bytes)
        for outcome, count in outcomes.items():
            self._record("pages_total", count, outcome=outcome)
        self._record("shards_total", 1, outcome="given_up" if given_up else "done")
        self._record("engine_pages_total", times.engine_pages)
        self._record("vision_tokens_total", times.vision_tokens)
        self._record("output_tokens_total", times.output_tokens)
        self._record("text_tokens_total", times.text_tokens)
        self._record("retries_total", times.retries)
        if not given_up:
            self._record_seconds(times)

    def _record_seconds(self, times: ShardTimes) -> None:
        self._record("task_seconds_total", times.raster_s, step="raster")
        self._record("task_seconds_total", times.finish_s, step="finish")
        self._record("raster_seconds", times.raster_s)
        self._record("page_raster_seconds", times.raster_s / max(1, times.pages))
        self._record("replica_busy_seconds_total", times.read_s)
        if times.engine_pages:
            self._record("read_seconds", times.read_s)
            self._record("page_read_seconds", times.read_s / times.engine_pages)

    def watch(self, state: PoolState) -> None:
        """Record the state of the pool; call this at every turn of its loop."""
        self._last = state
        now_s = time.monotonic()
        if now_s - self._gauges_at_s >= GAUGES_EVERY_S:
            self._gauges_at_s = now_s
            self._record_state(state)

    def close(self) -> None:
        """Record that the pass has ended, whether it succeeded or failed."""
        idle = PoolState(retries=self._last.retries, splits=self._last.splits)
        self._record_state(idle, running=False)

    def _record_state(self, state: PoolState, running: bool = True) -> None:
        self._record("run_info", int(running), **self.run_labels)
        if self.expected_pages is not None:
            left = max(0, self.expected_pages - self.done_pages)
            self._record("pages_expected", self.expected_pages)
            self._record("pages_remaining", left if running else 0)
        if self.with_replicas:
            self._record("replicas", state.lanes, state="ready")
            self._record("replicas", state.pending_lanes, state="pending")
            self._record("replicas", state.failed_lanes, state="failed")
            self._record("busy_replicas", state.busy_lanes)
            self._record("gpu_memory_bytes", self._gpu_memory_bytes)
        self._record("shards_in_flight", state.in_flight)
        self._record("suspect_shards", state.suspects)
        self._record("shard_retries_total", state.retries - self._recorded.retries)
        self._record("shard_splits_total", state.splits - self._recorded.splits)
        self._record("last_progress_timestamp_seconds", self._progress_at_s)
        self._recorded = state

    def _record(self, name: str, value: float, **labels: str) -> None:
        self.sink.record(f"pagefoundry_{name}", value, {"dataset": self.dataset, **labels})


@contextmanager
def pass_metrics(
    sink: Sink, recipe: Recipe, expected_pages: int | None, with_replicas: bool
) -> Iterator[PassMetrics]:
    """The metrics of a pass; at its end they record that it has ended, also after an error."""
    run_labels = {
        "recipe_digest": recipe.digest(),
        "engine": recipe.engine.name,
        "model": model_label(recipe.engine.model),
    }
    metrics = PassMetrics(
        sink, dataset_label(recipe.dataset), expected_pages, run_labels, with_replicas
    )
    try:
        yield metrics
    finally:
        metrics.close()


def dataset_label(dataset: str) -> str:
    """The last part of a dataset's URI and eight digits of the URI's hash, so no URI and no keys.

    >>> dataset_label("s3://lake/datasets/manuals")
    'manuals-eea6b877'
    """
    return f"{dataset.rstrip('/').rpartition('/')[2]}-{digest([dataset])[:8]}"


def model_label(model: str | None) -> str:
    """A Hub id, or the last part of a folder's path; empty for the engine's own model."""
    if not model:
        return ""
    is_hub_id = model.count("/") <= 1 and model[0] not in "/.~"
    return model if is_hub_id else model.rstrip("/").rpartition("/")[2]
