"""Manifests against the schemas of their readers: KubeRay, Kubernetes and Ray."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ray.autoscaler._private.kuberay.autoscaling_config import (
    _derive_autoscaling_config_from_ray_cr,
)
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts.scripts import start as ray_start

from cluster.manifests import KINDS, Machines, ManifestOptions, Volume
from cluster.manifests.options import SCHEDULED
from cluster.manifests.render import to_yaml
from tests.cluster.kubernetes_schemas import (
    check_kubernetes,
    check_ray_object,
    crd_folder,
    crd_schema,
    pod_templates,
    ruled,
)
from tests.cluster.manifest_samples import LAYERS_ONLY, ON_CPUS, RECIPE, only, options, rendered
from tests.many import few

RAY_KINDS = ("RayCluster", "RayJob", "RayCronJob")
NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,34}[a-z0-9])?", fullmatch=True)
MAYBE_NAME = st.none() | NAMES
VOLUMES = st.lists(
    st.builds(Volume, NAMES, st.sampled_from(["/data", "/corpus/in", "/mnt/a-b"])),
    max_size=2,
    unique_by=lambda volume: volume.path,
).map(tuple)
SELECTORS = st.sampled_from(
    [(), (("nvidia.com/gpu.product", "A100"),), (("pool", "gpu"), ("zone", ""))]
)


@st.composite
def any_options(draw: st.DrawFn) -> tuple[ManifestOptions, str]:
    """Draw options that are allowed together, and a recipe that fits them."""
    kind = draw(st.sampled_from(KINDS))
    gpus = draw(st.sampled_from([0, 1, 4, 8]))
    nodes = draw(st.integers(1, 40))
    on_pods = kind != "ray-up"
    asked = options(
        kind,
        name=draw(NAMES),
        nodes=nodes,
        gpus_per_node=gpus,
        min_nodes=draw(st.integers(0, nodes)),
        cpu_nodes=draw(st.none() | st.integers(1, 9)),
        cpus_per_cpu_node=draw(st.integers(1, 96)),
        spot=draw(st.booleans()),
        retries=draw(st.integers(0, 9)),
        keep_jobs=draw(st.integers(1, 99)),
        machines=Machines(instance_profile=draw(MAYBE_NAME)),
        **{
            "namespace": draw(NAMES),
            "service_account": draw(MAYBE_NAME),
            "secrets": tuple(draw(st.lists(NAMES, max_size=2))),
            "volumes": draw(VOLUMES),
            "model_cache": draw(MAYBE_NAME),
            "image_pull_secret": draw(MAYBE_NAME),
            "gpu_node_selector": draw(SELECTORS),
            "monitoring_namespace": draw(MAYBE_NAME),
        }
        if on_pods
        else {},
    )
    if kind in SCHEDULED or kind == "rayjob":
        deadline_hours = draw(st.none() | st.floats(0.001, 8000))
        asked = ManifestOptions(**_fields(asked) | {"deadline_hours": deadline_hours})
    if gpus:
        return asked, RECIPE.replace("[1, 160]", str(nodes * gpus))
    one_replica = ON_CPUS.replace("[1, 4]", "1").replace("replica: 2", "replica: 1")
    return asked, draw(st.sampled_from([LAYERS_ONLY, one_replica]))


def _fields(asked: ManifestOptions) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in ManifestOptions.__dataclass_fields__}


def check_all(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        if "cluster_name" in document:
            validate_config(prepare_config(copy.deepcopy(document)))
        elif document["kind"] in RAY_KINDS:
            check_ray_object(document)
        else:
            check_kubernetes(document)
            for text in document.get("data", {}).values():
                inner = yaml.safe_load(text)
                if inner.get("kind") in RAY_KINDS:
                    check_ray_object(inner)


@given(any_options())
@settings(max_examples=few(10, of=25), suppress_health_check=[HealthCheck.too_slow])
def test_any_options_make_what_kuberay_kubernetes_and_ray_take(
    asked_and_text: tuple[ManifestOptions, str],
) -> None:
    crd_folder()
    asked, text = asked_and_text
    documents = rendered(asked, text)
    check_all(documents)
    # The printed YAML reads back as the same documents: no string becomes a date or a number.
    assert list(yaml.safe_load_all(to_yaml(documents))) == documents


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_taken(kind: str) -> None:
    crd_folder()
    check_all(rendered(options(kind)))
    check_all(rendered(options(kind, gpus_per_node=0), ON_CPUS))


def test_the_check_finds_a_field_that_a_crd_does_not_know() -> None:
    job = only(rendered(options("rayjob")), "RayJob")
    job["spec"]["rayClusterSpec"]["headGroupSpec"]["rayStartParam"] = {}
    with pytest.raises(jsonschema.ValidationError, match="rayStartParam"):
        check_ray_object(job)


def test_the_check_finds_a_field_that_a_pod_does_not_know() -> None:
    (pod, *_) = pod_templates(rendered(options("rayjob")))
    pod["spec"]["containers"][0]["livenessProbes"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenessProbes"):
        check_kubernetes({"apiVersion": "v1", "kind": "Pod", **pod})


def test_the_check_finds_a_field_that_has_a_rule() -> None:
    job = only(rendered(options("rayjob")), "RayJob")
    assert ruled(job, crd_schema("RayJob")) == []
    job["spec"]["deletionStrategy"] = {"onSuccess": {"policy": "DeleteSelf"}}
    assert ruled(job, crd_schema("RayJob")) == [".spec.deletionStrategy"]


def test_rays_autoscaler_reads_the_groups_as_they_are_meant() -> None:
    cluster = only(rendered(options("raycluster", min_nodes=2)), "RayCluster")
    derived = _derive_autoscaling_config_from_ray_cr(cluster)
    types = derived["available_node_types"]
    resources = {name: dict(node["resources"]) for name, node in types.items()}
    for group in resources.values():
        group.pop("memory")
    assert resources == {
        "headgroup": {"CPU": 0, "GPU": 0, "pagefoundry_head": 1},
        "gpu": {"CPU": 0, "GPU": 8},
        "cpu": {"CPU": 16, "GPU": 0, "pagefoundry_replica": 1},
    }
    limits = {name: (node["min_workers"], node["max_workers"]) for name, node in types.items()}
    assert limits == {"headgroup": (0, 0), "gpu": (2, 20), "cpu": (1, 2)}


def test_ray_start_knows_every_parameter() -> None:
    known = {option for parameter in ray_start.params for option in parameter.opts}
    spec = only(rendered(options("raycluster")), "RayCluster")["spec"]
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        assert {f"--{name}" for name in group["rayStartParams"]} <= known


def test_ray_up_prepares_its_configuration() -> None:
    (config,) = rendered(options("ray-up", spot=True))
    prepared = prepare_config(copy.deepcopy(config))
    validate_config(prepared)
    types = prepared["available_node_types"]
    assert {name: node["resources"] for name, node in types.items()} == {
        "head": {"CPU": 0, "GPU": 0, "pagefoundry_head": 1},
        "cpu": {"CPU": 16, "GPU": 0, "pagefoundry_replica": 1},
        "gpu": {"CPU": 0, "GPU": 8},
    }
    assert [t["node_config"].get("InstanceMarketOptions") for t in types.values()] == [
        None,
        None,
        {"MarketType": "spot"},
    ]
