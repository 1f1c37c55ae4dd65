"""Inputs of a dataset: document files, pages of finished datasets, and their names.

Owns how a file becomes a document (hash, media type, page count), how pages of another dataset
are copied, and what a file is called in a dataset. Does not list files (`workers.store`) or
draw pages (`workers.rasterising`); records of text corpora belong to `workers.synthetic`.

    examined = examine(store.stat("s3://lake/manual.pdf"), rasterizer)
    examined.doc_id, examined.page_count    # or examined.reason and examined.detail

Start reading in `documents`.
"""

from workers.sources.copies import examine_copies, list_copies, take_copies
from workers.sources.documents import Examined, examine
from workers.sources.naming import Naming

__all__ = ["Examined", "Naming", "examine", "examine_copies", "list_copies", "take_copies"]
