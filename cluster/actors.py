"""The Ray actor around a replica: how one is asked for, where there is room, what ended it."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cluster.places import Device
from schemas.errors import ModelError, PageFoundryError
from schemas.lines import last_line

log = logging.getLogger(__name__)

_NODE_LABEL = "ray.io/node-id"  # which Ray gives to each node
# «package.module.SomeError: » before the message.
_CLASS_NAME = re.compile(r"^(\w+\.)*\w+(Error|Exception): ")
_EXIT_DETAIL = re.compile(r"Worker exit detail: (.*)")
_EXIT_CODE = re.compile(r"exit code (-?\d+)")
_NO_WORD = "connection error code 2"


def replica_actor(
    num_gpus: float, resources: Mapping[str, float], avoided: Sequence[str] = ()
) -> Any:
    """Ask for an actor without a replica: it is made by `load`. It prefers other nodes to
    `avoided`, and takes one of these where no other has room."""
    from ray.util.scheduling_strategies import NodeLabelSchedulingStrategy, NotIn

    # num_cpus=0: on a laptop the replica and the rasterising tasks share the cores by time.
    options: dict[str, Any] = {
        "num_cpus": 0,
        "num_gpus": num_gpus,
        "resources": dict(resources),
        "max_restarts": 0,
    }
    if avoided:
        options["scheduling_strategy"] = NodeLabelSchedulingStrategy(
            hard={}, soft={_NODE_LABEL: NotIn(*avoided)}
        )
    return _actor_class().options(**options).remote()


@functools.cache
def _actor_class() -> Any:
    import ray

    class ReplicaActor:
        """Its constructor does nothing that can fail: Ray prints what fails there."""

        def device(self) -> Device:
            gpus = ", ".join(str(gpu) for gpu in ray.get_gpu_ids())
            name = ray.util.get_node_ip_address() + (f", GPU {gpus}" if gpus else "")
            return Device(str(ray.get_runtime_context().get_node_id()), name)

        def load(self, make: Callable[[], Any]) -> PageFoundryError | None:
            try:
                self._replica = make()
            except PageFoundryError as exc:
                return exc
            except Exception as exc:
                log.exception("a replica cannot start")
                return ModelError(f"{type(exc).__name__}: {last_line(str(exc))}")
            return None

        def run(self, function: Callable[..., Any], *args: Any) -> Any:
            return function(self._replica, *args)

    return ray.remote(ReplicaActor)


def devices(num_gpus: float, resources: Mapping[str, float], most: int) -> dict[str, int]:
    """How many devices for replicas each node has that is alive, busy or not, of those that have
    any. Replicas that ask for nothing are not told apart: each node has room for `most`."""
    import ray

    asked = {"GPU": num_gpus, **resources}
    found = {}
    for node in ray.nodes():
        if node["Alive"]:
            room = [
                int(node["Resources"].get(name, 0) / max(1, amount))
                for name, amount in asked.items()
                if amount
            ]
            found[node["NodeID"]] = min(room, default=most)
    return {node: count for node, count in found.items() if count}


def death(exc: BaseException) -> str:
    """What a Ray error says of the end of an actor or a task, in a line without names of classes.

    >>> death(Exception("The actor died.\\nWorker exit detail: It exits with an exit code 3."))
    'its process ended with exit code 3'
    """
    detail = _EXIT_DETAIL.search(str(exc))
    if detail is None:
        return _CLASS_NAME.sub("", last_line(str(exc))) or type(exc).__name__
    if code := _EXIT_CODE.search(detail[1]):
        return f"its process ended with exit code {code[1]}"
    if _NO_WORD in detail[1]:
        return "its process was killed or crashed (out of memory, or a fault in a native library)"
    return f"its process ended: {detail[1].partition('. ')[0]}"
