"""Inputs of a dataset: document files, pages of finished datasets, and their names.

Owns how a file becomes documents (hash, media type, page count), how pages of another dataset
are copied, and what a file is called in a dataset. Does not list files (`workers.store`) or
draw pages (`workers.rasterising`); records of text corpora belong to `workers.synthetic`.

    examiner = Examiner(Selection(), rasterizer, kept=None)
    (examined,) = examine_file(store.stat("s3://lake/manual.pdf"), examiner).documents
    examined.doc_id, examined.page_count    # or examined.reason and examined.detail

Start reading in `files` and `documents`; `containers` are archives, crawls, tables and mails,
`links` fetches what lists of URLs name.
"""

from workers.sources.copies import examine_copies, list_copies, take_copies
from workers.sources.documents import Examined
from workers.sources.files import examine_file
from workers.sources.naming import Naming

__all__ = ["Examined", "Naming", "examine_copies", "examine_file", "list_copies", "take_copies"]
