"""Where the shares of the policy `keep` end: the values of all rows, compared exactly.

    records after deduplication ─► [ values ] per batch of files ─► the last value of each share

A version says at which values its shares ended. The next one has other rows, so its shares end
elsewhere: of the rows that were judged before, those between the two places are judged again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from cluster.session import Session
from pipelines.steps.tasks import run_tasks
from pipelines.version.records import Flags, Ints, Records
from schemas.keep import Bounds, Rule, Table
from schemas.policies import PolicyStep
from workers.policies.keeping import Standard, rules_of
from workers.publishing.rows_of import RowsOf
from workers.publishing.values import RowValues, ValuesTask, read_values

Values = npt.NDArray[np.float32]
"""A value of each of some rows, NaN where a row has none."""
Shares = Mapping[str, Bounds]
"""The last value in each share, by the value's name, then by language."""

_ROWS_PER_TASK = 65_536
_FILES_PER_TASK = 64


@dataclass(frozen=True, slots=True)
class Ranking:
    """The shares of a table's rows, and which rows are in one now and were not, or the reverse."""

    table: Table
    moved: Flags
    shares: Shares = field(default_factory=dict)

    @property
    def standard(self) -> Standard:
        """The shares as tasks need them."""
        return Standard(self.table, self.shares)


def rank(
    records: Records,
    among: Flags,
    table: Table,
    steps: Sequence[PolicyStep],
    before: Shares | None,
    session: Session,
    scores: Mapping[str, Values] = MappingProxyType({}),
) -> Ranking:
    """Rank the rows that are flagged in `among`, which lie where they are as they were read.

    `before` are the shares under which they were judged, None where that does not matter. `scores`
    are along the records, by column; other values lie in the rows' files.
    """
    rules = {name: rule for name, rule in rules_of(steps, table).items() if rule.share is not None}
    moved = np.zeros(len(records), bool)
    if not rules:
        return Ranking(table, moved)
    by_file = list(records.by_file(np.flatnonzero(among)))
    places = np.concatenate([np.zeros(0, np.int64), *(places for _, places in by_file)])
    in_files = tuple(name for name in rules if name not in scores)
    tasks = list(_tasks([rows for rows, _ in by_file], in_files))
    done = sorted(run_tasks(read_values, tasks, session), key=lambda part: part.number)
    read, languages = _joined(done, len(in_files))
    values = dict(zip(in_files, read, strict=True))
    shares, own_moved = {}, np.zeros(len(places), bool)
    for name, rule in rules.items():
        numbers = values[name] if name in values else scores[name][places].astype(np.float64)
        shares[name] = _bounds(rule, numbers, languages)
        if before is not None:
            was_past = _past(rule, numbers, languages, before.get(name, {}))
            own_moved |= was_past != _past(rule, numbers, languages, shares[name])
    moved[places] = own_moved
    return Ranking(table, moved, shares)


def _tasks(by_file: Sequence[RowsOf], names: tuple[str, ...]) -> Iterator[ValuesTask]:
    """Tasks for some rows, each with those of several files."""
    held: list[RowsOf] = []
    number = 0
    for position, rows in enumerate(by_file):
        held.append(rows)
        many = sum(len(one.rows) for one in held) >= _ROWS_PER_TASK
        if many or len(held) == _FILES_PER_TASK or position == len(by_file) - 1:
            yield ValuesTask(number, tuple(held), names)
            held, number = [], number + 1


@dataclass(frozen=True, slots=True)
class _Languages:
    """The language of each row, as the number of a word."""

    words: Sequence[str]
    number: npt.NDArray[np.int32]


def _joined(parts: Sequence[RowValues], count: int) -> tuple[npt.NDArray[np.float64], _Languages]:
    """The values of all rows, float64 (names, rows), and their languages."""
    words: dict[str, int] = {}
    numbers = [np.zeros(0, np.int32)]
    for part in parts:
        own = [words.setdefault(word, len(words)) for word in part.languages.dictionary.to_pylist()]
        numbers.append(np.array(own, np.int32)[part.languages.indices.to_numpy()])
    values = [np.zeros((count, 0)), *(part.values for part in parts)]
    return np.concatenate(values, axis=1), _Languages(list(words), np.concatenate(numbers))


def _bounds(rule: Rule, values: npt.NDArray[np.float64], languages: _Languages) -> dict[str, float]:
    """The last value of a share by language; rows without a value do not count."""
    found = {}
    for group, chosen in _groups(rule, languages):
        ranked = values[chosen]
        ranked = ranked[~np.isnan(ranked)]
        if len(ranked):
            last = rule.count(len(ranked)) - 1
            place = last if rule.top is None else len(ranked) - 1 - last
            found[group] = float(np.partition(ranked, place)[place])
    return found


def _past(
    rule: Rule, values: npt.NDArray[np.float64], languages: _Languages, bounds: Bounds
) -> Flags:
    """Which rows are past the last value of a share; none without a value."""
    flags = np.zeros(len(values), bool)
    for group, chosen in _groups(rule, languages):
        if group in bounds:
            own, bound = values[chosen], bounds[group]
            flags[chosen] = own > bound if rule.top is None else own < bound
    return flags


def _groups(rule: Rule, languages: _Languages) -> Iterator[tuple[str, Ints]]:
    """The groups of rows that are compared with each other, and the places of their rows."""
    of_words = [rule.group(word) for word in languages.words]
    names = sorted(set(of_words))
    of_row = np.array([names.index(group) for group in of_words], np.int32)[languages.number]
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(len(names)))
    yield from zip(names, np.split(order, starts[1:]), strict=True)
