"""Containers: files that hold documents, such as tars, zips, WARCs, tables and mails.

Owns how containers are recognised, walked through and bounded, how their members become documents,
and how the bytes of one are found again. Does not list files (`workers.store`), and knows nothing
of pages: a member that is unpacked is examined like any file.

    findings = Examiner(Selection(), rasterizer, kept).container(file, kind)
    findings.documents              # of a container that passed by, and what is lost of any
    findings.contents.members       # of one that was listed: each is examined by `Examiner.member`
    with open_document(member, doc_id, kept) as path:
        ...

Start reading in `examining` and `walking`; there is a module for each kind.
"""

from workers.sources.containers.examining import Contents, Examiner, Findings, container_at
from workers.sources.containers.kinds import CONTAINER_SUFFIXES, TABLE_SUFFIXES, Kind, recognise
from workers.sources.containers.opening import is_unchanged, open_document
from workers.sources.containers.selection import Selection

__all__ = [
    "CONTAINER_SUFFIXES",
    "TABLE_SUFFIXES",
    "Contents",
    "Examiner",
    "Findings",
    "Kind",
    "Selection",
    "container_at",
    "is_unchanged",
    "open_document",
    "recognise",
]
