"""From a recipe to the settings of each worker. Pure.

A worker gets these values and never the recipe, so this module alone shows which keys of the recipe
change a worker's output.
"""

from __future__ import annotations

from schemas.recipe import Placement, Recipe
from schemas.scores import PinnedScore
from schemas.semantic import PinnedEncoder
from workers.embeddings import EncoderSettings
from workers.people import FinderSettings, PinnedPeople
from workers.rasterising import ChildLimits, RasterSettings
from workers.reading import LadderSettings, ReplicaSettings
from workers.scores import ScorerSettings
from workers.shards import ScoreSettings


def raster_settings(recipe: Recipe) -> RasterSettings:
    """How a page image is made, and when its text layer is enough."""
    return RasterSettings(
        recipe.raster,
        recipe.routing,
        recipe.text_layer,
        recipe.quality.min_ink_share,
        recipe.layout,
        recipe.quality.min_coverage,
    )


def child_limits(recipe: Recipe) -> ChildLimits:
    """The limits of a rasterising child."""
    return ChildLimits(recipe.placement.page_timeout_s, recipe.placement.page_memory_bytes)


def replica_settings(recipe: Recipe, isolated: bool) -> ReplicaSettings:
    """What a replica loads and how it retries.

    `isolated`: it has a process of its own, which it may end when a read takes too long.
    """
    placement = recipe.placement
    return ReplicaSettings(
        engine=recipe.engine,
        ladder=LadderSettings(recipe.quality, recipe.raster, recipe.rotate),
        fallback=recipe.fallback,
        deep=recipe.deep,
        layout=recipe.layout,
        threads=placement.threads_per_replica,
        batch_pages=placement.batch_pages,
        read_timeout_s=placement.read_timeout_s if isolated else None,
        page_timeout_s=placement.read_timeout_s,
    )


def scorer_settings(score: PinnedScore, placement: Placement, isolated: bool) -> ScorerSettings:
    """What a replica of a score loads; `isolated` as for `replica_settings`."""
    timeout_s = placement.read_timeout_s if isolated else None
    return ScorerSettings(score, placement.threads_per_replica, timeout_s)


def finder_settings(people: PinnedPeople, placement: Placement, isolated: bool) -> FinderSettings:
    """What a replica that finds people loads; `isolated` as for `replica_settings`."""
    timeout_s = placement.read_timeout_s if isolated else None
    return FinderSettings(people, placement.threads_per_replica, timeout_s)


def encoder_settings(
    encoder: PinnedEncoder, placement: Placement, isolated: bool
) -> EncoderSettings:
    """What a replica of an encoder loads; `isolated` as for `replica_settings`."""
    timeout_s = placement.read_timeout_s if isolated else None
    return EncoderSettings(encoder, placement.threads_per_replica, timeout_s)


def engine_gpus(recipe: Recipe) -> float:
    """The GPUs of a replica that reads pages: none where servers read, even if texts need some."""
    is_of_servers = recipe.engine.name == "endpoint" and (
        recipe.fallback is None or recipe.fallback.name == "endpoint"
    )
    return 0 if is_of_servers else recipe.placement.gpus_per_replica


def replica_count(placement: Placement, pages: int | None) -> int:
    """The most replicas that the recipe allows, but no more than `pages` make shards."""
    most = placement.replicas[1]
    return most if pages is None else min(most, -(-pages // placement.shard_pages))


def score_settings(recipe: Recipe) -> ScoreSettings:
    """How rows are scored, counted and signed."""
    return ScoreSettings(
        recipe.quality, recipe.vision_mode, recipe.permutations, recipe.furniture == "keep"
    )
