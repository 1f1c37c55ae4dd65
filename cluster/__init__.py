"""The Ray runtime around the job graph: sessions, the pool, replicas, jobs, manifests, metrics.

    with open_session("in-process") as session, session.runtime() as runtime:
        for done in run_pool([1, 2], [Step(math.sqrt)], runtime, Policy(lambda item: [item])):
            print(done.item, done.value)

Knows nothing of pages, engines or files: items and steps are given. Start reading in `pool`, the
loop of a pass, then `session`, which says where its chains run. `submit` and `manifests` bring a
run to a cluster; `estimate`, `metrics` and `progress` tell how far it is and what it takes.
"""

from cluster.pool import Done, Policy, PoolState, run_pool
from cluster.runtime import Outcome, Runtime, Step
from cluster.session import IN_PROCESS, ReplicaSpec, Session, open_session

__all__ = [
    "IN_PROCESS",
    "Done",
    "Outcome",
    "Policy",
    "PoolState",
    "ReplicaSpec",
    "Runtime",
    "Session",
    "Step",
    "open_session",
    "run_pool",
]
