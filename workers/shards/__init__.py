"""A shard's rows: made of pages and their readings, and staged with a receipt.

Owns the score of a page (sample or reject, with counts and signatures) and the files of
`staging/<digest>/`; the receipt is written last, so its existence means that the shard is done.

    row = score_page(page, reading, settings)
    receipt = staging.write(shard, rows, images)

Start reading in `score`; `staging` writes what it returns.
"""

from workers.shards.score import ScoreSettings, reject_row, score_crops, score_page
from workers.shards.staging import Staging

__all__ = ["ScoreSettings", "Staging", "reject_row", "score_crops", "score_page"]
