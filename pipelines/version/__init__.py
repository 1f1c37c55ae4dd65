"""A new version of a dataset: which rows it has, how they are written, and what a run says of it.

Owns the decisions of publish (deduplication, mix, contents of each table) as tasks over records,
the record that the commit holds, and the story and report of a run. `pipelines.run` and
`pipelines.publish` call them in order; the work of one task is in `workers.publishing`.

    version = decide(inputs, session)              # or the pages that must be read again first
    if isinstance(version, Version):
        for contents in table_contents(version, known):
            parts = writer.write(contents)

Start reading in `rows`, then `contents` and `write`.
"""

from pipelines.version.contents import table_contents
from pipelines.version.inputs import Inputs
from pipelines.version.report import Report
from pipelines.version.rows import Version, decide
from pipelines.version.story import Story
from pipelines.version.table_rows import Contents
from pipelines.version.write import Writer

__all__ = [
    "Contents",
    "Inputs",
    "Report",
    "Story",
    "Version",
    "Writer",
    "decide",
    "table_contents",
]
