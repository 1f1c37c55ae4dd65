"""Put the texts of a document's pages together to one text. Pure.

Owns what only the whole document shows: lines that its pages repeat, and words, sentences and
tables that go on over a column or a page. Does not read or order a page.

    document = join_pages([PageText("A sentence that goes", ("paragraph",)), PageText("on.")])
    document.text[document.offsets[1]:]         # "on."
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.labels import is_furniture
from workers.layout.page_numbers import folded
from workers.layout.tables import continued

SEPARATOR = "\n\n"

_EDGE_LINES = 3
_MIN_REPEATS = 5
_REPEAT_SHARE = 0.25
"""FinePDFs' rule: a line is furniture on at least a quarter of the pages and five of them."""

_MARKUP = re.compile(r"\s*(?:[#|<>$\\]|```|!\[|[-*+•] |\(?\d{1,3}[.)] |\[\d)")
"""How blocks begin that are no running text: headings, tables, formulas, code, pictures, lists."""

_SENTENCE_END = re.compile(r"[.!?:;。！？：；…؟۔।][\"'”’»)\]」』）*_]*$")
_HYPHEN = re.compile(r"[^\W\d_]{2}[-\u2010\u00ad]$")
_UNCASED = re.compile(
    "[\u0590-\u08ff\u0900-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
"""Letters of scripts without capitals, which do not show where a sentence begins."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
_TABLE = re.compile(r"<table>|\|.*\n\|[-:| ]+\|(?:\n|$)")
_TABLE_ENDS = ("</tbody></table>", "</table>", "")
_MIN_BROKEN_CHARS = 40
"""A shorter paragraph without a full stop is a label, a name or a verse, not a broken sentence."""


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's own text, and the labels of its blocks in reading order (none where unknown)."""

    text: str
    labels: tuple[str, ...] = ()

    @property
    def may_go_on(self) -> bool:
        """Whether the text may go on: it does not end with notes, a caption or a figure."""
        own = [label for label in self.labels if not is_furniture(label)]
        return not own or own[-1] in ("paragraph", "list", "table")


@dataclass(frozen=True, slots=True)
class DocumentText:
    """The text of a document; page `i` begins at `text[offsets[i]:]`, in characters."""

    text: str
    offsets: tuple[int, ...]

    def pages(self) -> list[str]:
        """The part of each page, with the separator after it."""
        ends = [*self.offsets[1:], len(self.text)][: len(self.offsets)]
        return [self.text[a:b] for a, b in zip(self.offsets, ends, strict=True)]


def join_pages(pages: Sequence[PageText], keeps_furniture: bool = False) -> DocumentText:
    """The text of a document from the texts of its pages, in order.

    Lines that the pages repeat are left out, unless the document `keeps_furniture`. Words cut by a
    hyphen and sentences cut by a column or a page are joined, and so are tables. Footnotes stay at
    the end of their page's text, so a sentence that they cut is not joined.
    """
    texts = [page.text for page in pages]
    if not keeps_furniture:
        texts = without_repeats(texts)
    parts: list[str] = []
    last: int | None = None  # the last page so far that has text
    for text in texts:
        # 1. Join what the page's columns cut.
        part = join_columns(text)
        # 2. Join it to the page before, of which only the last characters change.
        if part and last is not None:
            parts[last], part = _joined(replace(pages[last], text=parts[last]), part)
        if part:
            last = len(parts)
        parts.append(part)
    ends = list(itertools.accumulate(map(len, parts), initial=0))
    return DocumentText("".join(parts), tuple(ends[:-1]))


def plain_pages(texts: Sequence[str]) -> DocumentText:
    """The texts of the pages as they are, with a blank line between two."""
    starts = itertools.accumulate((len(text) + len(SEPARATOR) for text in texts), initial=0)
    return DocumentText(SEPARATOR.join(texts), tuple(starts)[: len(texts)])


def without_repeats(texts: Sequence[str]) -> list[str]:
    """The texts without the lines that many of them repeat among their first or last three.

    Digits do not count, so that page numbers are equal. A heading stays where it comes first, and
    a page that has no other line stays as it is.
    """
    least = max(_MIN_REPEATS, math.ceil(_REPEAT_SHARE * len(texts)))
    if len(texts) < least:
        return list(texts)
    edges = [_edges(text.split("\n")) for text in texts]
    counts = Counter(key for edge in edges for key in {(side, key) for _, side, key in edge})
    repeated = {key for key, count in counts.items() if count >= least}
    seen: set[str] = set()
    kept: list[str] = []
    for text, edge in zip(texts, edges, strict=True):
        dropped: set[int] = set()
        for number, side, key in edge:
            is_first_heading = key.startswith("#") and key not in seen
            if (side, key) in repeated and not is_first_heading:
                dropped.add(number)
        seen |= {key for _, _, key in edge}
        kept.append(_without_lines(text, dropped) or text)
    return kept


def _edges(lines: Sequence[str]) -> list[tuple[int, str, str]]:
    """The first and last lines that are not empty: number, side and folded text.

    Lines of tables, code and formulas may repeat, and are none of them.
    """
    full = [number for number, line in enumerate(lines) if line.strip()]
    sides = [
        *((n, "first") for n in full[:_EDGE_LINES]),
        *((n, "last") for n in full[-_EDGE_LINES:]),
    ]
    return [
        (number, side, folded(lines[number]))
        for number, side in sides
        if not lines[number].lstrip().startswith(("|", "<", "```", "$"))
    ]


def _without_lines(text: str, dropped: set[int]) -> str:
    if not dropped:
        return text
    lines = [line for number, line in enumerate(text.split("\n")) if number not in dropped]
    return re.sub(r"\n{3,}", SEPARATOR, "\n".join(lines)).strip("\n")


def join_columns(text: str) -> str:
    """`text` with each sentence in one paragraph that a column or a picture cut in two."""
    chunks = list(_chunks(text))
    out = chunks[:1]
    for chunk in chunks[1:]:
        joint = _sentence_joint(out[-1], chunk)
        if joint is None:
            out.append(chunk)
        else:
            out[-1] = joint.tail + joint.head
    return SEPARATOR.join(out)


def _chunks(text: str) -> Iterator[str]:
    """The blocks of a Markdown text; one of code is whole."""
    held: list[str] = []
    for chunk in text.split(SEPARATOR):
        held.append(chunk)
        if sum(part.count("```") for part in held) % 2 == 0:
            yield SEPARATOR.join(held)
            held = []
    if held:
        yield SEPARATOR.join(held)


@dataclass(frozen=True, slots=True)
class _Joint:
    """The end of one text with what stands between, and the beginning of the next."""

    tail: str
    head: str


def _joined(before: PageText, text: str) -> tuple[str, str]:
    """The text of a page with what separates it from the next page's, and the next page's text."""
    start = before.text.rfind(SEPARATOR)
    start = 0 if start < 0 else start + len(SEPARATOR)
    first, cut, rest = text.partition(SEPARATOR)
    is_in_code = before.text.count("```") % 2 == 1
    joint = None
    if before.may_go_on and not is_in_code:
        last = before.text[start:]
        joint = _table_joint(last, first) or _sentence_joint(last, first)
    if joint is None:
        return before.text + SEPARATOR, text
    return before.text[:start] + joint.tail, joint.head + cut + rest


def _table_joint(above: str, below: str) -> _Joint | None:
    """How two tables join that are one; None where they are two, or none."""
    are_tables = _TABLE.match(above) and _TABLE.match(below)
    table = continued(above, below) if are_tables else None
    if table is None:
        return None
    rows = next(above.removesuffix(end) for end in _TABLE_ENDS if above.endswith(end))
    if not table.startswith(rows):
        return None  # the first part was written anew, so its page would not end where it did
    return _Joint(rows, table[len(rows) :])


def _sentence_joint(above: str, below: str) -> _Joint | None:
    """How two paragraphs join that are one sentence; None where they are two."""
    last = above[above.rfind("\n") + 1 :]
    if not last or not below or _MARKUP.match(below) or _is_fixed(last, above):
        return None
    if _HYPHEN.search(last) and below[0].islower():
        return _Joint(above[:-1], below)
    if _SENTENCE_END.search(last) or len(above) < _MIN_BROKEN_CHARS:
        return None
    if _UNSPACED.match(last[-1]) and _UNSPACED.match(below[0]):
        return _Joint(above, below)
    if below[0].islower() or (_UNCASED.match(below[0]) and _UNCASED.match(last[-1])):
        return _Joint(above + " ", below)
    return None


def _is_fixed(last: str, above: str) -> bool:
    """Whether the paragraph is none that can go on: a heading, a table, code, a picture."""
    return bool(re.match(r"\s*(?:[#|<$]|```|!\[)", above)) or last.endswith(("|", ">", "```", "$$"))
