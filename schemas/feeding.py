"""How many shards a replica reads side by side, so that its engine never waits for pages.

An engine with continuous batching reads pages of any shard in one batch, and takes the next page
when one has ended. A shard is done when its last page is, so most pages of a shard in flight have
ended: by a simulation with answers of which 1 % are over 6,000 tokens (`tests.rehearsal.feeding`),
seven of eight pages, and of long shards more. Other engines read one shard after the other.
"""

from __future__ import annotations

from schemas.recipe import EngineSpec, Placement

CONTINUOUS = frozenset({"vllm", "endpoint"})
"""The engines that are `Engine.is_continuous`, by name, since a run asks before it loads one."""

BATCH_PAGES = 256
"""Pages that such an engine reads at once, if the recipe does not say: vLLM's own default."""

_SPREAD = 8
_MORE_SHARDS = 3
_MOST_SHARDS = 160
"""Each has a thread of the replica."""
_MOST_PAGES = 6144
"""Of all shards that a replica reads: 1.8 GB of pictures of 0.3 MB."""


def shards_at_once(engine: EngineSpec, placement: Placement) -> int:
    """How many shards a replica reads side by side; one more is prepared meanwhile."""
    if engine.name not in CONTINUOUS:
        return 1
    own = engine.concurrency if engine.name == "endpoint" else placement.batch_pages
    batch, shard = own or BATCH_PAGES, placement.shard_pages
    filling = -(-_SPREAD * batch // shard) + _MORE_SHARDS
    return max(1, min(filling, _MOST_PAGES // shard, _MOST_SHARDS))
