"""Finds the true texts of documents, and cuts a document's text into those of its pages.

    x.pdf    x.txt or x.md           the text of the whole document
             x.0001.txt, x.0002.md   the texts of its pages, counted from 1 as in viewers

Pure: the caller lists the files.
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
    """The URIs of one document's truths: `whole`, or `pages` by page index from 0."""

    whole: str | None = None
    pages: Mapping[int, str] = field(default_factory=dict)


def stem(uri: str) -> str:
    """The name of a document without its last suffix, which its truths share."""
    return posixpath.splitext(posixpath.basename(unquote(uri)))[0]


def find_truths(documents: Iterable[str], files: Iterable[str]) -> dict[str, TruthFiles]:
    """The truths among `files` of each document that has one; both are URIs.

    `a.0001.txt` is the truth of a page if there is a document `a`, else that of document `a.0001`.
    Raises SourceError for two truths of one page or document, and for a page numbered 0.
    """
    stems: dict[str, list[str]] = {}
    for uri in sorted(documents):
        stems.setdefault(stem(uri), []).append(uri)
    whole: dict[str, str] = {}
    pages: dict[str, dict[int, str]] = {}
    for uri in sorted(files):
        match = _TRUTH.fullmatch(posixpath.basename(unquote(uri)))
        if match is None:
            continue
        if match["page"] is not None and match["stem"] in stems:
            if int(match["page"]) == 0:
                raise SourceError(f"{uri}: pages are counted from 1; rename the file")
            document = _only(stems[match["stem"]], uri)
            _add(pages.setdefault(document, {}), int(match["page"]) - 1, uri)
        elif (name := stem(uri)) in stems:
            _add(whole, _only(stems[name], uri), uri)
    for uri in whole.keys() & pages.keys():
        raise SourceError(
            f"{uri} has both a truth for the whole document, {whole[uri]}, and truths by page; "
            "remove the one or the others"
        )
    return {
        **{uri: TruthFiles(whole=truth) for uri, truth in whole.items()},
        **{uri: TruthFiles(pages=by_index) for uri, by_index in pages.items()},
    }


def _only(documents: Sequence[str], truth: str) -> str:
    if len(documents) > 1:
        raise SourceError(
            f"{truth} may be the truth of {documents[0]} or of {documents[1]}; rename one document"
        )
    return documents[0]


def _add(truths: dict[Key, str], key: Key, uri: str) -> None:
    if key in truths:
        raise SourceError(f"{truths[key]} and {uri} are both the truth of one text; remove one")
    truths[key] = uri


def cut_truth(truth: str, readings: Sequence[str]) -> list[str]:
    """Cut a document's plain truth into the truths of its pages, given their plain readings.

    The joined readings are aligned with the truth, which is cut where the alignment reaches each
    page's first character. Text between two pages that neither reading has goes to the first page;
    the text of a page with an empty reading goes to its neighbours. The parts together are the
    truth.
    """
    places = itertools.accumulate((len(reading) + 1 for reading in readings), initial=0)
    blocks = list(Levenshtein.opcodes(" ".join(readings), truth))
    starts = [block.src_start for block in blocks]
    cuts = [_cut(blocks, starts, place) for place in list(places)[1:-1]]
    edges = [0, *cuts, len(truth)]
    return [truth[start:stop].strip() for start, stop in itertools.pairwise(edges)]


def _cut(blocks: Sequence[Opcode], starts: Sequence[int], place: int) -> int:
    """The place in the truth that is aligned with character `place` of the readings."""
    number = bisect.bisect_right(starts, place) - 1
    if number < 0:
        return 0
    block = blocks[number]
    return min(block.dest_start + place - block.src_start, block.dest_end)
