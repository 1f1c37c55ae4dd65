"""The objects of each kind of manifest, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from cluster.manifests.checks import check_options
from cluster.manifests.kube_objects import (
    config_map,
    cron_job,
    ray_network,
    recipe_map,
    schedule_network,
    scheduler_rights,
    service_account,
)
from cluster.manifests.options import ManifestOptions, Value
from cluster.manifests.pods import JOB_FILE
from cluster.manifests.ray_objects import ray_cluster, ray_cron_job, ray_job
from cluster.manifests.ray_up import ray_up
from schemas.errors import RequestError
from schemas.recipe import Recipe

_MAX_CONFIG_BYTES = 1_000_000  # of a ConfigMap, 1 MiB with its frame


def documents(
    options: ManifestOptions, recipe: Recipe, recipe_text: str, recipe_path: str
) -> list[Value]:
    """The objects to apply.

    Args:
        recipe_text: the text of the recipe's file.
        recipe_path: the path of that file, from which `ray-up` copies it.

    Raises RequestError for options that cannot work.
    """
    check_options(options, recipe)
    if len(recipe_text.encode()) > _MAX_CONFIG_BYTES:
        raise RequestError(
            f"{recipe_path}: more than {_MAX_CONFIG_BYTES} bytes do not fit into a ConfigMap; name "
            "sources with patterns"
        )
    if options.kind == "ray-up":
        return [ray_up(options, recipe, recipe_path)]
    objects = [] if options.service_account else [service_account(options)]
    objects.append(ray_network(options, recipe))
    if options.kind != "raycluster":
        objects.append(recipe_map(options, recipe_text))
    return objects + _run_objects(options, recipe)


def _run_objects(options: ManifestOptions, recipe: Recipe) -> list[Value]:
    match options.kind:
        case "raycluster":
            return [ray_cluster(options, recipe)]
        case "rayjob":
            return [ray_job(options, recipe)]
        case "raycronjob":
            return [ray_cron_job(options, recipe)]
        case _:
            return [
                *scheduler_rights(options),
                schedule_network(options),
                config_map(options, "-job", {JOB_FILE: to_yaml([ray_job(options, recipe)])}),
                cron_job(options),
            ]


class _Dumper(yaml.SafeDumper):
    """YAML for people: no anchors, and texts of several lines as blocks."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def to_yaml(objects: Iterable[Value]) -> str:
    """The objects as YAML documents, with `---` between them."""
    return yaml.dump_all(
        objects, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, explicit_start=True
    )
