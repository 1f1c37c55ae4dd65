"""The commands `manifest`, which prints what runs a recipe on a cluster, and `create-rayjob`,
which the printed CronJob runs."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
import yaml

from cluster.manifests import Kind, Machines, ManifestOptions, Volume, documents, to_yaml
from cluster.manifests.options import default_gpus_per_node, default_name, replicas_per_node
from cluster.rayjobs import KubernetesApi, Scheduled, create_rayjob
from pipelines.cli.arguments import JsonFlag, RecipeArg, print_result, read_recipe
from schemas.errors import RequestError
from schemas.recipe import Recipe
from workers import store

app = typer.Typer()

_MACHINES = Machines()

# Where Kubernetes mounts a pod's token, its authority and its namespace.
ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"


@app.command()
def manifest(
    recipe: RecipeArg,
    image: Annotated[str, typer.Option(help="The image, with a tag, of head and workers.")],
    kind: Annotated[
        Kind,
        typer.Option(
            help="cronjob: a RayJob at each time of the schedule. rayjob: one run. raycronjob: "
            "as cronjob, by an alpha feature of KubeRay. raycluster: a cluster that stays, for "
            "`pagefoundry submit`. ray-up: virtual machines on AWS."
        ),
    ] = "cronjob",
    nodes: Annotated[
        int, typer.Option(help="GPU nodes at most; CPU nodes for a recipe that needs no GPU.")
    ] = 1,
    gpus_per_node: Annotated[
        int | None,
        typer.Option(
            help="Default: 8, and 0 for a recipe that needs none: of the default engine, with "
            "`routing: only`, or of made pages only."
        ),
    ] = None,
    min_nodes: Annotated[int, typer.Option(help="Of --nodes, how many stay without work.")] = 0,
    cpu_nodes: Annotated[
        int | None, typer.Option(help="For rasterising; default: as many as the replicas need.")
    ] = None,
    cpus_per_cpu_node: Annotated[int, typer.Option(help="Cores of one of them.")] = 16,
    schedule: Annotated[
        str | None, typer.Option(help='Of cronjob and raycronjob, as in "0 2 * * *".')
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Of the schedule.")] = "Etc/UTC",
    name: Annotated[
        str | None, typer.Option(help="Of all objects; default: by the dataset.")
    ] = None,
    namespace: Annotated[str, typer.Option(help="Of all objects.")] = "default",
    service_account: Annotated[
        str | None,
        typer.Option(help="One that exists, such as one bound to a cloud role; default: a new one"),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(help="A Secret whose keys become environment variables; repeatable."),
    ] = None,
    volume: Annotated[
        list[str] | None,
        typer.Option(metavar="CLAIM=PATH", help="A volume claim to mount; repeatable."),
    ] = None,
    model_cache: Annotated[
        str | None, typer.Option(metavar="CLAIM", help="A volume claim that keeps models.")
    ] = None,
    image_pull_secret: Annotated[str | None, typer.Option(help="To fetch the image.")] = None,
    spot: Annotated[bool, typer.Option("--spot", help="GPU nodes are spot nodes.")] = False,
    gpu_node_selector: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A label of the GPU nodes; repeatable."),
    ] = None,
    monitoring_namespace: Annotated[
        str | None, typer.Option(help="Whose pods may read the metrics.")
    ] = None,
    deadline_hours: Annotated[
        float | None, typer.Option(help="A run that lasts longer is ended.")
    ] = None,
    retries: Annotated[int, typer.Option(help="New tries of a run that failed.")] = 3,
    keep_jobs: Annotated[int, typer.Option(help="Finished RayJobs that a cronjob leaves.")] = 7,
    ray_version: Annotated[
        str | None, typer.Option(help="Of the image; default: the one installed here.")
    ] = None,
    region: Annotated[str, typer.Option(help="Of ray-up.")] = _MACHINES.region,
    gpu_type: Annotated[str, typer.Option(help="GPU machine of ray-up.")] = _MACHINES.gpu_type,
    cpu_type: Annotated[str, typer.Option(help="CPU machine of ray-up.")] = _MACHINES.cpu_type,
    head_type: Annotated[str, typer.Option(help="Head machine of ray-up.")] = _MACHINES.head_type,
    instance_profile: Annotated[
        str | None, typer.Option(help="IAM instance profile of ray-up's machines.")
    ] = None,
) -> None:
    """Print the YAML that runs a recipe on a cluster; `kubectl apply -f -` takes it.

    Nothing is asked of a cluster and nothing secret is printed.
    """
    parsed = read_recipe(recipe)
    options = ManifestOptions(
        kind=kind,
        image=image,
        ray_version=ray_version or importlib.metadata.version("ray"),
        name=name or default_name(parsed.dataset),
        nodes=nodes,
        gpus_per_node=default_gpus_per_node(parsed) if gpus_per_node is None else gpus_per_node,
        min_nodes=min_nodes,
        cpu_nodes=cpu_nodes,
        cpus_per_cpu_node=cpus_per_cpu_node,
        namespace=namespace,
        service_account=service_account,
        secrets=tuple(secret or ()),
        volumes=tuple(Volume(*pair) for pair in _pairs("--volume", volume)),
        model_cache=model_cache,
        image_pull_secret=image_pull_secret,
        spot=spot,
        gpu_node_selector=_pairs("--gpu-node-selector", gpu_node_selector),
        monitoring_namespace=monitoring_namespace,
        schedule=schedule,
        time_zone=time_zone,
        deadline_hours=deadline_hours,
        retries=retries,
        keep_jobs=keep_jobs,
        machines=Machines(region, gpu_type, cpu_type, head_type, instance_profile),
    )
    where = store.absolute(str(recipe))
    text = store.read_bytes(where).decode()
    found = documents(options, parsed, text, where)
    print(to_yaml(found), end="")
    _warn_of_idle_nodes(options, parsed)


def _pairs(option: str, values: list[str] | None) -> tuple[tuple[str, str], ...]:
    found = []
    for value in values or ():
        left, equals, right = value.partition("=")
        if not equals:
            raise RequestError(f"{option} {value}: give it with an =, as `--help` shows")
        found.append((left, right))
    return tuple(found)


def _warn_of_idle_nodes(options: ManifestOptions, recipe: Recipe) -> None:
    wanted = recipe.placement.replicas[1]
    room = options.reading_nodes * replicas_per_node(options, recipe)
    if wanted < room:
        kind = "GPU" if options.gpus_per_node else "CPU"
        print(
            f"pagefoundry: placement.replicas {list(recipe.placement.replicas)} fill "
            f"{wanted} of {room} places; the other {kind} nodes come up for no replica. To use "
            f"them set replicas: [1, {room}]",
            file=sys.stderr,
        )


@app.command("create-rayjob")
def create_rayjob_command(
    job: Annotated[Path, typer.Argument(metavar="FILE", help="The RayJob, a YAML file.")],
    name: Annotated[str, typer.Option(help="What to call it.")],
    keep_jobs: Annotated[int, typer.Option(min=1, help="Finished RayJobs to leave.")] = 7,
    as_json: JsonFlag = False,
) -> None:
    """Create a RayJob from within a pod, unless an earlier one still runs: what the printed
    CronJob does at each time of its schedule."""
    try:
        body = yaml.safe_load(store.read_bytes(store.absolute(str(job))))
    except FileNotFoundError as exc:
        raise RequestError(f"{job}: there is no such file") from exc
    except yaml.YAMLError as exc:
        raise RequestError(f"{job}: not YAML: {' '.join(str(exc).split())}") from exc
    done = create_rayjob(_pods_api(), body, name, keep_jobs)
    print_result(asdict(done), as_json, _said(done))


def _said(done: Scheduled) -> Callable[[object], str]:
    def say(_: object) -> str:
        if done.running:
            return f"RayJob {done.running} still runs; none is created, it does this one's work"
        return f"RayJob {done.created} created"

    return say


def _pods_api() -> KubernetesApi:
    """The API of the cluster that this pod runs in."""
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise RequestError(
            "this is no pod: KUBERNETES_SERVICE_HOST is not set; the CronJob that "
            "`pagefoundry manifest` prints runs this"
        )
    files = {}
    for part in ("token", "ca.crt", "namespace"):
        try:
            files[part] = store.read_bytes(f"{ACCOUNT_FOLDER}/{part}").decode().strip()
        except FileNotFoundError as exc:
            raise RequestError(
                f"{ACCOUNT_FOLDER}/{part} is missing: the pod needs "
                "automountServiceAccountToken: true"
            ) from exc
    address = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return KubernetesApi(address, files["token"], files["ca.crt"], files["namespace"])
