"""Find the personal data of one text, and of all texts of a row.

Owns which detectors are asked, and that a value which was found in one text of a row is found in
all of them. The detectors are in the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from schemas.findings import Finding
from workers.policies.personal.accounts import cards, ibans
from workers.policies.personal.coordinates import coordinates
from workers.policies.personal.emails import emails
from workers.policies.personal.evidence import digit_runs, surest
from workers.policies.personal.identities import identities
from workers.policies.personal.networks import networks
from workers.policies.personal.phones import phones
from workers.policies.personal.secrets import passwords, secrets
from workers.policies.personal.table_cells import table_cells

# Signs that stand for others, one for one, so that places in the text stay what they are: wide
# letters of East Asia, spaces that do not break, and all dashes.
_STANDS_FOR = str.maketrans(
    {chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)}
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000", " ")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-")
)
_IS_SPECIAL = re.compile("[\uff01-\uff5e\u00a0\u2002-\u200a\u202f\u3000\u2010-\u2013\u2212]")

_SPACE = re.compile(r"[\s\u00ad\u200b\\]+")
_NO_SPACE = re.compile(r"[^\s\u00ad\u200b\\]")
_LEAST_SPREAD = 6
"""A shorter value, such as a password of four signs, may be any word elsewhere."""
_SURE_SPREAD = 12
"""A value as long is found within a longer word, too; a shorter one is there by chance."""


def find(text: str, language: str = "und") -> list[Finding]:
    """The personal data of a text, in its order; findings do not overlap.

    Args:
        text: any text; tables are Markdown's or HTML's.
        language: ISO 639-1; says whose national telephone numbers are sought.

    >>> [(f.kind, f.certainty) for f in find("Mail ada@lovelace.org or call +44 20 7946 0958.")]
    [('email', 1.0), ('phone', 0.95)]
    """
    return find_all([text], language)[0]


def find_all(
    texts: Sequence[str],
    language: str = "und",
    named: Sequence[Sequence[Finding]] | None = None,
) -> list[list[Finding]]:
    """The personal data of texts that belong together, such as a page's text, blocks and cells.

    What was found in one of them is found wherever it stands: a cell has no words beside it that
    would name its number. `named` are the names and addresses of each text, if a model found any.

    >>> found = find_all(["Phone: 020 7946 0958", "020 7946 0958"], "en")
    >>> [len(of_text) for of_text in found]
    [1, 1]
    """
    found = [_of_text(_with_plain_signs(text), language) for text in texts]
    if named is not None:
        found = [surest([*one, *other]) for one, other in zip(found, named, strict=True)]
    values = _values(texts, found)
    if not values:
        return found
    return [
        surest([*of_text, *_of_values(text, values)])
        for text, of_text in zip(texts, found, strict=True)
    ]


def names_within(text: str, others: Iterable[tuple[str, Sequence[Finding]]]) -> list[Finding]:
    """The names and addresses that were found in other texts, wherever they stand in this one.

    >>> ada = Finding(3, 6, "pii", "name")
    >>> [(one.start, one.end) for one in names_within("Ada | Adam", [("By Ada", [ada])])]
    [(0, 3)]
    """
    values = {compact(other[one.start : one.end]): one for other, found in others for one in found}
    return surest(_of_values(text, values))


def _with_plain_signs(text: str) -> str:
    if text.isascii() or not _IS_SPECIAL.search(text):
        return text
    return text.translate(_STANDS_FOR)


def _of_text(text: str, language: str) -> list[Finding]:
    found = [*emails(text), *secrets(text), *passwords(text), *_numbers(text, language)]
    for cell in table_cells(text):
        inside = text[cell.start : cell.end]
        found += [
            replace(one, start=one.start + cell.start, end=one.end + cell.start)
            for one in _numbers(inside, language, cell.heading)
        ]
    return surest(found)


def _numbers(text: str, language: str, heading: str = "") -> Iterator[Finding]:
    """What the runs of digits of a text are; `heading` is the name of a table's cell."""
    runs = digit_runs(text)
    yield from networks(text, runs, heading)
    yield from coordinates(text, runs, heading)
    yield from identities(text, runs, heading)
    if runs:
        yield from ibans(text, runs)
        yield from cards(text, runs, heading)
        yield from phones(text, runs, language, heading)


def _values(texts: Iterable[str], found: Iterable[Sequence[Finding]]) -> dict[str, Finding]:
    """The distinct values that were found, `compact`, each with its surest finding."""
    best: dict[str, Finding] = {}
    for text, of_text in zip(texts, found, strict=True):
        for one in of_text:
            value = compact(text[one.start : one.end])
            if len(value) >= _LEAST_SPREAD and (
                value not in best or one.certainty > best[value].certainty
            ):
                best[value] = one
    return best


def compact(value: str) -> str:
    """The value without white space, soft hyphens and the backslashes of Markdown."""
    return _SPACE.sub("", value)


def _of_values(text: str, values: Mapping[str, Finding]) -> Iterator[Finding]:
    """Where values stand, however their line breaks, spaces and escapes fall; not within words."""
    whole = compact(text)
    places: list[int] = []
    for value, known in values.items():
        at = whole.find(value)
        while at >= 0:
            places = places or [match.start() for match in _NO_SPACE.finditer(text)]
            start, end = places[at], places[at + len(value) - 1] + 1
            if len(value) >= _SURE_SPREAD or _stands_alone(text, start, end):
                yield replace(known, start=start, end=end)
            at = whole.find(value, at + 1)


def _stands_alone(text: str, start: int, end: int) -> bool:
    goes_on = start > 0 and text[start].isalnum() and text[start - 1].isalnum()
    return not goes_on and not (text[end - 1].isalnum() and text[end : end + 1].isalnum())
