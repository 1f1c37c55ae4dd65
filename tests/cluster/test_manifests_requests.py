"""Requests for manifests that cannot work get one line that names the fault and the remedy."""

from __future__ import annotations

import contextlib
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.manifests import Volume
from cluster.manifests.options import MAX_NAME_CHARS, default_name
from cluster.manifests.schedule import check_schedule
from schemas.errors import RequestError
from tests.cluster.manifest_samples import FLEET, LAYERS_ONLY, ON_CPUS, RECIPE, options, rendered


def refusal(text: str = RECIPE, kind: str = "cronjob", **changes: Any) -> str:
    with pytest.raises(RequestError) as caught:
        rendered(options(kind, **changes), text)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize(
    ("changes", "telling"),
    [
        ({"nodes": 0}, "--nodes 0: give 1 or more"),
        ({"min_nodes": 21}, "--min-nodes 21 exceeds --nodes 20"),
        ({"cpu_nodes": 0}, "--cpu-nodes 0"),
        ({"retries": -1}, "--retries -1"),
        ({"deadline_hours": 0}, "--deadline-hours 0"),
        ({"image": "registry.example.com/pagefoundry"}, "registry.example.com/pagefoundry:0.1.0"),
        ({"image": "pagefoundry:latest"}, "pagefoundry:0.1.0"),
        ({"image": "host:5000/pagefoundry"}, "give a fixed tag"),
        ({"image": "no image"}, "is not an image name"),
        ({"ray_version": "2.50.0"}, "2.53.0 or later"),
        ({"name": "Manuals"}, "--name Manuals"),
        ({"name": "m" * (MAX_NAME_CHARS + 1)}, "at most 36"),
        ({"secrets": ("AWS_KEY=1",)}, "--secret 'AWS_KEY=1'"),
        ({"namespace": "a/b"}, "--namespace 'a/b'"),
        ({"gpu_node_selector": (("a b", "c"),)}, "--gpu-node-selector a b=c"),
        ({"volumes": (Volume("c", "data"),)}, "--volume c=data"),
        ({"volumes": (Volume("c", "/tmp/x"),)}, "--volume c=/tmp/x"),
        ({"schedule": None}, 'needs a --schedule, as in "0 2 * * *"'),
        ({"schedule": "daily"}, "has 1 fields"),
        ({"time_zone": "Europe/Atlantis"}, "--time-zone 'Europe/Atlantis'"),
        ({"time_zone": "../etc/passwd"}, "--time-zone '../etc/passwd'"),
        ({"nodes": 10}, "set replicas: [1, 80] or give --nodes 20"),
        ({"gpus_per_node": 0}, "placement.gpus_per_replica is 1, so no replica would find"),
    ],
)
def test_an_option_that_cannot_work_is_refused(changes: dict[str, Any], telling: str) -> None:
    assert telling in refusal(**changes)


def test_a_schedule_is_for_what_has_one() -> None:
    assert "give --kind cronjob" in refusal(kind="rayjob", schedule="0 2 * * *")


def test_ray_up_has_no_pods() -> None:
    assert "--secret is for pods" in refusal(kind="ray-up", secrets=("keys",))
    assert "--volume" not in refusal(RECIPE.replace("s3://lake/d", "/d"), kind="ray-up")


def test_a_cluster_has_no_deadline() -> None:
    assert "has no run to end" in refusal(kind="raycluster", deadline_hours=3)


@pytest.mark.parametrize(
    ("old", "new", "telling"),
    [
        ("s3://lake/datasets", "datasets", "dataset: datasets/manuals is a path on this machine"),
        ("s3://lake/corpora", "/corpora", "sources: /corpora/manuals/**/*.pdf is a path"),
        ("deepseek-ai/DeepSeek-OCR", "/models/ocr", "engine.model: /models/ocr is a path"),
        ("placement: {", "placement: {staging: /fast, ", "placement.staging: /fast is a path"),
        ("gpus_per_replica: 1", "gpus_per_replica: 0", "give --gpus-per-node 0 to run vllm on CPU"),
        (
            "vllm, model: deepseek-ai/DeepSeek-OCR",
            "rapidocr",
            "engine rapidocr uses no GPU here and would leave 160 GPUs idle; set "
            "placement.gpus_per_replica to 0; it is 1",
        ),
        ("gpus_per_replica: 1", "gpus_per_replica: 1.5", "part of a second GPU"),
        ("gpus_per_replica: 1", "gpus_per_replica: 16", "more than the 8 GPUs of a node"),
        ("gpus_per_replica: 1", "gpus_per_replica: 3", "hold 40 replicas; set replicas: [1, 40]"),
        ("placement", "storage: {profile: me}\nplacement", "storage.profile: me"),
        (
            "placement",
            "storage: {endpoint: 'http://127.0.0.1:8333'}\nplacement",
            "storage.endpoint: http://127.0.0.1:8333 means each node itself",
        ),
    ],
)
def test_a_recipe_that_cannot_run_there_is_refused(old: str, new: str, telling: str) -> None:
    assert old in RECIPE
    assert telling in refusal(RECIPE.replace(old, new, 1))


def test_servers_that_read_are_not_on_each_node() -> None:
    local = FLEET.replace("vllm.serving", "127.0.0.1")
    told = "engine.urls: http://127.0.0.1:8000/v1 means each node itself; give the server's"
    assert told in refusal(local, gpus_per_node=0)


def test_layers_alone_take_no_gpus() -> None:
    assert "give --gpus-per-node 0" in refusal(LAYERS_ONLY)


@pytest.mark.parametrize(
    ("changes", "telling"),
    [
        ({"gpus_per_node": 8}, "would leave 16 GPUs idle; give --gpus-per-node 0"),
        ({"cpus_per_cpu_node": 1}, "threads_per_replica 2 is more than the 1 cores of a CPU node"),
        (
            {"cpus_per_cpu_node": 3},
            "2 nodes of 3 cores, of which a replica takes 2, hold 2 replicas; set replicas: [1, 2] "
            "or give --nodes 4",
        ),
        ({"cpus_per_cpu_node": 3, "cpu_nodes": 3}, "or give --cpu-nodes 4"),
    ],
)
def test_replicas_without_gpus_are_counted_by_their_threads(
    changes: dict[str, Any], telling: str
) -> None:
    assert telling in refusal(ON_CPUS, **{"gpus_per_node": 0, "nodes": 2} | changes)
    assert rendered(options(gpus_per_node=0, nodes=4, cpus_per_cpu_node=3), ON_CPUS)


def test_a_replica_without_a_number_of_threads_takes_a_whole_node() -> None:
    text = ON_CPUS.replace(", threads_per_replica: 2", "")
    assert "takes all (placement.threads_per_replica is not set), hold 3" in refusal(
        text, gpus_per_node=0, nodes=3
    )


def test_an_engine_that_can_use_a_gpu_runs_without_where_that_is_said() -> None:
    text = RECIPE.replace("gpus_per_replica: 1", "gpus_per_replica: 0").replace("160", "20")
    assert rendered(options(gpus_per_node=0, nodes=20), text)


def test_a_shared_gpu_holds_several_replicas() -> None:
    text = RECIPE.replace("[1, 160]", "320").replace("gpus_per_replica: 1", "gpus_per_replica: 0.5")
    assert rendered(options("rayjob"), text)
    assert "set replicas: [1, 304]" in refusal(text, nodes=19)


def test_a_volume_makes_local_paths_good() -> None:
    text = RECIPE.replace("s3://lake/", "/lake/")
    assert rendered(options("rayjob", volumes=(Volume("lake", "/lake"),)), text)
    # A folder with the same first letters is another folder.
    assert "dataset: /lake/datasets" in refusal(text, volumes=(Volume("l", "/lak"),))


@pytest.mark.parametrize(
    "schedule",
    ["0 2 * * *", "*/15 9-17 * * mon-fri", "0 0 1,15 * ?", "5/10 * * JAN,feb 0", "@daily",
     "0 0 29 2 *", "0 0 31 1-2 *", "0 0 30 2 mon"],
)  # fmt: skip
def test_a_schedule_of_kubernetes_is_taken(schedule: str) -> None:
    check_schedule(schedule)


@pytest.mark.parametrize(
    ("schedule", "telling"),
    [
        ("* * * *", "has 4 fields"),
        ("0 0 2 * * *", "has 6 fields"),
        ("TZ=UTC 0 2 * * *", "has 6 fields"),
        ("@every 1h", "has 2 fields"),
        ("60 * * * *", "minute '60': give 0 to 59"),
        ("0 24 * * *", "hour '24': give 0 to 23"),
        ("0 0 0 * *", "day of the month '0': give 1 to 31"),
        ("0 0 * 13 *", "month '13': give 1 to 12"),
        ("0 0 * * 7", "day of the week '7': give 0 to 6"),
        ("5-1 * * * *", "5 is after 1"),
        ("*/0 * * * *", "a step of 0"),
        ("1,,2 * * * *", "'' is not a value"),
        ("-1 * * * *", "'' is not a value"),
        ("1-2-3 * * * *", "'2-3' is not a value"),
        ("٣ * * * *", "is not a value"),
        ("0 0 31 2,4 *", "never comes due"),
    ],
)
def test_a_wrong_schedule_is_refused(schedule: str, telling: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_schedule(schedule)
    assert telling in str(caught.value)


@given(st.datetimes(min_value=datetime.datetime(1970, 1, 1)))
def test_any_minute_of_the_year_can_be_a_schedule(when: datetime.datetime) -> None:
    check_schedule(f"{when.minute} {when.hour} {when.day} {when.month} *")
    check_schedule(f"{when.minute} {when.hour} * * {when.isoweekday() % 7}")


@given(st.text())
def test_any_text_is_a_schedule_or_a_request_error(text: str) -> None:
    with contextlib.suppress(RequestError):
        check_schedule(text)


@given(st.text(min_size=1))
def test_any_dataset_has_a_name_that_kubernetes_takes(dataset: str) -> None:
    name = default_name(dataset)
    assert rendered(options("rayjob", name=name))
