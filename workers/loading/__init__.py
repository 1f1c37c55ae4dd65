"""Read a published dataset: choose rows, iterate, train. Light to import: pyarrow and deltalake.

Owns what a program does that only reads. Knows of a dataset what its logs and parts say, and
nothing of how it is made; no other room is needed here.

    pages = open_rows("s3://lake/manuals").filter([("language", "=", "en")])
    for batch in pages.select("image", "text").loader(batch_size=32, workers=4):
        ...

Start reading in `rows`; `order` says which row comes when, `torch_rows` gives them to torch.
"""

from workers.loading.rows import Rows, open_rows

__all__ = ["Rows", "open_rows"]
