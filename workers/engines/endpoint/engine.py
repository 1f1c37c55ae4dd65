"""The engine `endpoint`: pages are asked of servers, all of a call side by side.

    replica's thread ─► submit each page ─► one event loop: line ─► server ─► answer ─► reading

`Fleet` owns the thread with the event loop. Pages of several calls can be in it at once.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import weakref
from collections.abc import Sequence
from concurrent.futures import Future

from schemas.engine_spec import EngineSpec
from schemas.pages import PageImage, Reading
from workers.engines.checkpoint import Checkpoint
from workers.engines.endpoint.client import Client, read_key
from workers.engines.endpoint.desk import Desk, Limits
from workers.engines.endpoint.handshake import find_abilities, find_servers
from workers.engines.endpoint.requests import Dialect, guard_of, takes_sizes
from workers.engines.engine import Engine
from workers.engines.plan import Plan, make_plan
from workers.loop_thread import LoopThread

log = logging.getLogger(__name__)

PAGE_TIMEOUT_S = 120.0
"""Of a page's tries together; `placement.read_timeout_s` sets another one."""
_CLOSE_S = 10


def load_endpoint(
    spec: EngineSpec, page_timeout_s: float | None = None, patience_s: float | None = None
) -> EndpointEngine:
    """Find the servers that `spec` names and what they can do.

    Args:
        spec: the engine part of a recipe.
        page_timeout_s: what the tries of a page may take together; default, `PAGE_TIMEOUT_S`.
        patience_s: how long pages wait while no server answers; default, as long as a page.

    Raises:
        NoEngineError: the key is not set or not taken, a server does not serve the model, or it
            refuses pages.
        ModelError: no server answers now.
    """
    plan = plan_for_endpoint(spec)
    assert spec.urls is not None
    assert spec.model is not None
    page_timeout_s = page_timeout_s or PAGE_TIMEOUT_S
    limits = Limits(spec.concurrency, page_timeout_s, patience_s or page_timeout_s)
    fleet = Fleet(spec.urls, spec.model, read_key(spec.key_env), limits)
    try:
        fleet.meet(plan)
    except BaseException:
        fleet.close()
        raise
    return EndpointEngine(fleet, spec, plan)


def plan_for_endpoint(spec: EngineSpec) -> Plan:
    """The plan for what `spec` asks. Raises NoEngineError where no server can do it."""
    assert spec.model is not None
    return make_plan(spec, Checkpoint(spec.model, spec.revision or "", None, "", ()))


def look_at_servers(spec: EngineSpec, timeout_s: float) -> str:
    """Whether the servers are there, serve the model and take the key, in a line for people.

    Raises NoEngineError and ModelError as `load_endpoint` does; no page is sent.
    """
    assert spec.urls is not None
    assert spec.model is not None
    key, urls, model = read_key(spec.key_env), spec.urls, spec.model

    async def look() -> str:
        client = Client(key, 1)
        try:
            found = await find_servers(client, urls, model, timeout_s)
        finally:
            await client.close()
        there = f"{len(urls) - len(found.down)} of {len(urls)} servers answer"
        return f"{there} ({found.dialect.software or 'unknown software'})"

    return asyncio.run(look())


class Fleet:
    """The servers of an endpoint, behind a thread with an event loop of its own.

    Any thread may submit pages. The thread ends when nothing refers to the fleet any more.
    """

    def __init__(self, urls: Sequence[str], model: str, key: str | None, limits: Limits) -> None:
        self._urls = urls
        self._thread = LoopThread("endpoint")
        client = Client(key, limits.most)
        self._desk = Desk(urls, model, client, limits)
        self._end = weakref.finalize(self, self._thread.end, client.close, _CLOSE_S)

    @property
    def dialect(self) -> Dialect:
        """What the servers are and can do."""
        return self._desk.dialect

    def meet(self, plan: Plan) -> None:
        """Find out what the servers are. Raises as `load_endpoint`."""
        self._thread.submit(self._meet(plan)).result()

    def submit(self, page: PageImage, plan: Plan) -> Future[Reading]:
        """Begin to read a page. The future raises ServersDown where no server answers."""
        return self._thread.submit(self._desk.read(page, plan))

    def close(self) -> None:
        """End the thread and close all connections."""
        self._end()

    async def _meet(self, plan: Plan) -> None:
        desk = self._desk
        found = await find_servers(desk.client, self._urls, desk.model)
        for server in desk.servers:
            if server.url in found.down:
                desk.leave_out(server, found.down[server.url])
        desk.dialect = found.dialect
        there = [url for url in self._urls if url not in found.down]
        desk.dialect = await find_abilities(desk, there, plan)
        _tell(desk.dialect, plan)


class EndpointEngine:
    """One way to ask the servers; see `workers.engines.Engine`."""

    name = "endpoint"
    is_continuous = True

    def __init__(self, fleet: Fleet, spec: EngineSpec, plan: Plan, is_retry: bool = False) -> None:
        self.fleet = fleet
        self.plan = plan
        self._spec = spec
        self._is_retry = is_retry
        self.model = spec.model or ""
        self.revision = spec.revision or ""
        self.mode = plan.mode.name
        self.task: str = plan.task
        self.guard = str(guard_of(plan, fleet.dialect) or "")

    def asking(self, plan: Plan) -> Engine:
        """An engine that asks the same servers with `plan`."""
        return EndpointEngine(self.fleet, self._spec, plan, is_retry=True)

    @functools.cached_property
    def retries(self) -> Sequence[EndpointEngine]:
        """The stronger guard and the next larger mode, as far as the servers can do them: the same
        request would give the same answer again."""
        if self._is_retry:
            return ()
        asked, retries = {self._asked(self.plan)}, []
        for plan in self.plan.retries():
            if self._asked(plan) not in asked:
                asked.add(self._asked(plan))
                retries.append(EndpointEngine(self.fleet, self._spec, plan, is_retry=True))
        return tuple(retries)

    def _asked(self, plan: Plan) -> tuple[object, object]:
        """What a request says of the plan's guard and mode."""
        dialect = self.fleet.dialect
        return guard_of(plan, dialect), plan.mode.name if takes_sizes(plan, dialect) else None

    @functools.cached_property
    def figure(self) -> Engine | None:
        """The engine for regions cut out of pages."""
        plan = self.plan.figure()
        return EndpointEngine(self.fleet, self._spec, plan, is_retry=True) if plan else None

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        Raises ServersDown where no server answers.
        """
        futures = [self.fleet.submit(page, self.plan) for page in pages]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()


def _tell(dialect: Dialect, plan: Plan) -> None:
    """Say once what the servers cannot do."""
    if not dialect.gives_logprobs:
        log.warning("the servers give no logprobs, so readings have no confidence")
    if plan.profile.guard is not None and not dialect.has_guard:
        log.warning(
            "the servers have no n-gram guard, so pages that loop are cut and stay bad; give vLLM "
            "--logits-processors vllm.model_executor.models.deepseek_ocr:NGramPerReqLogitsProcessor"
        )
