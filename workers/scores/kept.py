"""The values of scores that staging keeps.

A published row carries its scores, so their files serve only runs that did not end, rows that come
back, and scores that are dropped and added again. They are removed with what has been staged too
long.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from workers import store
from workers.text_models.kept import Kept, places_of
from workers.text_models.texts import Keys

SCORES = "scores-"
"""Begins the names of the folders of scores in staging."""

Values = npt.NDArray[np.float32]


def kept_scores(staging_root: str, score_digest: str) -> Kept:
    """The values of a score, by `PinnedScore.digest`: float32."""
    return Kept(store.join(staging_root, f"{SCORES}{score_digest}"), pa.float32())


def numbers_of(keys: Keys, known: tuple[Keys, pa.Array]) -> tuple[Values, npt.NDArray[np.bool_]]:
    """The kept number of each key, NaN where there is none, and which keys have an entry.

    `known` is what `Kept.load` gives.
    """
    places, is_known = places_of(keys, known[0])
    values = np.full(len(keys), np.nan, np.float32)
    values[is_known] = known[1].to_numpy(zero_copy_only=False)[places[is_known]]
    return values, is_known
