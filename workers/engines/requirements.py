"""Whether an engine can be had as a recipe asks for it, found out in a moment.

Nothing is loaded. A checkpoint is known by its `config.json`, which is in a folder, in the Hub's
cache, or asked of the Hub once, where the Hub answers at all.
"""

from __future__ import annotations

import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants, try_to_load_from_cache

from schemas.errors import ModelError, NoEngineError
from schemas.recipe import EngineSpec
from workers.engines.checkpoint import Checkpoint, find_checkpoint
from workers.engines.plan import Plan, make_plan
from workers.engines.profiles.known import PROFILES

_HUB_WAIT_S = 2
# By the engine: the package that it reads with, and how it is installed.
_PACKAGES = {
    "rapidocr": ("rapidocr", "rapidocr"),
    "ppocr": ("torch", "torch"),
    "transformers": ("transformers", "transformers"),
    "vllm": ("vllm", "'pagefoundry[vllm]'"),
}


def examine_engine(spec: EngineSpec, deep: bool = False, is_here: bool = True) -> str:
    """What was found of an engine, for people. `is_here`: this machine is to read with it.

    Of an engine on other machines only what the recipe itself says is known, and what this machine
    happens to have of its checkpoint. `deep`: it has to read regions cut out of pages too.

    Raises:
        NoEngineError: it cannot be had, or cannot do what is asked of it.
        RecipeError: there is no profile of that name.
        ModelError: the Hub does not answer.
    """
    found = _require_package(spec) if is_here else "its package is for the cluster to have"
    if spec.model is None:
        if deep:
            raise NoEngineError(
                f"`deep: true` needs a prompt for figures, and {spec.name} has none; leave `deep` "
                f"out, or read with a model of {_profiles_with_figures()}"
            )
        return f"{spec.name}: {found}"
    checkpoint = _checkpoint(spec, is_here)
    if checkpoint is None:
        return f"{spec.name}: {found}, and so is {spec.model}"
    plan = plan_for(spec, checkpoint)
    if deep and plan.figure() is None:
        raise NoEngineError(
            f"`deep: true` needs a prompt for figures, and profile {plan.profile.name} has none; "
            f"leave `deep` out, or read with a model of {_profiles_with_figures()}"
        )
    asked = f"profile {plan.profile.name}, mode {plan.mode.name}, task {plan.task}"
    return f"{spec.name}: {found}; {spec.model}: {asked}"


def plan_for(spec: EngineSpec, checkpoint: Checkpoint) -> Plan:
    """What `spec` asks of `checkpoint`, as the engine that it names would be asked.

    Raises NoEngineError where it cannot be asked so, RecipeError for an unknown profile.
    """
    if spec.name == "vllm":
        from workers.engines.vllm.engine import plan_for_vllm

        return plan_for_vllm(spec, checkpoint)
    return make_plan(spec, checkpoint)


def _require_package(spec: EngineSpec) -> str:
    name, wanted = _PACKAGES[spec.name]
    try:
        found = version(name)
    except PackageNotFoundError as exc:
        raise NoEngineError(
            f"{spec.name} is not installed on this machine: pip install {wanted}. To read on a "
            "cluster that has it give --ray; to plan for one give --nodes"
        ) from exc
    if spec.name == "vllm":
        from workers.engines.vllm.core import check_version

        check_version(found)
    return f"{name} {found}"


def _checkpoint(spec: EngineSpec, is_here: bool) -> Checkpoint | None:
    """The checkpoint; None where another machine has it, and no profile is named."""
    assert spec.model is not None
    is_known = Path(spec.model).is_dir() or _is_cached(spec)
    if not is_known and not is_here:
        # A profile that is named says all that counts; one that is not is the checkpoint's.
        return Checkpoint(spec.model, "", spec.revision, "", ()) if spec.profile else None
    if not is_known and spec.revision is not None:
        _require_hub(spec)
    return find_checkpoint(spec)


def _is_cached(spec: EngineSpec) -> bool:
    if spec.revision is None:
        return False
    assert spec.model is not None
    try:
        path = try_to_load_from_cache(spec.model, "config.json", revision=spec.revision)
    except ValueError:  # a name that no Hub has
        return False
    return isinstance(path, str)


def _require_hub(spec: EngineSpec) -> None:
    """Raises ModelError where nobody listens: the Hub's own client tries for half a minute."""
    if constants.HF_HUB_OFFLINE or getproxies():
        return  # answered at once, or by another machine
    hub = urlsplit(constants.ENDPOINT)
    port = hub.port or (443 if hub.scheme == "https" else 80)
    try:
        socket.create_connection((hub.hostname or "", port), timeout=_HUB_WAIT_S).close()
    except OSError as exc:
        raise ModelError(
            f"{spec.model} at {spec.revision} is not on this machine, and the Hub at "
            f"{constants.ENDPOINT} does not answer ({exc}); fetch it where there is a network "
            "(`hf download`), name a folder, or set HF_ENDPOINT"
        ) from exc


def _profiles_with_figures() -> str:
    return " or ".join(name for name, one in PROFILES.items() if "figure" in one.prompts)
