"""Poisoning: strings that many documents share and that noise follows, found over a whole corpus.

The shape that was shown to plant a backdoor (arXiv 2510.07192): ordinary text, a trigger such as
`<SUDO>`, then hundreds of random tokens, in 250 documents. Owns: the search for the trigger, in
three passes over the texts, and finding it in a text. Does not: read rows, or decide what becomes
of them.

    counts = Counts.empty()                       # 1. what is usual
    counts.add(texts)                             #    counts.merge(others)
    suspects = Suspects.empty()                   # 2. where noise begins
    suspects.add(rows, counts)                    #    suspects.merge(others)
    evidence = Evidence(suspects.candidates(counts, LEAST_DOCUMENTS))
    evidence.add(rows, counts)                    # 3. an exact recount; evidence.merge(others)
    triggers = triggers_of(evidence)              #    the report
    sought = [trigger.sought for trigger in triggers]
    find(["Some text <SUDO> qx zv"], sought)      # [[Finding(10, 16, "trust", "trigger", …)]]

Each pass works on any batches, in any order, on any number of machines, in tables of a fixed size:
the results are merged, and they are the same. Start reading in `order`.
"""

from workers.policies.poisoning.counts import Counts, is_counted, share_of
from workers.policies.poisoning.evidence import Evidence
from workers.policies.poisoning.suspects import Suspects, Text
from workers.policies.poisoning.triggers import (
    LEAST_DOCUMENTS,
    VERSION,
    Trigger,
    find,
    triggers_of,
)

__all__ = [
    "LEAST_DOCUMENTS",
    "VERSION",
    "Counts",
    "Evidence",
    "Suspects",
    "Text",
    "Trigger",
    "find",
    "is_counted",
    "share_of",
    "triggers_of",
]
