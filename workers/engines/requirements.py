"""Checks in a moment whether this machine can run an engine as a recipe asks for it.

No model is loaded. A checkpoint is known by its `config.json`: from its folder, from the Hub's
cache, or else by one request to the Hub, which is made only if the Hub answers at all.
"""

from __future__ import annotations

import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants, try_to_load_from_cache

from schemas.engine_spec import EngineSpec
from schemas.errors import ModelError, NoEngineError
from workers.engines.checkpoint import Checkpoint, Named, find_checkpoint
from workers.engines.plan import Plan, make_plan
from workers.engines.profiles.known import PROFILES

_HUB_WAIT_S = 2
# By engine: the package that it needs, and what `pip install` takes for it.
_PACKAGES = {
    "rapidocr": ("rapidocr", "rapidocr"),
    "ppocr": ("torch", "torch"),
    "transformers": ("transformers", "transformers"),
    "vllm": ("vllm", "'pagefoundry[vllm]'"),
}
_SERVERS_WAIT_S = 3.0


def examine_engine(spec: EngineSpec, deep: bool = False, is_here: bool = True) -> str:
    """Check that the engine can do what `spec` asks, and describe it in a line for people.

    Args:
        spec: the engine part of a recipe.
        deep: the engine must also read regions cut out of pages.
        is_here: this machine is to run the engine. Of an engine on other machines only the recipe
            is checked, and its checkpoint if this machine happens to have it.

    Raises:
        NoEngineError: its package or checkpoint is missing, or it cannot do what is asked.
        RecipeError: there is no profile of that name.
        ModelError: the Hub does not answer.
    """
    if spec.name == "endpoint":
        return _endpoint(spec, deep, is_here)
    package = require_package(spec.name) if is_here else "the cluster must have its package"
    if spec.model is None:
        return f"{spec.name}: {package}"  # it finds lines, and cuts out regions with their words
    checkpoint = _checkpoint(spec, is_here)
    if checkpoint is None:
        return f"{spec.name}: {package} and {spec.model}"
    plan = plan_for(spec, checkpoint)
    if deep and plan.figure() is None:
        raise _no_figures(f"profile {plan.profile.name}")
    settings = f"profile {plan.profile.name}, mode {plan.mode.name}, task {plan.task}"
    return f"{spec.name}: {package}; {spec.model}: {settings}"


def _endpoint(spec: EngineSpec, deep: bool, is_here: bool) -> str:
    """What `examine_engine` says of servers, which only the machine that asks them must reach."""
    from workers.engines.endpoint.engine import look_at_servers, plan_for_endpoint

    plan = plan_for_endpoint(spec)
    if deep and plan.figure() is None:
        raise _no_figures(f"profile {plan.profile.name}")
    there = look_at_servers(spec, _SERVERS_WAIT_S) if is_here else "the cluster must reach them"
    settings = f"profile {plan.profile.name}, mode {plan.mode.name}, task {plan.task}"
    return f"endpoint: {there}; {spec.model}: {settings}"


def plan_for(spec: EngineSpec, checkpoint: Checkpoint) -> Plan:
    """The plan that the engine named by `spec` would read `checkpoint` with.

    Raises NoEngineError where the engine cannot do what `spec` asks, RecipeError for an unknown
    profile.
    """
    if spec.name == "vllm":
        from workers.engines.vllm.engine import plan_for_vllm

        return plan_for_vllm(spec, checkpoint)
    return make_plan(spec, checkpoint)


def require_package(name: str) -> str:
    """The package of an engine and its version. Raises NoEngineError where it is missing."""
    package, requirement = _PACKAGES[name]
    try:
        installed = version(package)
    except PackageNotFoundError as exc:
        raise NoEngineError(
            f"{name} is not installed on this machine: pip install {requirement}. To read on "
            "a cluster that has it give --ray; to plan for one give --nodes"
        ) from exc
    if name == "vllm":
        from workers.engines.vllm.core import check_version

        check_version(installed)
    return f"{package} {installed}"


def _checkpoint(spec: EngineSpec, is_here: bool) -> Checkpoint | None:
    """The checkpoint; None where only another machine has it and the recipe names no profile."""
    assert spec.model is not None
    if (found := look_for_checkpoint(spec, "engine", is_here)) is not None:
        return found
    # A named profile is all that the plan needs; without a name it follows from config.json.
    return Checkpoint(spec.model, "", spec.revision, "", ()) if spec.profile else None


def look_for_checkpoint(spec: Named, where: str, is_here: bool) -> Checkpoint | None:
    """The checkpoint that `spec` names; None where only another machine is to have it.

    Raises NoEngineError where there is none, ModelError at once where the Hub does not answer.
    """
    assert spec.model is not None
    is_known = Path(spec.model).is_dir() or _is_cached(spec)
    if not is_known and not is_here:
        return None
    if not is_known and spec.revision is not None:
        _require_hub(spec)
    return find_checkpoint(spec, where)


def _is_cached(spec: Named) -> bool:
    if spec.revision is None:
        return False
    assert spec.model is not None
    try:
        path = try_to_load_from_cache(spec.model, "config.json", revision=spec.revision)
    except ValueError:  # a name that no Hub has
        return False
    return isinstance(path, str)


def _require_hub(spec: Named) -> None:
    """Raises ModelError at once if the Hub does not answer: its own client takes 30 s for that."""
    if constants.HF_HUB_OFFLINE or getproxies():
        return  # offline the client fails at once; with a proxy it does not connect to the Hub
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


def _no_figures(reader: str) -> NoEngineError:
    """The error where `reader`, an engine or a profile, has no prompt for figures."""
    able = " or ".join(name for name, profile in PROFILES.items() if "figure" in profile.prompts)
    return NoEngineError(
        f"`deep: true` needs a prompt for figures, and {reader} has none; leave `deep` out, or "
        f"read with a model of {able}"
    )
