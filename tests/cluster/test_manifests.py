"""What every manifest must contain, without the files of other projects."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import jsonschema
import pytest
import yaml

from cluster.manifests import Volume
from cluster.manifests.options import default_gpus_per_node
from cluster.manifests.pods import DASHBOARD_PORT, METRICS_PORT
from cluster.manifests.render import to_yaml
from cluster.manifests.sizes import GIB, cluster_size
from tests.cluster.kubernetes_schemas import pod_templates
from tests.cluster.manifest_samples import (
    FLEET,
    LAYERS_ONLY,
    ON_CPUS,
    RECIPE,
    only,
    options,
    recipe,
    rendered,
)
from tests.cluster.manifest_shapes import POD, SPECS

Value = dict[str, Any]
ON_KUBERNETES = ("cronjob", "rayjob", "raycronjob", "raycluster")


def ray_objects(documents: list[Value]) -> list[Value]:
    """Return KubeRay's objects, including the one that the CronJob creates."""
    texts = [t for d in documents if d["kind"] == "ConfigMap" for t in d["data"].values()]
    inner = [yaml.safe_load(text) for text in texts]
    return [d for d in [*documents, *inner] if d.get("apiVersion") == "ray.io/v1"]


def cluster_spec(documents: list[Value]) -> Value:
    (document,) = ray_objects(documents)
    spec = document["spec"]
    spec = spec.get("jobTemplate", spec)
    return spec.get("rayClusterSpec", spec)


def groups(documents: list[Value]) -> dict[str, Value]:
    spec = cluster_spec(documents)
    workers = {group["groupName"]: group for group in spec["workerGroupSpecs"]}
    return {"head": spec["headGroupSpec"], **workers}


def container(group: Value) -> Value:
    (spec,) = group["template"]["spec"]["containers"]
    return spec


@pytest.mark.parametrize("kind", ON_KUBERNETES)
def test_each_kind_says_what_it_must(kind: str) -> None:
    (document,) = ray_objects(rendered(options(kind, deadline_hours=None)))
    jsonschema.validate(document["spec"], SPECS[document["kind"]])


@pytest.mark.parametrize("kind", ON_KUBERNETES)
def test_every_pod_is_fenced(kind: str) -> None:
    documents = rendered(options(kind))
    pods = pod_templates([*documents, *ray_objects(documents)])
    assert len(pods) >= 3
    for pod in pods:
        jsonschema.validate(pod, POD)


@pytest.mark.parametrize("kind", ON_KUBERNETES)
def test_every_mount_has_its_volume_and_every_path_that_is_written_is_one(kind: str) -> None:
    documents = rendered(options(kind, volumes=(Volume("corpus", "/corpus"),)))
    for pod in pod_templates([*documents, *ray_objects(documents)]):
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
        (pod_container,) = pod["spec"]["containers"]
        mounts = {mount["mountPath"]: mount["name"] for mount in pod_container["volumeMounts"]}
        assert set(mounts.values()) == volumes
        home = [e["value"] for e in pod_container["env"] if e["name"] == "HOME"]
        assert home == ["/tmp"]
        assert "/tmp" in mounts


def test_the_head_takes_no_work_and_gpu_nodes_no_tasks() -> None:
    start = {name: g["rayStartParams"] for name, g in groups(rendered(options())).items()}
    resources = {name: (p["num-cpus"], p["num-gpus"]) for name, p in start.items()}
    assert resources == {"head": ("0", "0"), "gpu": ("0", "8"), "cpu": ("16", "0")}


def test_gpu_nodes_follow_the_work_and_one_cpu_node_stays() -> None:
    group_specs = groups(rendered(options(min_nodes=3)))
    counts = {
        name: (group_specs[name]["minReplicas"], group_specs[name]["maxReplicas"])
        for name in ("gpu", "cpu")
    }
    assert counts == {"gpu": (3, 20), "cpu": (1, 2)}


def test_a_gpu_pod_has_all_gpus_of_its_node() -> None:
    limits = container(groups(rendered(options()))["gpu"])["resources"]["limits"]
    assert limits["nvidia.com/gpu"] == "8"
    for name in ("head", "cpu"):
        resources = container(groups(rendered(options()))[name])["resources"]
        assert not any("gpu" in key for key in resources["limits"])


def test_shared_memory_holds_the_object_store_and_counts_as_memory() -> None:
    text = RECIPE.replace("shard_pages: 256", "shard_pages: 2048")
    for name, group in groups(rendered(options(), text)).items():
        store = int(group["rayStartParams"]["object-store-memory"])
        volumes = {v["name"]: v for v in group["template"]["spec"]["volumes"]}
        shared = volumes["shared-memory"]["emptyDir"]
        assert shared["medium"] == "Memory"
        size = int(shared["sizeLimit"].removesuffix("Gi")) * GIB
        memory = int(container(group)["resources"]["limits"]["memory"].removesuffix("Gi")) * GIB
        assert store < size < memory, name


def test_sizes_follow_the_arithmetic_of_the_paper_budget() -> None:
    size = cluster_size(options(), recipe())
    # 160 replicas × 2.39 pages/s / 12.5 pages/s of a core = 30.6 cores: two nodes of 16.
    assert size.cpu_nodes == 2
    # 160 replicas × 12 shards × 256 pages × 150 KB = 73.7 GB on two nodes: 34.3 GiB each.
    assert size.cpu.object_store == 35 * GIB
    # 8 replicas × 12 × 256 × 150 KB = 3.7 GB.
    assert size.gpu is not None
    assert size.gpu.object_store == 4 * GIB
    # Twice the edge means four times the pixels.
    larger = RECIPE + "raster: {longest_edge_px: 2560}\n"
    assert cluster_size(options(), recipe(larger)).cpu.object_store == 138 * GIB


def test_an_engine_that_reads_one_shard_after_the_other_needs_room_for_two() -> None:
    one_at_a_time = RECIPE.replace("name: vllm", "name: transformers")
    # 160 replicas × 2 shards × 256 pages × 300 KB = 24.6 GB on two nodes: 11.4 GiB each.
    assert cluster_size(options(), recipe(one_at_a_time)).cpu.object_store == 12 * GIB


def test_text_layers_need_no_gpu_group() -> None:
    group_specs = groups(rendered(options("rayjob", gpus_per_node=0, nodes=3), LAYERS_ONLY))
    assert set(group_specs) == {"head", "cpu"}
    assert group_specs["cpu"]["maxReplicas"] == 3


def test_replicas_without_gpus_have_places_on_cpu_nodes_and_none_on_the_head() -> None:
    asked = options("rayjob", gpus_per_node=0, nodes=3, min_nodes=2, cpus_per_cpu_node=8)
    group_specs = groups(rendered(asked, ON_CPUS))
    assert set(group_specs) == {"head", "cpu"}
    assert places(group_specs) == {
        "head": {"pagefoundry_head": 1},
        "cpu": {"pagefoundry_replica": 4},
    }
    assert (group_specs["cpu"]["minReplicas"], group_specs["cpu"]["maxReplicas"]) == (2, 3)
    # 8 cores at 2 GiB, a page of 3 GiB, 4 replicas with 1 GiB and 2 threads of half a GiB each,
    # the store of 2 GiB, and 1 GiB more.
    memory = container(group_specs["cpu"])["resources"]["limits"]["memory"]
    assert memory == f"{16 + 3 + 4 * 2 + 2 + 1}Gi"


def test_a_cluster_of_gpu_nodes_keeps_replicas_without_gpus_off_its_head_too() -> None:
    group_specs = groups(rendered(options("raycluster")))
    assert places(group_specs) == {
        "head": {"pagefoundry_head": 1},
        "gpu": {},
        "cpu": {"pagefoundry_replica": 1},
    }


def places(group_specs: dict[str, Value]) -> dict[str, Value]:
    """Return our custom resources, as a shell passes them to `ray start`."""
    given = {name: group["rayStartParams"].get("resources") for name, group in group_specs.items()}
    return {
        name: {} if text is None else json.loads(shlex.split(text)[0])
        for name, text in given.items()
    }


def test_disk_limits_hold_what_the_volumes_may_take() -> None:
    for group in groups(rendered(options())).values():
        limit = container(group)["resources"]["limits"]["ephemeral-storage"]
        volumes = [v.get("emptyDir", {}) for v in group["template"]["spec"]["volumes"]]
        taken = [int(v["sizeLimit"].removesuffix("Gi")) for v in volumes if v and "medium" not in v]
        assert sum(taken) < int(limit.removesuffix("Gi"))


def test_probes_ask_the_agent_on_each_node() -> None:
    for group in groups(rendered(options())).values():
        for probe in ("livenessProbe", "readinessProbe"):
            asked = container(group)[probe]["httpGet"]
            assert asked == {"path": "/api/healthz", "port": 52365}


def test_only_the_head_and_the_schedule_hold_an_api_token() -> None:
    documents = rendered(options())
    holding = {
        pod["spec"]["containers"][0]["name"]
        for pod in pod_templates([*documents, *ray_objects(documents)])
        if pod["spec"]["automountServiceAccountToken"]
    }
    assert holding == {"ray-head", "schedule"}


def test_the_schedules_account_can_do_one_thing() -> None:
    documents = rendered(options())
    role = only(documents, "Role")
    assert role["rules"] == [
        {"apiGroups": ["ray.io"], "resources": ["rayjobs"], "verbs": ["create", "list", "delete"]}
    ]
    (subject,) = only(documents, "RoleBinding")["subjects"]
    pod = only(documents, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert subject["name"] == pod["serviceAccountName"]
    assert (
        subject["name"]
        != cluster_spec(documents)["headGroupSpec"]["template"]["spec"]["serviceAccountName"]
    )


def test_an_account_that_exists_is_used_and_not_printed() -> None:
    documents = rendered(options("rayjob", service_account="reader"))
    assert not [d for d in documents if d["kind"] == "ServiceAccount"]
    accounts = {
        pod["spec"]["serviceAccountName"]
        for pod in pod_templates([*documents, *ray_objects(documents)])
    }
    assert accounts == {"reader"}


def test_secrets_come_by_reference_and_never_as_values() -> None:
    documents = rendered(options(secrets=("s3-keys", "hub-token")))
    for group in groups(documents).values():
        assert container(group)["envFrom"] == [
            {"secretRef": {"name": "s3-keys"}},
            {"secretRef": {"name": "hub-token"}},
        ]
    named = {e["name"] for pod in pod_templates(ray_objects(documents)) for e in env_of(pod)}
    assert not [name for name in named if re.search("KEY|SECRET|TOKEN|PASSWORD", name)]


def env_of(pod: Value) -> list[Value]:
    return [e for c in pod["spec"]["containers"] for e in c["env"]]


def network(documents: list[Value], component: str) -> Value:
    (policy,) = [
        d["spec"]
        for d in documents
        if d["kind"] == "NetworkPolicy"
        and d["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == component
    ]
    return policy


def ports(rule: Value) -> set[tuple[str, int]]:
    return {(port["protocol"], port["port"]) for port in rule.get("ports", ())}


def test_the_network_lets_in_the_cluster_itself_and_the_operator() -> None:
    policy = network(rendered(options()), "ray")
    within, operator = policy["ingress"]
    (peer,) = within["from"]
    assert peer == {"podSelector": policy["podSelector"]}
    assert ports(operator) == {("TCP", DASHBOARD_PORT)}
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}


def test_the_network_lets_out_to_names_store_and_api_alone() -> None:
    text = RECIPE + "storage: {endpoint: 'http://minio.store:9000'}\n"
    policy = network(rendered(options(secrets=("keys",)), text), "ray")
    within, names, outwards = policy["egress"]
    assert within["to"] == [{"podSelector": policy["podSelector"]}]
    assert ports(names) == {("UDP", 53), ("TCP", 53)}
    assert ports(outwards) == {("TCP", 443), ("TCP", 6443), ("TCP", 9000)}


def test_the_network_lets_out_to_the_servers_that_read() -> None:
    asked = options(secrets=("keys",), gpus_per_node=default_gpus_per_node(recipe(FLEET)), nodes=1)
    assert asked.gpus_per_node == 0
    *_, outwards = network(rendered(asked, FLEET), "ray")["egress"]
    assert ports(outwards) == {("TCP", port) for port in (80, 443, 6443, 8000)}


def test_the_clouds_credentials_are_reached_only_where_no_secret_gives_them() -> None:
    rules = network(rendered(options()), "ray")["egress"]
    (metadata,) = [rule for rule in rules if "ipBlock" in rule.get("to", [{}])[0]]
    assert metadata["to"] == [{"ipBlock": {"cidr": "169.254.0.0/16"}}]


def test_monitoring_may_read_metrics_and_nothing_else() -> None:
    policy = network(rendered(options(monitoring_namespace="watch")), "ray")
    (rule,) = [r for r in policy["ingress"] if "watch" in str(r)]
    assert ports(rule) == {("TCP", METRICS_PORT)}


def test_nobody_asks_the_schedules_pod() -> None:
    assert network(rendered(options()), "schedule")["ingress"] == []


def test_the_networks_hold_for_the_pods_they_are_meant_for() -> None:
    documents = rendered(options())
    for pod in pod_templates([*documents, *ray_objects(documents)]):
        labels = pod["metadata"]["labels"]
        policy = network(documents, labels["app.kubernetes.io/component"])
        assert policy["podSelector"]["matchLabels"].items() <= labels.items()


def test_spot_is_for_gpu_nodes_of_any_of_four_kinds() -> None:
    group_specs = groups(rendered(options(spot=True)))
    assert "affinity" not in group_specs["cpu"]["template"]["spec"]
    assert "affinity" not in group_specs["head"]["template"]["spec"]
    spec = group_specs["gpu"]["template"]["spec"]
    required = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    keys = {term["matchExpressions"][0]["key"] for term in required["nodeSelectorTerms"]}
    assert keys == {
        "cloud.google.com/gke-spot",
        "kubernetes.azure.com/scalesetpriority",
        "eks.amazonaws.com/capacityType",
        "karpenter.sh/capacity-type",
    }
    assert {t["key"] for t in spec["tolerations"]} >= {
        "nvidia.com/gpu",
        "cloud.google.com/gke-spot",
    }


def test_the_recipe_is_in_the_config_map_as_it_was_written() -> None:
    documents = rendered(options("rayjob"))
    assert only(documents, "ConfigMap")["data"] == {"recipe.yaml": RECIPE}
    volumes = groups(documents)["head"]["template"]["spec"]["volumes"]
    (name,) = [v["configMap"]["name"] for v in volumes if "configMap" in v]
    assert name == only(documents, "ConfigMap")["metadata"]["name"]


def test_the_cron_job_is_the_issues() -> None:
    spec = only(rendered(options()), "CronJob")["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 2 * * *", "Europe/Berlin")
    assert spec["concurrencyPolicy"] == "Forbid"


def test_a_deadline_is_in_seconds() -> None:
    (job,) = ray_objects(rendered(options("rayjob", deadline_hours=1.5)))
    assert job["spec"]["activeDeadlineSeconds"] == 5400


def test_ray_up_starts_the_head_without_work_and_mounts_recipe_and_token() -> None:
    (config,) = rendered(options("ray-up"))
    (start,) = [c for c in config["head_start_ray_commands"] if "ray start" in c]
    assert "--num-cpus=0" in start
    assert config["file_mounts"] == {
        "/pagefoundry/recipe.yaml": "/home/me/recipe.yaml",
        "/home/pagefoundry/.ray/auth_token": "~/.ray/auth_token",
    }
    assert "--env=RAY_AUTH_MODE=token" in config["docker"]["run_options"]


@pytest.mark.parametrize("kind", [*ON_KUBERNETES, "ray-up"])
def test_what_is_printed_repeats_itself_rather_than_refer(kind: str) -> None:
    assert not re.search(r"(: |- )[&*]id\d", to_yaml(rendered(options(kind))))
