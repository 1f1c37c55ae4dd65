"""A shard's rows: made of pages and their readings, and staged with a receipt.

Owns the score of a page (sample or reject, with counts and signatures) and the files of
`staging/<digest>/`. The receipt is written last, so its existence means that the shard is done.
Does not know where pages come from, nor what becomes of rows: that is `workers.publishing`.

    rows = [score_page(page, reading, settings) for page, reading in pages]
    receipt = Staging(folder).write(shard, rows, images)

Start reading in `score`; `staging` writes what it returns.
"""

from workers.shards.score import (
    ScoreSettings,
    crop_digests,
    reject_row,
    score_crops,
    score_page,
)
from workers.shards.staging import Staging

__all__ = [
    "ScoreSettings",
    "Staging",
    "crop_digests",
    "reject_row",
    "score_crops",
    "score_page",
]
