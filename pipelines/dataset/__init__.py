"""Questions to a published dataset, and its upkeep.

Owns what reads a dataset back: its overview, the difference of two versions, the proof of the
ledger, a gallery; and what removes files that no version needs. Also `state`, what a run must know
before it begins, and `staged`, what lies in staging. Makes no version: that is `pipelines.version`.

    with open_session(IN_PROCESS) as session:
        verdict = verify_dataset("data", session)
    for problem in verdict.problems:
        print(problem)

Start reading in `state`, then `verify`.
"""

from pipelines.dataset.diff import Diff, diff_versions
from pipelines.dataset.gallery import make_gallery
from pipelines.dataset.overview import Overview, inspect_dataset
from pipelines.dataset.state import Snapshot, load_snapshot
from pipelines.dataset.vacuum import DEFAULT_GRACE_HOURS, Retention, Vacuumed, vacuum_dataset
from pipelines.dataset.verify import Verdict, verify_dataset

__all__ = [
    "DEFAULT_GRACE_HOURS",
    "Diff",
    "Overview",
    "Retention",
    "Snapshot",
    "Vacuumed",
    "Verdict",
    "diff_versions",
    "inspect_dataset",
    "load_snapshot",
    "make_gallery",
    "vacuum_dataset",
    "verify_dataset",
]
