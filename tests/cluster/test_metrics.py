"""The metrics that a pass reports, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from cluster.metrics import METRICS, RaySink, SilentSink, dataset_label, model_label, pass_metrics
from cluster.pool import PoolState
from cluster.session import IN_PROCESS, open_session
from schemas.recipe import Recipe, parse_recipe
from schemas.timings import ShardTimes

TIMES = ShardTimes(
    raster_s=1.0,
    read_s=6.0,
    finish_s=0.5,
    pages=4,
    engine_pages=3,
    retries=2,
    vision_tokens=400,
    output_tokens=900,
    text_tokens=800,
    gpu_memory_bytes=5,
)


@dataclass
class AddingSink:
    """Adds up counters, and keeps the last value of gauges and all observed values."""

    counters: dict[str, float] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)
    observed: dict[str, list[float]] = field(default_factory=dict)
    datasets: set[str] = field(default_factory=set)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def record(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        metric = METRICS[name]
        own = {key: label for key, label in labels.items() if key != "dataset"}
        self.datasets.add(labels["dataset"])
        self.labels[name] = tuple(own)
        key = " ".join([name.removeprefix("pagefoundry_"), *own.values()]).rstrip()
        if metric.kind == "counter":
            self.counters[key] = self.counters.get(key, 0) + value
        elif metric.kind == "gauge":
            self.gauges[key] = value
        else:
            self.observed.setdefault(key, []).append(value)


def recipe(dataset: str = "s3://lake/datasets/manuals") -> Recipe:
    return parse_recipe(f"dataset: {dataset}\nsources: [{{documents: /corpus}}]\n")


def test_shards_add_up() -> None:
    sink = AddingSink()
    with pass_metrics(sink, recipe(), 9, with_replicas=True) as metrics:
        metrics.add({"sample": 3, "loop": 1}, TIMES)
        metrics.add({"sample": 4}, TIMES + ShardTimes(gpu_memory_bytes=7))
        metrics.add({"crashed": 1}, ShardTimes(pages=1), given_up=True)
    assert sink.counters == {
        "pages_total sample": 7,
        "pages_total loop": 1,
        "pages_total crashed": 1,
        "shards_total done": 2,
        "shards_total given_up": 1,
        "engine_pages_total": 6,
        "vision_tokens_total": 800,
        "output_tokens_total": 1800,
        "text_tokens_total": 1600,
        "retries_total": 4,
        "task_seconds_total raster": 2.0,
        "task_seconds_total finish": 1.0,
        "replica_busy_seconds_total": 12.0,
        "shard_retries_total": 0,
        "shard_splits_total": 0,
    }
    assert sink.observed == {
        "raster_seconds": [1.0, 1.0],
        "read_seconds": [6.0, 6.0],
        "page_raster_seconds": [0.25, 0.25],
        "page_read_seconds": [2.0, 2.0],
    }
    assert sink.gauges["gpu_memory_bytes"] == 7
    assert sink.datasets == {dataset_label("s3://lake/datasets/manuals")}


def test_a_shard_that_no_engine_read_says_nothing_of_engines() -> None:
    sink = AddingSink()
    with pass_metrics(sink, recipe(), None, with_replicas=False) as metrics:
        metrics.add({"sample": 4}, ShardTimes(raster_s=1.0, finish_s=1.0, pages=4))
    assert sink.observed.keys() == {"raster_seconds", "page_raster_seconds"}
    assert not {"busy_replicas", "pages_remaining", "replicas ready"} & sink.gauges.keys()


def test_the_pool_is_seen_while_it_runs_and_as_ended_afterwards() -> None:
    sink = AddingSink()
    with pass_metrics(sink, recipe(), 100, with_replicas=True) as metrics:
        metrics.add({"sample": 30}, TIMES)
        metrics.watch(
            PoolState(4, 3, 7, pending_lanes=2, suspects=1, retries=5, splits=2, failed_lanes=1)
        )
        running = dict(sink.gauges)
    progress_at_s = running.pop("last_progress_timestamp_seconds")
    digest = recipe().digest()
    assert running == {
        f"run_info {digest} rapidocr": 1,
        "pages_expected": 100,
        "pages_remaining": 70,
        "replicas ready": 4,
        "replicas pending": 2,
        "replicas failed": 1,
        "busy_replicas": 3,
        "shards_in_flight": 7,
        "suspect_shards": 1,
        "gpu_memory_bytes": 5,
    }
    kept = {"pages_expected", "gpu_memory_bytes", "last_progress_timestamp_seconds"}
    ended = {name: value for name, value in sink.gauges.items() if name not in kept}
    assert set(ended.values()) == {0}
    assert sink.gauges["last_progress_timestamp_seconds"] == progress_at_s
    assert sink.counters["shard_retries_total"] == 5
    assert sink.counters["shard_splits_total"] == 2


def test_what_the_pool_did_last_is_counted_though_gauges_are_said_once_a_second() -> None:
    sink = AddingSink()
    with pass_metrics(sink, recipe(), 100, with_replicas=True) as metrics:
        for retries in range(1, 50):
            metrics.watch(PoolState(retries=retries, splits=retries // 2))
    assert sink.counters["shard_retries_total"] == 49
    assert sink.counters["shard_splits_total"] == 24


def test_a_pass_that_fails_does_not_stay_on() -> None:
    sink = AddingSink()

    def fail() -> None:
        with pass_metrics(sink, recipe(), 100, with_replicas=True) as metrics:
            metrics.watch(PoolState(lanes=4))
            raise ValueError("the bucket is gone")

    with pytest.raises(ValueError, match="the bucket is gone"):
        fail()
    assert sink.gauges["pages_remaining"] == 0
    assert sink.gauges["replicas ready"] == 0


def test_every_metric_is_said_with_its_labels_and_no_other_is() -> None:
    sink = AddingSink()
    with pass_metrics(sink, recipe(), 100, with_replicas=True) as metrics:
        metrics.add({"sample": 30}, TIMES)
    assert sink.labels == {name: metric.labels for name, metric in METRICS.items()}


def test_a_label_has_the_name_and_not_the_address() -> None:
    label = dataset_label("s3://key:secret@lake/datasets/manuals/")
    assert label.startswith("manuals-")
    assert "secret" not in label
    assert label != dataset_label("s3://other/datasets/manuals/")
    assert dataset_label("/data/manuals") == dataset_label("/data/manuals")


@pytest.mark.parametrize(
    ("model", "label"),
    [
        (None, ""),
        ("deepseek-ai/DeepSeek-OCR", "deepseek-ai/DeepSeek-OCR"),
        ("/mnt/models/ocr", "ocr"),
        ("./models/ocr/", "ocr"),
        ("s3://key:secret@models/ocr", "ocr"),
    ],
)
def test_a_model_has_its_hub_id_or_its_folders_name(model: str | None, label: str) -> None:
    assert model_label(model) == label


def test_a_session_without_ray_says_nothing() -> None:
    with open_session(IN_PROCESS) as session:
        assert isinstance(session.metrics, SilentSink)


@pytest.mark.ray
def test_ray_refuses_labels_that_are_not_the_metrics() -> None:
    with pytest.raises(ValueError, match="outcome"):
        RaySink().record("pagefoundry_pages_total", 1, {"dataset": "d"})
