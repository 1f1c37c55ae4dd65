from __future__ import annotations

import pytest

from schemas.errors import RecipeError
from schemas.links import Links
from schemas.recipe import parse_recipe
from schemas.sources import kept_places, names_links, relocated, source_settings


def recipe_of(links: str):
    return parse_recipe(f"dataset: d\nsources:\n- documents: list.txt\n  as: n\n  {links}\n")


def test_links_are_fetched_only_where_a_recipe_says_so() -> None:
    assert not names_links(parse_recipe("dataset: d\nsources: [a]").sources)
    assert names_links(recipe_of("links: {}").sources)


@pytest.mark.parametrize(
    ("links", "why"),
    [
        ("{networks: [10.1.0.5/16]}", "no range of addresses"),
        ("{networks: [intranet]}", "no range of addresses"),
        ("{contact: 'me (at home)'}", "without brackets"),
        ('{contact: "a\\r\\nX-Evil: 1"}', "in ASCII"),
        ("{rejects: [cut]}", "no reason of a reject"),
        ("{connections: 0}", "connections"),
        ("{interval_s: -1}", "interval_s"),
        ("{timeout_s: 0}", "timeout_s"),
        ("{speed: 1}", "speed"),
    ],
)
def test_what_no_fetch_can_heed_is_refused(links: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        recipe_of(f"links: {links}")


def test_files_are_lists_of_links_or_an_index() -> None:
    with pytest.raises(RecipeError, match="`links` and `index`"):
        recipe_of("links: {}\n  index: {base: b}")


def test_the_kept_folder_moves_with_the_recipe() -> None:
    (source,) = recipe_of("links: {kept: here}").sources
    moved = relocated(source, lambda name: f"/at/{name}")
    assert kept_places([source, moved]) == ("here", "/at/here")
    assert kept_places(recipe_of("links: {}").sources) == ()


def test_the_commit_says_which_links_and_not_how_they_came() -> None:
    (slow,) = recipe_of("links: {interval_s: 9, kept: /home/me, contact: me@e.org}").sources
    (plain,) = recipe_of("links: {}").sources
    assert source_settings(slow) == source_settings(plain)
    settings = source_settings(plain)["links"]
    assert set(settings) == {"column", "rejects", "max_bytes", "networks"}
    assert settings["column"] == Links().column
