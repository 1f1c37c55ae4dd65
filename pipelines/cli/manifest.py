"""The commands `manifest`, which prints the YAML that runs a recipe on a cluster, and
`create-rayjob`, which the printed CronJob runs."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.manifests import Kind, Machines, ManifestOptions, Volume
from cluster.manifests.options import default_gpus_per_node, default_name, replicas_per_node
from pipelines.cli.arguments import JsonFlag, RecipeArg, print_result, read_recipe
from pipelines.cli.option_groups import takes_groups
from schemas.errors import RequestError

if TYPE_CHECKING:
    from cluster.rayjobs import KubernetesApi, Scheduled
    from schemas.recipe import Recipe

app = typer.Typer()

_MACHINES = Machines()

# Where Kubernetes mounts a pod's token, the certificate of its API, and its namespace.
ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """Nodes."""

    nodes: Annotated[
        int,
        typer.Option(help="The most GPU nodes; CPU nodes for a recipe that needs no GPU."),
    ] = 1
    gpus_per_node: Annotated[
        int | None,
        typer.Option(
            help="The default is 8, or 0 for a recipe that needs no GPU: one with the default "
            "engine, with `routing: only`, or whose pages are all made."
        ),
    ] = None
    min_nodes: Annotated[
        int, typer.Option(help="How many of --nodes stay up when there is no work.")
    ] = 0
    cpu_nodes: Annotated[
        int | None,
        typer.Option(
            help="Nodes that rasterise pages. The default is as many as the replicas need."
        ),
    ] = None
    cpus_per_cpu_node: Annotated[int, typer.Option(help="The cores of a CPU node.")] = 16
    spot: Annotated[bool, typer.Option("--spot", help="Use spot nodes as GPU nodes.")] = False
    gpu_node_selector: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A label of the GPU nodes; repeatable."),
    ] = None


@dataclass(frozen=True, slots=True)
class PodOptions:
    """Objects and pods."""

    name: Annotated[
        str | None,
        typer.Option(help="The name of all objects. The default follows from the dataset's name."),
    ] = None
    namespace: Annotated[str, typer.Option(help="The namespace of all objects.")] = "default"
    service_account: Annotated[
        str | None,
        typer.Option(
            help="An existing service account, such as one bound to a cloud role. By default a "
            "new one is printed."
        ),
    ] = None
    secret: Annotated[
        list[str] | None,
        typer.Option(help="A Secret whose keys become environment variables; repeatable."),
    ] = None
    volume: Annotated[
        list[str] | None,
        typer.Option(metavar="CLAIM=PATH", help="A volume claim to mount at PATH; repeatable."),
    ] = None
    model_cache: Annotated[
        str | None,
        typer.Option(metavar="CLAIM", help="A volume claim that keeps downloaded models."),
    ] = None
    image_pull_secret: Annotated[
        str | None, typer.Option(help="A Secret for pulling the image.")
    ] = None
    monitoring_namespace: Annotated[
        str | None, typer.Option(help="The namespace whose pods may read the metrics.")
    ] = None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Schedule and runs."""

    schedule: Annotated[
        str | None,
        typer.Option(help='When a cronjob or raycronjob starts a run, as in "0 2 * * *".'),
    ] = None
    time_zone: Annotated[str, typer.Option(help="The time zone of --schedule.")] = "Etc/UTC"
    deadline_hours: Annotated[float | None, typer.Option(help="End a run that lasts longer.")] = (
        None
    )
    retries: Annotated[int, typer.Option(help="How often a failed run is retried.")] = 3
    keep_jobs: Annotated[int, typer.Option(help="How many finished RayJobs a cronjob keeps.")] = 7


@dataclass(frozen=True, slots=True)
class MachineOptions:
    """Machines of ray-up."""

    region: Annotated[str, typer.Option(help="The AWS region.")] = _MACHINES.region
    gpu_type: Annotated[str, typer.Option(help="The instance type of GPU machines.")] = (
        _MACHINES.gpu_type
    )
    cpu_type: Annotated[str, typer.Option(help="The instance type of CPU machines.")] = (
        _MACHINES.cpu_type
    )
    head_type: Annotated[str, typer.Option(help="The instance type of the head.")] = (
        _MACHINES.head_type
    )
    instance_profile: Annotated[
        str | None, typer.Option(help="The IAM instance profile of all machines.")
    ] = None


@app.command()
@takes_groups
def manifest(
    recipe: RecipeArg,
    image: Annotated[str, typer.Option(help="The image of the head and the workers, with a tag.")],
    nodes: NodeOptions,
    pods: PodOptions,
    runs: RunOptions,
    machines: MachineOptions,
    kind: Annotated[
        Kind,
        typer.Option(
            help="cronjob: a RayJob at each time of the schedule. rayjob: one run. raycronjob: "
            "like cronjob, with an alpha feature of KubeRay. raycluster: a cluster that stays, "
            "for `pagefoundry submit`. ray-up: virtual machines on AWS."
        ),
    ] = "cronjob",
    ray_version: Annotated[
        str | None,
        typer.Option(help="The image's version of Ray. The default is the one installed here."),
    ] = None,
) -> None:
    """Print the YAML that runs a recipe on a cluster, for `kubectl apply -f -`.

    No cluster is contacted, and no secret is printed.
    """
    parsed = read_recipe(recipe)

    from cluster.manifests.render import documents, to_yaml
    from workers import store

    options = _options(parsed, kind, image, ray_version, nodes, pods, runs, machines)
    path = store.absolute(str(recipe))
    text = store.read_bytes(path).decode()
    print(to_yaml(documents(options, parsed, text, path)), end="")
    _warn_of_idle_nodes(options, parsed)


def _options(
    recipe: Recipe,
    kind: Kind,
    image: str,
    ray_version: str | None,
    nodes: NodeOptions,
    pods: PodOptions,
    runs: RunOptions,
    machines: MachineOptions,
) -> ManifestOptions:
    """The options with the defaults that depend on the recipe and on this machine."""
    gpus_per_node = nodes.gpus_per_node
    return ManifestOptions(
        kind=kind,
        image=image,
        ray_version=ray_version or importlib.metadata.version("ray"),
        name=pods.name or default_name(recipe.dataset),
        nodes=nodes.nodes,
        gpus_per_node=default_gpus_per_node(recipe) if gpus_per_node is None else gpus_per_node,
        min_nodes=nodes.min_nodes,
        cpu_nodes=nodes.cpu_nodes,
        cpus_per_cpu_node=nodes.cpus_per_cpu_node,
        spot=nodes.spot,
        gpu_node_selector=_pairs("--gpu-node-selector", nodes.gpu_node_selector),
        namespace=pods.namespace,
        service_account=pods.service_account,
        secrets=tuple(pods.secret or ()),
        volumes=tuple(Volume(*pair) for pair in _pairs("--volume", pods.volume)),
        model_cache=pods.model_cache,
        image_pull_secret=pods.image_pull_secret,
        monitoring_namespace=pods.monitoring_namespace,
        schedule=runs.schedule,
        time_zone=runs.time_zone,
        deadline_hours=runs.deadline_hours,
        retries=runs.retries,
        keep_jobs=runs.keep_jobs,
        machines=Machines(**asdict(machines)),
    )


def _pairs(option: str, values: list[str] | None) -> tuple[tuple[str, str], ...]:
    pairs = []
    for value in values or ():
        left, equals, right = value.partition("=")
        if not equals:
            raise RequestError(f"{option} {value} has no `=`; `--help` shows its form")
        pairs.append((left, right))
    return tuple(pairs)


def _warn_of_idle_nodes(options: ManifestOptions, recipe: Recipe) -> None:
    wanted = recipe.placement.replicas[1]
    room = options.reading_nodes * replicas_per_node(options, recipe)
    if wanted < room:
        kind = "GPU" if options.gpus_per_node else "CPU"
        print(
            f"pagefoundry: placement.replicas {list(recipe.placement.replicas)} fills {wanted} of "
            f"{room} places, so some {kind} nodes will never start; to use them all, set "
            f"replicas: [1, {room}]",
            file=sys.stderr,
        )


@app.command("create-rayjob")
def create_rayjob_command(
    job: Annotated[Path, typer.Argument(metavar="FILE", help="The RayJob, a YAML file.")],
    name: Annotated[str, typer.Option(help="The name of the new RayJob.")],
    keep_jobs: Annotated[int, typer.Option(min=1, help="How many finished RayJobs to keep.")] = 7,
    as_json: JsonFlag = False,
) -> None:
    """Create a RayJob from inside a pod, unless an earlier one still runs.

    The CronJob that `pagefoundry manifest` prints runs this at each time of its schedule.
    """
    import yaml

    from cluster.rayjobs import create_rayjob
    from workers import store

    try:
        body = yaml.safe_load(store.read_bytes(store.absolute(str(job))))
    except FileNotFoundError as exc:
        raise RequestError(f"{job}: this file does not exist") from exc
    except yaml.YAMLError as exc:
        raise RequestError(f"{job} is not YAML: {' '.join(str(exc).split())}") from exc
    print_result(create_rayjob(_pods_api(), body, name, keep_jobs), as_json, _outcome)


def _outcome(scheduled: Scheduled) -> str:
    if scheduled.running:
        return f"no RayJob is created: RayJob {scheduled.running} still runs and does this work"
    return f"RayJob {scheduled.created} is created"


def _pods_api() -> KubernetesApi:
    """The API of the cluster that this pod runs in."""
    from cluster.rayjobs import KubernetesApi
    from workers import store

    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise RequestError(
            "KUBERNETES_SERVICE_HOST is not set, so this is not a pod; `create-rayjob` is run by "
            "the CronJob that `pagefoundry manifest` prints"
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
