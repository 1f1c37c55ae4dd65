"""What is sent to a cluster with a job: a recipe with absolute paths, the code, the command.

The cluster must have PageFoundry's dependencies. The job runs either the code that is shipped with
it or that of the cluster's image. Environment variables are never shipped: the keys to a store are
on the cluster, as a secret or a role.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from cluster.progress import RECORDS_VARIABLE
from cluster.submit import JobRequest
from schemas.ids import canonical_json
from schemas.personal import People
from schemas.policies import PolicyStep
from schemas.recipe import EngineSpec, Recipe
from schemas.scores import Score
from schemas.semantic import Semantic
from schemas.sources import bases, kept_places, locations, relocated
from workers import store

PACKAGES = ("schemas", "workers", "cluster", "pipelines")
_RECIPE_NAME = "recipe.yaml"
START = Path(__file__).with_name("start_job.sh")
_PYTHON_VARIABLE = "PAGEFOUNDRY_PYTHON"


NamesModel = TypeVar("NamesModel", EngineSpec, Score, People, Semantic)
"""What names a model: a folder, or a Hub id."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job runs.

    Args:
        ship: run this code instead of that of the cluster's image.
        python: the interpreter on the head; None for the one that Ray itself runs on.
    """

    ship: bool = True
    re_read: bool = False
    wait: bool = False
    allow_removal: bool = False
    python: str | None = None


def portable(recipe: Recipe) -> Recipe:
    """The recipe with its local paths made absolute."""
    changes: dict[str, object] = {
        "dataset": store.absolute(recipe.dataset),
        "sources": tuple(relocated(source, store.absolute) for source in recipe.sources),
    }
    if recipe.policies:
        changes["policies"] = tuple(map(_portable_policy, recipe.policies))
    if recipe.tokenizer is not None:
        changes["tokenizer"] = recipe.tokenizer.relocated(store.absolute)
    if "engine" in recipe.model_fields_set:
        changes["engine"] = _with_portable_model(recipe.engine)
    if recipe.fallback is not None:
        changes["fallback"] = _with_portable_model(recipe.fallback)
    if recipe.scores:
        changes["scores"] = tuple(map(_with_portable_model, recipe.scores))
    if recipe.dedup.semantic is not None:
        semantic = _with_portable_model(recipe.dedup.semantic)
        changes["dedup"] = recipe.dedup.model_copy(update={"semantic": semantic})
    if recipe.placement.staging is not None:
        staging = store.absolute(recipe.placement.staging)
        changes["placement"] = recipe.placement.model_copy(update={"staging": staging})
    return recipe.model_copy(update=changes)


def _portable_policy(step: PolicyStep) -> PolicyStep:
    """The policy with absolute paths."""
    step = step.relocated(store.absolute)
    if step.pii is None or step.pii.people is None:
        return step
    people = _with_portable_model(step.pii.people)
    return step.model_copy(update={"pii": step.pii.model_copy(update={"people": people})})


def _with_portable_model(spec: NamesModel) -> NamesModel:
    """The same with an absolute path if its model is a folder here; other names are Hub ids."""
    if spec.model is None or not store.is_local(spec.model) or not Path(spec.model).is_dir():
        return spec
    return spec.model_copy(update={"model": store.absolute(spec.model)})


def local_paths(recipe: Recipe) -> list[str]:
    """The paths of a portable recipe that the cluster's machines must have too."""
    places = [recipe.dataset, recipe.placement.staging, *kept_places(recipe.sources)]
    places += [place for source in recipe.sources for place in (*locations(source), *bases(source))]
    places += [file for step in recipe.policies for file in step.files]
    if recipe.tokenizer is not None and not recipe.tokenizer.is_on_hub:
        places.append(recipe.tokenizer.place)
    named = (recipe.engine, recipe.fallback, *recipe.scores, recipe.dedup.semantic, recipe.people)
    models = [spec.model for spec in named if spec and spec.model]
    paths = [path for path in places if path is not None and store.is_local(path)]
    return paths + [model for model in models if Path(model).is_absolute()]


def run_of(recipe: Recipe, options: JobOptions) -> str:
    """The id of a request; requests that one job can serve have the same."""
    request = {
        "recipe": recipe.model_dump(mode="json"),
        "re_read": options.re_read,
        "allow_removal": options.allow_removal,
    }
    return hashlib.sha256(canonical_json(request).encode()).hexdigest()[:16]


def entrypoint(options: JobOptions) -> str:
    """The job's shell command; `pipelines.cli.job_log` shows what it prints."""
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
    """The request for a job with a portable recipe; its folder is deleted at the end."""
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
