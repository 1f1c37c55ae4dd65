"""Refuses options of a manifest that cannot work, each in one line with its remedy."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cluster.manifests.options import (
    MAX_NAME_CHARS,
    SCHEDULED,
    ManifestOptions,
    replicas_per_node,
    uses_no_gpu,
)
from cluster.manifests.schedule import check_schedule
from schemas.errors import RequestError
from schemas.recipe import Recipe
from schemas.sources import bases, kept_places, locations

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_OBJECT_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?")
_IMAGE = re.compile(
    r"[a-zA-Z0-9.\-_/]+(:[0-9]+/[a-zA-Z0-9.\-_/]+)?"
    r"(?P<tag>:[A-Za-z0-9_][A-Za-z0-9._\-]{0,127})?(?P<digest>@sha256:[0-9a-f]{64})?"
)
# Ray has token authentication since 2.52, and the health check that the probes use since 2.53.
_MIN_RAY = (2, 53)


def check_options(options: ManifestOptions, recipe: Recipe) -> None:
    """Raises RequestError for options that cannot work with the recipe."""
    _check_names(options)
    _check_kind(options)
    _check_image(options.image)
    _check_ray_version(options.ray_version)
    _check_counts(options)
    _check_times(options)
    _check_replicas(options, recipe)
    _check_paths(options, recipe)


def _check_names(options: ManifestOptions) -> None:
    if not _NAME.fullmatch(options.name) or len(options.name) > MAX_NAME_CHARS:
        raise RequestError(
            f"--name {options.name}: give at most {MAX_NAME_CHARS} lower-case letters, digits and "
            "hyphens, with a letter first and no hyphen last"
        )
    named = {
        "--namespace": (options.namespace,),
        "--monitoring-namespace": (options.monitoring_namespace,),
        "--service-account": (options.service_account,),
        "--secret": options.secrets,
        "--image-pull-secret": (options.image_pull_secret,),
        "--model-cache": (options.model_cache,),
        "--volume": tuple(volume.claim for volume in options.volumes),
    }
    for option, values in named.items():
        for value in values:
            if value is not None and not _OBJECT_NAME.fullmatch(value):
                raise RequestError(
                    f"{option} {value!r} is not a name of a Kubernetes object; give lower-case "
                    "letters, digits, hyphens and dots"
                )
    for key, value in options.gpu_node_selector:
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            raise RequestError(f"--gpu-node-selector {key}={value} is not a label; give KEY=VALUE")


def _check_kind(options: ManifestOptions) -> None:
    if options.kind != "ray-up":
        return
    pod_options = {
        "--service-account": options.service_account,
        "--secret": options.secrets,
        "--volume": options.volumes,
        "--model-cache": options.model_cache,
        "--image-pull-secret": options.image_pull_secret,
        "--gpu-node-selector": options.gpu_node_selector,
        "--monitoring-namespace": options.monitoring_namespace,
    }
    given = [option for option, value in pod_options.items() if value]
    if given:
        raise RequestError(
            f"{given[0]} is for pods, and ray-up has none; give rights with --instance-profile"
        )


def _check_image(image: str) -> None:
    match = _IMAGE.fullmatch(image)
    if not match:
        raise RequestError(f"--image {image!r} is not an image name; give REGISTRY/NAME:TAG")
    if not match["digest"] and match["tag"] in (None, ":latest"):
        raise RequestError(
            f"--image {image} changes with every push; give a fixed tag, as in "
            f"{image.removesuffix(':latest')}:0.1.0, or a digest"
        )


def _check_ray_version(version: str) -> None:
    match = re.match(r"(\d+)\.(\d+)\.\d+", version)
    if not match or (int(match[1]), int(match[2])) < _MIN_RAY:
        raise RequestError(
            f"--ray-version {version}: give the image's version of Ray, 2.53.0 or later; token "
            "authentication and the health check need it"
        )


def _check_counts(options: ManifestOptions) -> None:
    least = {
        "--nodes": (options.nodes, 1),
        "--gpus-per-node": (options.gpus_per_node, 0),
        "--min-nodes": (options.min_nodes, 0),
        "--cpu-nodes": (1 if options.cpu_nodes is None else options.cpu_nodes, 1),
        "--cpus-per-cpu-node": (options.cpus_per_cpu_node, 1),
        "--retries": (options.retries, 0),
        "--keep-jobs": (options.keep_jobs, 1),
    }
    for option, (value, minimum) in least.items():
        if value < minimum:
            raise RequestError(f"{option} {value}: give {minimum} or more")
    if options.min_nodes > options.nodes:
        raise RequestError(
            f"--min-nodes {options.min_nodes} exceeds --nodes {options.nodes}; raise --nodes"
        )
    if options.deadline_hours is not None and options.kind in ("raycluster", "ray-up"):
        raise RequestError(f"--deadline-hours: a {options.kind} has no run to end; leave it out")
    if options.deadline_hours is not None and not 0 < options.deadline_hours < 24 * 365:
        raise RequestError(
            f"--deadline-hours {options.deadline_hours:g}: give more than 0 and less than a year"
        )


def _check_times(options: ManifestOptions) -> None:
    if options.kind not in SCHEDULED:
        if options.schedule is not None:
            raise RequestError(f"--schedule: a {options.kind} has no schedule; give --kind cronjob")
        return
    if options.schedule is None:
        raise RequestError(f'--kind {options.kind} needs a --schedule, as in "0 2 * * *"')
    check_schedule(options.schedule)
    try:
        ZoneInfo(options.time_zone)
    except (ValueError, OSError, LookupError) as exc:
        raise RequestError(
            f"--time-zone {options.time_zone!r} is unknown; give a name such as Europe/Berlin"
        ) from exc


def _check_replicas(options: ManifestOptions, recipe: Recipe) -> None:
    if not recipe.needs_replicas:
        if options.gpus_per_node:
            why = (
                "reads only text layers (routing: only)"
                if recipe.routing == "only"
                else "reads no document"
            )
            raise RequestError(
                f"the recipe {why} and would leave "
                f"{options.nodes * options.gpus_per_node} GPUs idle; give --gpus-per-node 0"
            )
        return
    if options.gpus_per_node:
        _check_gpus(options, recipe)
    else:
        _check_threads(options, recipe)
    placement, per_node = recipe.placement, replicas_per_node(options, recipe)
    wanted, room = placement.replicas[1], options.reading_nodes * per_node
    if wanted > room:
        nodes = "--nodes" if options.gpus_per_node or not options.cpu_nodes else "--cpu-nodes"
        raise RequestError(
            f"placement.replicas {list(placement.replicas)}: {options.reading_nodes} nodes of "
            f"{_places(options, recipe)} hold {room} replicas; set replicas: [1, {room}] or give "
            f"{nodes} {-(-wanted // per_node)}"
        )


def _check_gpus(options: ManifestOptions, recipe: Recipe) -> None:
    gpus = recipe.placement.gpus_per_replica
    if uses_no_gpu(recipe):
        raise RequestError(
            f"engine {recipe.engine.name} uses no GPU here and would leave "
            f"{options.nodes * options.gpus_per_node} GPUs idle; "
            + (
                f"set placement.gpus_per_replica to 0; it is {gpus:g}"
                if gpus
                else "give --gpus-per-node 0"
            )
        )
    if not gpus:
        raise RequestError(
            "placement.gpus_per_replica is 0, so no replica would use a GPU node; set it to 1, or "
            f"give --gpus-per-node 0 to run {recipe.engine.name} on CPUs"
        )
    if not replicas_per_node(options, recipe):
        raise RequestError(
            f"placement.gpus_per_replica {gpus:g} is more than the {options.gpus_per_node} GPUs of "
            "a node; raise --gpus-per-node"
        )


def _check_threads(options: ManifestOptions, recipe: Recipe) -> None:
    placement = recipe.placement
    if placement.gpus_per_replica:
        raise RequestError(
            f"--gpus-per-node 0: placement.gpus_per_replica is {placement.gpus_per_replica:g}, so "
            "no replica would find a GPU; raise --gpus-per-node, or set it to 0"
        )
    if not replicas_per_node(options, recipe):
        raise RequestError(
            f"placement.threads_per_replica {placement.threads_per_replica} is more than the "
            f"{options.cpus_per_cpu_node} cores of a CPU node; lower it, or raise "
            "--cpus-per-cpu-node"
        )


def _places(options: ManifestOptions, recipe: Recipe) -> str:
    """What a node has for replicas, and what each takes."""
    if options.gpus_per_node:
        return f"{options.gpus_per_node} GPUs"
    threads = recipe.placement.threads_per_replica
    each = "all (placement.threads_per_replica is not set)" if threads is None else f"{threads}"
    return f"{options.cpus_per_cpu_node} cores, of which a replica takes {each},"


def _check_paths(options: ManifestOptions, recipe: Recipe) -> None:
    for volume in options.volumes:
        if not re.fullmatch(r"/[^/:]+(/[^/:]+)*", volume.path) or volume.path.split("/")[1] in (
            *("bin", "dev", "etc", "lib", "lib64", "models", "pagefoundry"),
            *("proc", "sbin", "sys", "tmp", "usr"),
        ):
            raise RequestError(
                f"--volume {volume.claim}={volume.path}: give an absolute path that the image does "
                "not use, such as /data"
            )
    on_machines = options.kind == "ray-up"
    for field, location in _locations(recipe):
        if "://" in location and not location.startswith("file://"):
            continue
        path = location.removeprefix("file://")
        if not any((path + "/").startswith(v.path + "/") for v in options.volumes):
            raise RequestError(
                f"{field}: {location} is a path on this machine, which the cluster cannot see; use "
                "s3://, gs:// or az://"
                + ("" if on_machines else ", or mount a volume with --volume CLAIM=PATH")
            )
    if recipe.storage.profile is not None:
        raise RequestError(
            f"storage.profile: {recipe.storage.profile} is a profile on this machine, which the "
            "cluster cannot see; leave it out, and give keys with --secret, or a role"
        )
    places = [("storage.endpoint", recipe.storage.endpoint or "", "store's")]
    for field, engine in (("engine", recipe.engine), ("fallback", recipe.fallback)):
        urls = (engine.urls if engine is not None else None) or ()
        places += [(f"{field}.urls", url, "server's") for url in urls]
    for field, url, whose in places:
        host = urlsplit(url).hostname or ""
        if host in ("localhost", "::1") or host.startswith("127."):
            raise RequestError(
                f"{field}: {url} means each node itself; give the {whose} address in the cluster"
            )


def _locations(recipe: Recipe) -> list[tuple[str, str]]:
    places = [("dataset", recipe.dataset)]
    places += [("sources", pattern) for source in recipe.sources for pattern in locations(source)]
    places += [("base", place) for source in recipe.sources for place in bases(source)]
    places += [("links.kept", place) for place in kept_places(recipe.sources)]
    if recipe.placement.staging is not None:
        places.append(("placement.staging", recipe.placement.staging))
    for field, engine in (("engine", recipe.engine), ("fallback", recipe.fallback)):
        # A Hub id is OWNER/NAME; a folder in a recipe for pods is absolute. The model of `endpoint`
        # is a name of its servers, whatever it looks like.
        if engine is None or engine.model is None or engine.name == "endpoint":
            continue
        if engine.model.startswith(("/", ".")):
            places.append((f"{field}.model", engine.model))
    for number, score in enumerate(recipe.scores):
        if score.model.startswith(("/", ".")):
            places.append((f"scores.{number}.model", score.model))
    if recipe.people is not None and recipe.people.model.startswith(("/", ".")):
        places.append(("pii.people.model", recipe.people.model))
    semantic = recipe.dedup.semantic
    if semantic is not None and semantic.model.startswith(("/", ".")):
        places.append(("dedup.semantic.model", semantic.model))
    return places
