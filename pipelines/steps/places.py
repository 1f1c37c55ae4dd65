"""Where a dataset's staging is, and the folders in it. Pure."""

from __future__ import annotations

from schemas.document_source import DocumentSource
from schemas.ids import digest
from schemas.links import Links
from schemas.recipe import Recipe
from workers import store

INVENTORY = "inventory"
"""The folder of staging with what the inventory has found and no version holds yet."""

KEPT = "members"
"""In that folder: members of containers that no range of these gives again."""

LINKS = "links"
"""The folder of staging that keeps what links gave. It outlasts every version."""


def staging_root(recipe: Recipe) -> str:
    """The folder of all of a dataset's staging, whatever the digest."""
    dataset = store.absolute(recipe.dataset)
    if recipe.placement.staging is None:
        return store.join(dataset, "staging")
    return staging_below(recipe.placement.staging, dataset)


def staging_below(place: str, dataset: str) -> str:
    """The folder of a dataset's staging below a place that several datasets may name."""
    return store.join(store.absolute(place), digest([dataset])[:16])


def examined_folder(staging: str) -> str:
    """The folder of staging in which results of examining lie."""
    return store.join(staging, INVENTORY)


def kept_folder(staging: str) -> str:
    """The folder of staging that keeps members of containers."""
    return store.join(staging, INVENTORY, KEPT)


def links_folder(recipe: Recipe, links: Links) -> str:
    """The folder that keeps what the links of a source gave: in staging, or the recipe's own."""
    if links.kept is not None:
        return store.absolute(links.kept)
    return store.join(staging_root(recipe), LINKS)


def links_folders(recipe: Recipe) -> tuple[str, ...]:
    """The folders of all sources that are lists of links."""
    links = [s.links for s in recipe.sources if isinstance(s, DocumentSource) and s.links]
    return tuple(dict.fromkeys(links_folder(recipe, part) for part in links))
