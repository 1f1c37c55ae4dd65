"""Loads the model that finds people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.people.settings import FinderSettings

if TYPE_CHECKING:
    from workers.people.finder import PeopleFinder


def load_finder(settings: FinderSettings) -> PeopleFinder:
    """Load the checkpoint of a recipe's `pii.people`, on a GPU if this process has one.

    Raises NoEngineError where the checkpoint is not found, is another one than where the run began,
    or cannot say where names stand in a text; ModelError where it cannot be loaded now.
    """
    # Imported here: torch is loaded only by the process that runs the model.
    from workers.people.finder import load

    return load(settings)
