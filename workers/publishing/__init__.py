"""From staged rows to the parts of a version: which rows are duplicates, and where rows go.

Owns candidate keys and buckets, the decisions on duplicates, and gathering rows into parts. Each
module is the work of one kind of task, on files and arrays. `pipelines.version` calls the tasks in
order; `workers.dataset` commits the parts.

    drops = decide(items, members, sizes, Dedup())        # which members of components are dropped
    part = write_new_part(NewPart(dataset, "pages", pieces, group_rows))

Start reading in `records`, then `duplicates` and `decisions`; `gather` writes the parts.
"""

from workers.publishing.assemble import assemble_documents, write_rows
from workers.publishing.decisions import decide
from workers.publishing.gather import NewPart, gather, write_new_part
from workers.publishing.records import load_records
from workers.publishing.rewrite import rewrite_part

__all__ = [
    "NewPart",
    "assemble_documents",
    "decide",
    "gather",
    "load_records",
    "rewrite_part",
    "write_new_part",
    "write_rows",
]
