"""How many shards a replica reads side by side, so that its engine never waits for pages.

An engine with continuous batching reads pages of any call in one batch, and takes the next page
when one has ended. A shard is done when its last page is, so shards in flight have few pages left,
and several are needed to fill a batch: answers are about `_SPREAD` times as long at their longest
as on average. Other engines read one call after the other.
"""

from __future__ import annotations

from schemas.recipe import EngineSpec

CONTINUOUS = frozenset({"vllm"})
"""The engines that are `Engine.is_continuous`, by name, since a run asks before it loads one."""

BATCH_PAGES = 256
"""Pages that such an engine reads at once, if the recipe does not say: vLLM's own default."""

_SPREAD = 6
_MOST_PAGES = 4096
"""Of all shards in flight on a replica: 1.2 GB of pictures of 0.3 MB."""


def batch_pages(placed: int | None) -> int:
    """The pages that an engine with continuous batching reads at once."""
    return placed or BATCH_PAGES


def calls_at_once(spec: EngineSpec, shard_pages: int, placed: int | None = None) -> int:
    """How many shards of `shard_pages` a replica reads side by side.

    `placed` is the recipe's `placement.batch_pages`.
    """
    if spec.name not in CONTINUOUS:
        return 1
    pages = min(_SPREAD * batch_pages(placed), max(_MOST_PAGES, batch_pages(placed)))
    return max(1, -(-pages // shard_pages))
