"""Ground-truth files beside documents, and which part of a document's truth is whose page's.

    x.pdf    x.txt or x.md           the text of the whole document
             x.0001.txt, x.0002.md   the texts of its pages, counted from 1 as viewers do

Pure: what lies in a folder is listed by the caller.
"""

from __future__ import annotations

import bisect
import itertools
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote

from rapidfuzz.distance import Levenshtein, Opcode

from schemas.errors import SourceError

Key = TypeVar("Key", int, str)

SUFFIXES = (".txt", ".md")
_TRUTH = re.compile(r"(?P<stem>.+?)(?:\.(?P<page>[0-9]{1,6}))?\.(?:txt|md)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TruthFiles:
    """The truths of one document by URI: `whole`, or `pages` by their index from 0."""

    whole: str | None = None
    pages: Mapping[int, str] = field(default_factory=dict)


def stem(uri: str) -> str:
    """The name of a document without its last suffix, by which its truths are found."""
    return posixpath.splitext(posixpath.basename(unquote(uri)))[0]


def find_truths(documents: Iterable[str], files: Iterable[str]) -> dict[str, TruthFiles]:
    """The truths among `files` of each document that has one; both are URIs.

    A file is a page's where a document has the name before its number, else a whole document's.
    Raises SourceError for two truths of one page or document, and for a page numbered 0.
    """
    stems: dict[str, list[str]] = {}
    for uri in sorted(documents):
        stems.setdefault(stem(uri), []).append(uri)
    whole: dict[str, str] = {}
    pages: dict[str, dict[int, str]] = {}
    for uri in sorted(files):
        found = _TRUTH.fullmatch(posixpath.basename(unquote(uri)))
        if found is None:
            continue
        if found["page"] is not None and found["stem"] in stems:
            if int(found["page"]) == 0:
                raise SourceError(f"{uri}: pages are counted from 1; name it so")
            document = _only(stems[found["stem"]], uri)
            _put(pages.setdefault(document, {}), int(found["page"]) - 1, uri)
        elif (name := stem(uri)) in stems:
            _put(whole, _only(stems[name], uri), uri)
    for uri in whole.keys() & pages.keys():
        raise SourceError(f"{uri} has a truth for all of it and truths by page; remove the one")
    return {
        **{uri: TruthFiles(whole=truth) for uri, truth in whole.items()},
        **{uri: TruthFiles(pages=found) for uri, found in pages.items()},
    }


def _only(documents: Sequence[str], truth: str) -> str:
    if len(documents) > 1:
        raise SourceError(f"{truth} may be the truth of {documents[0]} or of {documents[1]}")
    return documents[0]


def _put(known: dict[Key, str], key: Key, uri: str) -> None:
    if key in known:
        raise SourceError(f"{known[key]} and {uri} are both the truth of one text; remove one")
    known[key] = uri


def cut_truth(truth: str, readings: Sequence[str]) -> list[str]:
    """The parts of a document's plain truth that its pages' plain readings stand for, in order.

    The document is aligned as a whole, and cut where the alignment comes to each page's first
    character. What was not read at the seam of two pages counts against the first; a page of which
    nothing was read leaves its text to its neighbours. Together the parts are the truth.
    """
    places = itertools.accumulate((len(reading) + 1 for reading in readings), initial=0)
    blocks = list(Levenshtein.opcodes(" ".join(readings), truth))
    starts = [block.src_start for block in blocks]
    cuts = [_cut(blocks, starts, place) for place in list(places)[1:-1]]
    edges = [0, *cuts, len(truth)]
    return [truth[start:stop].strip() for start, stop in itertools.pairwise(edges)]


def _cut(blocks: Sequence[Opcode], starts: Sequence[int], place: int) -> int:
    """Where in the truth the alignment stands before character `place` of the reading."""
    number = bisect.bisect_right(starts, place) - 1
    if number < 0:
        return 0
    block = blocks[number]
    return min(block.dest_start + place - block.src_start, block.dest_end)
