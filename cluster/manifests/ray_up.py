"""The cluster of `ray up`: virtual machines on AWS that run the image in Docker."""

from __future__ import annotations

from cluster.manifests.options import ManifestOptions, Value
from cluster.manifests.pods import (
    CONFIG_FOLDER,
    DASHBOARD_PORT,
    GCS_PORT,
    METRICS_PORT,
    RECIPE_FILE,
)
from cluster.manifests.sizes import NodeSize, cluster_size
from cluster.placing import HEAD_MARK, REPLICA_RESOURCE
from schemas.recipe import Recipe

_TOKEN_FILE = "/home/pagefoundry/.ray/auth_token"  # where Ray looks for it, in the image's home
_DISK_GIB = 256
_HEAD = (
    f"--head --port={GCS_PORT} --dashboard-host=127.0.0.1 --dashboard-port={DASHBOARD_PORT} "
    "--num-cpus=0 --num-gpus=0 --autoscaling-config=~/ray_bootstrap_config.yaml"
)


def ray_up(options: ManifestOptions, recipe: Recipe, recipe_path: str) -> Value:
    """A configuration for `ray up`. It names the file with the caller's token, not the token."""
    size = cluster_size(options, recipe)
    machines = options.machines
    types = {
        "head": _machine(options, machines.head_type, size.head, 0, 0, 0, spot=False),
        "cpu": _machine(
            *(options, machines.cpu_type, size.cpu, size.cpu.cpus),
            *(size.least_cpu_nodes, size.cpu_nodes),
            spot=False,
        ),
    }
    types["head"]["resources"][HEAD_MARK] = 1
    types["cpu"]["resources"][REPLICA_RESOURCE] = size.cpu.replicas
    if size.gpu is not None:
        counts = (options.min_nodes, options.nodes)
        types["gpu"] = _machine(options, machines.gpu_type, size.gpu, 0, *counts, spot=options.spot)
    return {
        "cluster_name": options.name,
        "max_workers": size.cpu_nodes + (options.nodes if size.gpu else 0),
        "upscaling_speed": 100,  # all nodes at once: replicas do not wait for each other
        "idle_timeout_minutes": 2,
        "provider": {"type": "aws", "region": machines.region, "cache_stopped_nodes": False},
        "auth": {"ssh_user": "ubuntu"},
        "docker": _docker(options),
        "head_node_type": "head",
        "available_node_types": types,
        "file_mounts": {
            f"{CONFIG_FOLDER}/{RECIPE_FILE}": recipe_path,
            _TOKEN_FILE: "~/.ray/auth_token",
        },
        "head_start_ray_commands": _starts(_HEAD),
        # All types start with one command: Ray takes a node's resources from its type, and the
        # size of its object store from its memory.
        "worker_start_ray_commands": _starts(f"--address=$RAY_HEAD_IP:{GCS_PORT}"),
    }


def _machine(
    options: ManifestOptions,
    instance_type: str,
    size: NodeSize,
    num_cpus: int,
    least: int,
    most: int,
    spot: bool,
) -> Value:
    disk = {"VolumeSize": _DISK_GIB, "VolumeType": "gp3", "Encrypted": True}
    config: Value = {
        "InstanceType": instance_type,
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": disk}],
        # Two hops, because the container asks for the role's credentials.
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
    }
    if options.machines.instance_profile:
        config["IamInstanceProfile"] = {"Name": options.machines.instance_profile}
    if spot:
        config["InstanceMarketOptions"] = {"MarketType": "spot"}
    return {
        "resources": {"CPU": num_cpus, "GPU": size.gpus},
        "min_workers": least,
        "max_workers": most,
        "node_config": config,
    }


def _docker(options: ManifestOptions) -> Value:
    return {
        "image": options.image,
        "container_name": options.name,
        "pull_before_run": True,
        "run_options": [
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
            "--ulimit=nofile=65536:65536",
            "--env=RAY_AUTH_MODE=token",
            "--env=RAY_USAGE_STATS_ENABLED=0",
        ],
    }


def _starts(what: str) -> list[str]:
    start = f"ulimit -n 65536; ray start {what} --metrics-export-port={METRICS_PORT}"
    return ["ray stop", start]
