"""What is asked of the servers before any page is read: whether they serve the model, and what they
can do.

Whatever a page would fail on for the same reason as all others fails here, with a line that names
the field.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from schemas.errors import ModelError, NoEngineError
from workers.engines.endpoint.client import Client
from workers.engines.endpoint.desk import Desk
from workers.engines.endpoint.failures import Kind, TryFailed
from workers.engines.endpoint.limits import Pauses
from workers.engines.endpoint.requests import Dialect, blank_url
from workers.engines.plan import Plan

LISTING_TIMEOUT_S = 10.0
_TRIES = 7
_PAUSES = Pauses(base_s=0.5, cap_s=10)
_NO_GUARD = {"vllm_xargs": {"ngram_size": 0}}


@dataclass(frozen=True, slots=True)
class Found:
    """What the servers' lists of models say; `down` has the reason for each that did not answer."""

    dialect: Dialect
    down: dict[str, str]


async def find_servers(
    client: Client, urls: Sequence[str], model: str, timeout_s: float = LISTING_TIMEOUT_S
) -> Found:
    """Ask every server whether it serves `model`.

    Raises NoEngineError where one does not, or refuses to say; ModelError where none answers.
    """
    tries = [client.models(url, timeout_s) for url in urls]
    results = await asyncio.gather(*tries, return_exceptions=True)
    down: dict[str, str] = {}
    software, contexts = set[str](), list[int]()
    for url, result in zip(urls, results, strict=True):
        if isinstance(result, TryFailed):
            _require_no_mistake(url, result)
            down[url] = result.why
            continue
        if isinstance(result, BaseException):
            raise result
        names = [str(one.get("id")) for one in result]
        if model not in names:
            raise NoEngineError(
                f"engine.model: {url} does not serve {model!r}; it serves {', '.join(names)}"
            )
        told = result[names.index(model)]
        software.add(str(told.get("owned_by") or ""))
        if isinstance(context := told.get("max_model_len"), int):
            contexts.append(context)
    if len(down) == len(urls):
        reasons = "; ".join(f"{url}: {why}" for url, why in down.items())
        raise ModelError(f"engine.urls: no server answers: {reasons}")
    # What only some of them take is sent to none.
    only = software.pop() if len(software) == 1 else ""
    return Found(Dialect(only, min(contexts, default=None)), down)


def _require_no_mistake(url: str, failure: TryFailed) -> None:
    if failure.kind is Kind.DENIED:
        raise NoEngineError(f"engine.key_env: {url} does not take the key: {failure.why}")
    if failure.kind is Kind.REFUSED or failure.why.startswith("HTTP 404"):
        raise NoEngineError(
            f"engine.urls: there is no list of models at {url}/models ({failure.why}); give the "
            "base URL of an OpenAI server, which mostly ends in /v1"
        )


async def find_abilities(desk: Desk, urls: Sequence[str], plan: Plan) -> Dialect:
    """Ask for a token of a blank page, first with probabilities; then for what a guard does.

    Raises NoEngineError where the servers refuse a page; ModelError where none can answer now.
    """
    try:
        told = await _ask(desk, urls, plan)
    except TryFailed:
        desk.dialect = replace(desk.dialect, gives_logprobs=False)
        try:
            told = await _ask(desk, urls, plan)
        except TryFailed as exc:
            raise NoEngineError(
                f"engine: the servers refuse a page for {desk.model}: {exc.why}"
            ) from exc
    dialect = replace(desk.dialect, gives_logprobs=bool(told))
    if dialect.software == "vllm" and plan.profile.guard is not None:
        dialect = replace(dialect, has_guard=await _has_guard(desk, urls, plan))
    return dialect


async def _ask(desk: Desk, urls: Sequence[str], plan: Plan, **others: object) -> list[float]:
    """The probabilities in an answer to a blank page. Raises TryFailed where it is refused."""
    failure = TryFailed(Kind.DOWN, "nothing was asked")
    for number in range(_TRIES):
        if number:
            await asyncio.sleep(_pause_s(number, failure))
        url = urls[number % len(urls)]
        try:
            collected = await desk.ask_shortly(url, plan, blank_url(), **others)
        except TryFailed as exc:
            if exc.kind is Kind.REFUSED:
                raise
            if exc.kind is Kind.DENIED:
                raise NoEngineError(
                    f"engine.key_env: {url} does not take the key: {exc.why}"
                ) from exc
            failure = exc
            continue
        return collected.answer.probabilities
    raise ModelError(
        f"engine.urls: no server answers a request within {_TRIES} tries; the last: {failure.why}"
    )


def _pause_s(number: int, failure: TryFailed) -> float:
    drawn_s = _PAUSES.draw(number, random.Random())
    return drawn_s if failure.pause_s is None else min(failure.pause_s, _PAUSES.cap_s)


async def _has_guard(desk: Desk, urls: Sequence[str], plan: Plan) -> bool:
    """Whether vLLM runs its n-gram guard: only then does it refuse an n-gram of no token."""
    try:
        await _ask(desk, urls, plan, **_NO_GUARD)
    except TryFailed:
        return True
    return False
