"""The Ray actor around a replica: how to start one, where there is room, and what ended it."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from cluster.places import Device
from schemas.errors import ModelError, PageFoundryError
from schemas.lines import last_line

if TYPE_CHECKING:
    from ray.actor import ActorClass, ActorHandle

log = logging.getLogger(__name__)

_NODE_LABEL = "ray.io/node-id"  # a label that Ray gives to each node
# «package.module.SomeError: » before the message.
_CLASS_NAME = re.compile(r"^(\w+\.)*\w+(Error|Exception): ")
_EXIT_DETAIL = re.compile(r"Worker exit detail: (.*)")
_EXIT_CODE = re.compile(r"exit code (-?\d+)")
_KILLED = "connection error code 2"


def replica_actor(
    num_gpus: float,
    resources: Mapping[str, float],
    avoided: Sequence[str] = (),
    calls_at_once: int = 1,
) -> ActorHandle:
    """Start an actor that has no replica yet; `load` makes it.

    The actor runs on one of the nodes `avoided` only if no other node has room. With more than one
    of `calls_at_once` it answers its calls in threads, in any order.
    """
    from ray.util.scheduling_strategies import NodeLabelSchedulingStrategy, NotIn

    # num_cpus=0: on a laptop the replica and the rasterising tasks share the cores.
    options: dict[str, object] = {
        "num_cpus": 0,
        "num_gpus": num_gpus,
        "resources": dict(resources),
        "max_concurrency": calls_at_once,
        "max_restarts": 0,
    }
    if avoided:
        options["scheduling_strategy"] = NodeLabelSchedulingStrategy(
            hard={}, soft={_NODE_LABEL: NotIn(*avoided)}
        )
    return _actor_class().options(**options).remote()


@functools.cache
def _actor_class() -> ActorClass:
    import ray

    class ReplicaActor:
        """Has no constructor that could fail: Ray would print its error."""

        def device(self) -> Device:
            gpus = ", ".join(str(gpu) for gpu in ray.get_gpu_ids())
            name = ray.util.get_node_ip_address() + (f", GPU {gpus}" if gpus else "")
            return Device(str(ray.get_runtime_context().get_node_id()), name)

        def load(self, make: Callable[[], object]) -> PageFoundryError | None:
            try:
                self._replica = make()
            except PageFoundryError as exc:
                return exc
            except Exception as exc:
                log.exception("a replica cannot start")
                return ModelError(f"{type(exc).__name__}: {last_line(str(exc))}")
            return None

        def run(self, function: Callable[..., object], *args: object) -> object:
            return function(self._replica, *args)

    return ray.remote(ReplicaActor)


def devices(num_gpus: float, resources: Mapping[str, float], most: int) -> dict[str, int]:
    """How many devices for replicas each live node has, busy ones included; only nodes with any.

    A replica that asks for nothing fits anywhere: each node has room for `most`.
    """
    import ray

    request = {"GPU": num_gpus, **resources}
    counts = {}
    for node in ray.nodes():
        if node["Alive"]:
            room = [
                int(node["Resources"].get(name, 0) / max(1, amount))
                for name, amount in request.items()
                if amount
            ]
            counts[node["NodeID"]] = min(room, default=most)
    return {node: count for node, count in counts.items() if count}


def death(exc: BaseException) -> str:
    """Why an actor or a task ended, from Ray's error: one line without class names.

    >>> death(Exception("The actor died.\\nWorker exit detail: It exits with an exit code 3."))
    'its process ended with exit code 3'
    """
    detail = _EXIT_DETAIL.search(str(exc))
    if detail is None:
        return _CLASS_NAME.sub("", last_line(str(exc))) or type(exc).__name__
    if code := _EXIT_CODE.search(detail[1]):
        return f"its process ended with exit code {code[1]}"
    if _KILLED in detail[1]:
        return "its process was killed or crashed (out of memory, or a fault in a native library)"
    return f"its process ended: {detail[1].partition('. ')[0]}"
