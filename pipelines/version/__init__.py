"""How a new version of a dataset comes about: which rows it has, and how they are written.

Owns the decisions of publish (deduplication, mix, contents of each table) as tasks over records.
`pipelines.publish` calls them in order; one task's work is in `workers.publishing`.

Start reading in `rows`, then `contents` and `write`.
"""
