"""The commands `manifest` and `create-rayjob`, and what they print run as it stands."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from deltalake import DeltaTable

from tests.cluster.kubernetes_api import NAMESPACE, TOKEN, RayJobs, kubernetes_api
from tests.cluster.kubernetes_schemas import check_ray_object
from tests.cluster.manifest_samples import IMAGE, RECIPE, only
from tests.fork_server import call
from tests.pipelines.cli.container_root import ContainerRoot, expanded, require_namespaces
from tests.pipelines.corpora import write_pdf, write_scan

Value = dict[str, Any]

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
NIGHTLY = ("--nodes", "20", "--schedule", "0 2 * * *", "--time-zone", "Europe/Berlin")


def printed(recipe: Path, *arguments: str) -> list[Value]:
    done = call("manifest", str(recipe), "--image", IMAGE, *arguments)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return path


def test_a_plain_cron_job_is_the_default(recipe: Path) -> None:
    kinds = [document["kind"] for document in printed(recipe, *NIGHTLY)]
    assert kinds == [
        "ServiceAccount",
        "NetworkPolicy",
        "ConfigMap",
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "NetworkPolicy",
        "ConfigMap",
        "CronJob",
    ]


def test_the_name_is_the_datasets_and_ray_is_the_one_installed(recipe: Path) -> None:
    import ray

    job = only(printed(recipe, "--kind", "rayjob", "--nodes", "20"), "RayJob")
    assert job["metadata"]["name"] == "pagefoundry-manuals"
    assert job["spec"]["rayClusterSpec"]["rayVersion"] == ray.__version__


def test_gpus_that_no_replica_fills_are_named_on_stderr(recipe: Path) -> None:
    done = call("manifest", str(recipe), "--image", IMAGE, "--kind", "rayjob", "--nodes", "25")
    assert done.returncode == 0
    assert "fills 160 of 200 places" in done.stderr


@pytest.mark.parametrize(
    "lines",
    ["engine: {name: rapidocr}", "routing: only", "sources: [{text: s3://lake/texts/*.txt}]"],
)
def test_a_recipe_that_needs_no_gpu_needs_no_flag_that_says_so(recipe: Path, lines: str) -> None:
    recipe.write_text(f"dataset: s3://lake/d\nsources: [{{documents: s3://lake/c}}]\n{lines}\n")
    if lines.startswith("sources"):
        recipe.write_text(f"dataset: s3://lake/d\n{lines}\n")
    job = only(printed(recipe, "--kind", "rayjob", "--nodes", "1"), "RayJob")
    check_ray_object(job)
    workers = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    assert [group["groupName"] for group in workers] == ["cpu"]


def test_an_engine_that_can_use_gpus_gets_them_unless_told_otherwise(recipe: Path) -> None:
    recipe.write_text(RECIPE.replace("replicas: [1, 160], gpus_per_replica: 1, ", ""))
    done = call("manifest", str(recipe), "--image", IMAGE, "--kind", "rayjob")
    assert "set it to 1, or give --gpus-per-node 0 to run vllm on CPUs" in done.stderr
    assert printed(recipe, "--kind", "rayjob", "--gpus-per-node", "0")


@pytest.mark.parametrize(
    ("arguments", "telling"),
    [
        (("--kind", "cronjob"), "needs a --schedule"),
        (("--kind", "rayjob", "--nodes", "1"), "set replicas: [1, 8] or give --nodes 20"),
        (("--kind", "rayjob", "--volume", "claim"), "--volume claim has no `=`"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_two(
    recipe: Path, arguments: tuple[str, ...], telling: str
) -> None:
    done = call("manifest", str(recipe), "--image", IMAGE, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("pagefoundry: ")
    assert telling in line


def test_create_rayjob_is_for_pods(recipe: Path) -> None:
    done = call("create-rayjob", str(recipe), "--name", "x")
    assert done.returncode == 2
    assert "this is not a pod" in done.stderr


# ---- as they stand ------------------------------------------------------------------------


@pytest.fixture
def held(tmp_path: Path) -> Iterator[RayJobs]:
    (tmp_path / "api").mkdir()
    with kubernetes_api(tmp_path / "api") as server:
        yield server


def config_files(documents: list[Value], pod: Value) -> dict[str, bytes]:
    """The files that the pod's ConfigMaps put into its container."""
    (container,) = pod["spec"]["containers"]
    maps = {d["metadata"]["name"]: d["data"] for d in documents if d["kind"] == "ConfigMap"}
    volumes = {
        v["name"]: v["configMap"]["name"] for v in pod["spec"]["volumes"] if "configMap" in v
    }
    return {
        f"{mount['mountPath']}/{name}": text.encode()
        for mount in container["volumeMounts"]
        if mount["name"] in volumes
        for name, text in maps[volumes[mount["name"]]].items()
    }


def empty_dirs(folder: Path, pod: Value) -> dict[str, Path]:
    """A folder for each of the pod's volumes on disk."""
    (container,) = pod["spec"]["containers"]
    on_disk = [
        v["name"]
        for v in pod["spec"]["volumes"]
        if "emptyDir" in v and "medium" not in v["emptyDir"]
    ]
    found = {}
    for mount in container["volumeMounts"]:
        if mount["name"] in on_disk:
            found[mount["mountPath"]] = folder / mount["name"]
            found[mount["mountPath"]].mkdir(parents=True)
    return found


def run_schedule(folder: Path, documents: list[Value], held: RayJobs, job: str) -> Any:
    """The pod of the CronJob's job, as the kubelet would start it."""
    pod = only(documents, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]
    assert pod["spec"]["automountServiceAccountToken"]
    (container,) = pod["spec"]["containers"]
    account = {"token": TOKEN, "ca.crt": held.authority, "namespace": NAMESPACE}
    fields = {"metadata.labels['batch.kubernetes.io/job-name']": job}
    environment = {
        e["name"]: e["value"] if "value" in e else fields[e["valueFrom"]["fieldRef"]["fieldPath"]]
        for e in container["env"]
    }
    environment |= {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(held.port),
    }
    root = ContainerRoot(
        folder / "root",
        {f"{ACCOUNT}/{name}": text.encode() for name, text in account.items()}
        | config_files(documents, pod),
        empty_dirs(folder, pod),
    )
    return root.run(expanded(container["command"], environment), environment)


@pytest.mark.slow
def test_the_cron_jobs_command_creates_the_rayjob(
    recipe: Path, tmp_path: Path, held: RayJobs
) -> None:
    require_namespaces()
    documents = printed(recipe, *NIGHTLY, "--namespace", NAMESPACE)
    done = run_schedule(tmp_path / "first", documents, held, "manuals-29400000")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "RayJob manuals-29400000 is created\n"
    (created,) = held.jobs.values()
    assert created["metadata"]["namespace"] == NAMESPACE
    assert created["spec"] == yaml.safe_load(job_text(documents))["spec"]
    check_ray_object(created)

    # The next night comes while this one still runs.
    done = run_schedule(tmp_path / "second", documents, held, "manuals-29401440")
    assert done.returncode == 0, done.stderr
    assert "RayJob manuals-29400000 still runs" in done.stdout
    assert list(held.jobs) == ["manuals-29400000"]


def job_text(documents: list[Value]) -> str:
    (text,) = [d["data"]["rayjob.yaml"] for d in documents if "rayjob.yaml" in d.get("data", {})]
    return text


LOCAL = """\
dataset: /lake/data
sources: [{documents: /lake/corpus}]
placement: {threads_per_replica: 1}
"""


@pytest.mark.ray
@pytest.mark.slow
def test_the_rayjobs_entrypoint_runs_on_the_cluster_that_it_describes(tmp_path: Path) -> None:
    """A text layer is read there, and a scan by the default engine, which is never on the head."""
    require_namespaces()
    lake = tmp_path / "lake"
    write_pdf(lake / "corpus", "a.pdf", first_seed=1, pages=3)
    write_scan(lake / "corpus", "b.pdf", first_seed=4)
    path = tmp_path / "recipe.yaml"
    path.write_text(LOCAL)
    documents = printed(
        path, "--kind", "rayjob", "--cpus-per-cpu-node", "1", "--volume", "claim=/lake"
    )
    done = run_job(tmp_path, documents, lake, f"python -c {shlex.quote(PLACES)}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "raylet: success" in done.stdout
    assert done.stdout.endswith("replicas on the head: 0, elsewhere: 1\n")
    verified = call("verify", str(lake / "data"), "--json")
    assert verified.returncode == 0, verified.stdout
    table = DeltaTable(lake / "data/pages").to_pyarrow_table(columns=["engine"])
    assert sorted(table["engine"].to_pylist()) == ["rapidocr", *["text_layer"] * 3]


def run_job(
    folder: Path, documents: list[Value], lake: Path, afterwards: str
) -> subprocess.CompletedProcess[str]:
    """The head and a CPU worker start with the printed parameters, token and volumes, on one
    machine: so with other ports for the worker, and a loopback address. Then the entrypoint runs.
    """
    spec = only(documents, "RayJob")["spec"]
    cluster = spec["rayClusterSpec"]
    head = cluster["headGroupSpec"]["template"]
    (container,) = head["spec"]["containers"]
    assert cluster["authOptions"] == {"mode": "token"}
    environment = {e["name"]: e["value"] for e in container["env"]}
    # What KubeRay adds for the token.
    environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "t" * 64}
    (worker,) = cluster["workerGroupSpecs"]
    other_ports = {"metrics-export-port": "8081", "dashboard-agent-listen-port": "52366"}
    probe = container["livenessProbe"]["httpGet"]
    script = "\n".join(
        [
            "set -e",
            f"ray start --head --port=6379 {flags(cluster['headGroupSpec']['rayStartParams'])}",
            f"ray start --address=127.0.0.1:6379 {flags(worker['rayStartParams'] | other_ports)}",
            f"python -c {shlex.quote(PROBE)} http://127.0.0.1:{probe['port']}{probe['path']}",
            spec["entrypoint"],
            afterwards,
        ]
    )
    root = ContainerRoot(
        folder / "root",
        config_files(documents, head),
        empty_dirs(folder / "volumes", head) | {"/lake": lake},
        shared_memory=True,
    )
    return root.run(["bash", "-c", script], environment, own_network=True)


# Counts the replicas that there were, by whether their node was the head.
PLACES = """
import ray
from ray.util.state import list_actors
ray.init(address="auto", logging_level="ERROR")
head = ray.get_runtime_context().get_node_id()
nodes = [actor.node_id for actor in list_actors() if "Replica" in actor.class_name]
print(f"replicas on the head: {nodes.count(head)}, elsewhere: {len(nodes) - nodes.count(head)}")
"""

# Waits for the node's health as a probe does: without a token.
PROBE = """
import sys, time, urllib.request
for attempt in range(60):
    try:
        print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
        break
    except OSError as exc:
        print(exc)
        time.sleep(1)
else:
    sys.exit("never healthy")
"""


def flags(parameters: dict[str, str]) -> str:
    """The command line that KubeRay makes of a group's parameters."""
    given = parameters | {"node-ip-address": "127.0.0.1", "object-store-memory": "100000000"}
    return " ".join(f"--{name}={value}" for name, value in given.items())
