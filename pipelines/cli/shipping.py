"""What a job on a cluster is given: a recipe that means the same there, the code, the command.

The cluster has PageFoundry's dependencies. Its code is shipped, so that what runs is what was
submitted, or is that of the cluster's image. Environment variables are never shipped: what opens
a store lies on the cluster, as a secret or a role.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from cluster.progress import RECORDS_VARIABLE
from cluster.submit import JobRequest
from schemas.ids import canonical_json
from schemas.recipe import EngineSpec, Recipe
from schemas.sources import locations, relocated
from workers import store

PACKAGES = ("schemas", "workers", "cluster", "pipelines")
_RECIPE_NAME = "recipe.yaml"
START = Path(__file__).with_name("start_job.sh")
_PYTHON_VARIABLE = "PAGEFOUNDRY_PYTHON"


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job is to run.

    Args:
        ship: with this code, and not that of the cluster's image.
        python: the interpreter on the head; by default the one that Ray runs on.
    """

    ship: bool = True
    re_read: bool = False
    wait: bool = False
    allow_removal: bool = False
    python: str | None = None


def portable(recipe: Recipe) -> Recipe:
    """The recipe with absolute paths where it has local ones."""
    changes: dict[str, object] = {
        "dataset": store.absolute(recipe.dataset),
        "sources": tuple(relocated(source, store.absolute) for source in recipe.sources),
    }
    if "engine" in recipe.model_fields_set:
        changes["engine"] = _portable_engine(recipe.engine)
    if recipe.fallback is not None:
        changes["fallback"] = _portable_engine(recipe.fallback)
    if recipe.placement.staging is not None:
        staging = store.absolute(recipe.placement.staging)
        changes["placement"] = recipe.placement.model_copy(update={"staging": staging})
    return recipe.model_copy(update=changes)


def _portable_engine(spec: EngineSpec) -> EngineSpec:
    """A model that is a folder here is one there; any other name is the Hub's."""
    if spec.model is None or not store.is_local(spec.model) or not Path(spec.model).is_dir():
        return spec
    return spec.model_copy(update={"model": store.absolute(spec.model)})


def local_paths(recipe: Recipe) -> list[str]:
    """The paths of a portable recipe that must be there on the cluster's machines too."""
    named = [recipe.dataset, recipe.placement.staging]
    named += [pattern for source in recipe.sources for pattern in locations(source)]
    models = [spec.model for spec in (recipe.engine, recipe.fallback) if spec and spec.model]
    paths = [path for path in named if path is not None and store.is_local(path)]
    return paths + [model for model in models if Path(model).is_absolute()]


def run_of(recipe: Recipe, options: JobOptions) -> str:
    """Equal for requests of which one job is enough."""
    wanted = {
        "recipe": recipe.model_dump(mode="json"),
        "re_read": options.re_read,
        "allow_removal": options.allow_removal,
    }
    return hashlib.sha256(canonical_json(wanted).encode()).hexdigest()[:16]


def entrypoint(options: JobOptions) -> str:
    """The job's command; it prints what `pipelines.cli.job_log` draws."""
    flags = [
        ("--re-read", options.re_read),
        ("--wait", options.wait),
        ("--allow-removal", options.allow_removal),
    ]
    variables = {RECORDS_VARIABLE: "records"}
    if options.python is not None:
        variables[_PYTHON_VARIABLE] = options.python
    words = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    words += ["exec", "sh", START.name, "run", _RECIPE_NAME, "--ray", "auto", "--json"]
    words += [flag for flag, is_given in flags if is_given]
    return " ".join(words)


@contextmanager
def packed(recipe: Recipe, options: JobOptions) -> Iterator[JobRequest]:
    """The request for a job on a portable recipe; its folder is gone afterwards."""
    plain = recipe.model_dump(mode="json", exclude_unset=True, by_alias=True)
    text = yaml.safe_dump(plain, sort_keys=False)
    with store.temporary_folder() as folder:
        store.write_bytes(str(folder / _RECIPE_NAME), text.encode())
        shutil.copy(START, folder)
        if options.ship:
            here = Path(__file__).resolve().parents[2]
            for name in PACKAGES:
                unwanted = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(here / name, folder / name, ignore=unwanted)
        yield JobRequest(
            dataset=recipe.dataset,
            run=run_of(recipe, options),
            entrypoint=entrypoint(options),
            folder=folder,
            beside=options.wait,
        )
