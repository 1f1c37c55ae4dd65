"""From staged rows to the parts of a version: which rows are duplicates, and where rows go.

Owns candidate keys and buckets, the decisions on duplicates, and gathering rows into new parts.
Each module is a task's work on files and arrays; what is done in which order is
`pipelines.version`, and how a version is committed is `workers.dataset`.

Start reading in `records`, then `duplicates` and `decisions`; `gather` writes the parts.
"""
