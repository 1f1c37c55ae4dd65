"""Takedown: documents leave a dataset on request, stay out, and every byte of them can be erased.

Owns which documents a request means, the version without them, erasing what old versions and
staging hold, and the proof that nothing is left. The list itself is `workers.dataset.forgotten`;
`pipelines.run` heeds it.

    with open_session(IN_PROCESS) as session:
        forget("data", wanted_of([doc_id], []), Options(erases=True), session)
        assert not search_forgotten("data", session).problems

Start reading in `forget`, then `without` and `erase`.
"""

from pipelines.takedown.erase import Removed
from pipelines.takedown.forget import Options, Takedown, bring_back, forget
from pipelines.takedown.search import Searched, search_forgotten
from pipelines.takedown.selection import Wanted, wanted_of
from pipelines.takedown.without import TableLoss

__all__ = [
    "Options",
    "Removed",
    "Searched",
    "TableLoss",
    "Takedown",
    "Wanted",
    "bring_back",
    "forget",
    "search_forgotten",
    "wanted_of",
]
