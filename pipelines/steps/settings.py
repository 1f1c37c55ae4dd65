"""From a recipe to the settings of each worker: the one place that says what takes what.

Pure. A worker gets these values and never the recipe, so that what changes its output is seen here.
"""

from __future__ import annotations

from schemas.recipe import Placement, Recipe
from workers.rasterising import ChildLimits, RasterSettings
from workers.reading import LadderSettings, ReplicaSettings
from workers.shards import ScoreSettings


def raster_settings(recipe: Recipe) -> RasterSettings:
    """What a page image is made like, and when its text layer is enough."""
    return RasterSettings(
        recipe.raster, recipe.routing, recipe.text_layer, recipe.quality.min_ink_share
    )


def child_limits(recipe: Recipe) -> ChildLimits:
    """The limits of a rasterising child."""
    return ChildLimits(recipe.placement.page_timeout_s, recipe.placement.page_memory_bytes)


def replica_settings(recipe: Recipe, isolated: bool) -> ReplicaSettings:
    """What a replica loads and how it retries; `isolated`: its process is its own to end."""
    placement = recipe.placement
    return ReplicaSettings(
        engine=recipe.engine,
        ladder=LadderSettings(recipe.quality, recipe.raster, recipe.rotate),
        fallback=recipe.fallback,
        deep=recipe.deep,
        threads=placement.threads_per_replica,
        batch_pages=placement.batch_pages,
        read_timeout_s=placement.read_timeout_s if isolated else None,
    )


def replica_count(placement: Placement, pages: int | None) -> int:
    """As many replicas as the recipe allows, and no more than `pages` make shards to read."""
    most = placement.replicas[1]
    return most if pages is None else min(most, -(-pages // placement.shard_pages))


def score_settings(recipe: Recipe) -> ScoreSettings:
    """How rows are scored, counted and signed."""
    return ScoreSettings(recipe.quality, recipe.vision_mode, recipe.permutations)
