"""An index of the kept members of a large component, to find those worth comparing. Pure.

Pages that are filled from one template form one component, although most of them are no
duplicates. Comparing each member with every kept one would cost the square of their number.
Instead a member is compared

- with all kept members that share a rare token with it. Only the rarest tokens of each member
  count: as many as two similar members cannot all differ in. This is the prefix filter of
  set-similarity joins (Bayardo et al. 2007, AllPairs; Xiao et al. 2008, PPJoin); it loses no pair;
- for each key that comes from the template and that many members share, with the few kept members
  that hold the most common tokens, because they share the most with others.

So a member costs no more comparisons in a family of a million than in one of some thousand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.publishing.duplicates import Indices, runs
from workers.publishing.similarity import Comparison, Flags


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many members are compared with each other.

    Args:
        family: in a component of up to this many members each is compared with every kept one.
        rare: in a larger one, a token of more members than this (at most 254) is common.
        key_members: of each shared key, this many kept members are compared.
        small: in a component of up to this many members all pairs are compared at once.
        first_batch: larger components are compared in batches; the first has this many members.
        largest_batch: batches grow up to this many; within one each is compared with all kept.
    """

    family: int = 1024
    rare: int = 32
    key_members: int = 32
    small: int = 64
    first_batch: int = 64
    largest_batch: int = 512


_ROWS_AT_ONCE = 65_536
_FREQUENT = 255  # frequencies are counted up to here

Places = npt.NDArray[np.int32]


def ranges(starts: Indices, counts: Indices) -> Indices:
    """The numbers from `start` up to `start + count`, one range after the other.

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)


@dataclass(frozen=True, slots=True)
class FamilyIndex:
    """The kept members of one component, found by the tokens and keys that they share with another.

    Members are numbered by their place in the component.

    - `rare_members`: the members of each rare token in order, one token after the other. Entry e
      of `rare_entries` is a place in it, and `rare_first[e]` the place where its token begins; the
      entries of member m begin at `rare_bounds[m]`.
    - `keys`: the numbers of each member's keys, -1 for a key that no other member has. Key k has
      room for `key_room[k]` members from `key_start[k]` in `key_members`, `key_filled[k]` are used.
    - `common`: how many common tokens each member has.
    """

    common: Places
    rare_members: Places
    rare_entries: Indices
    rare_first: Indices
    rare_bounds: Indices
    keys: Places
    key_start: Indices
    key_room: Indices
    key_filled: Indices
    key_members: Places

    def candidates(self, begin: int, end: int, kept: Flags) -> tuple[Indices, Indices]:
        """Pairs of a member from `begin` to `end` and a kept member before `begin`, each once."""
        # by rare tokens: the members of a token that come before this one
        entries = slice(self.rare_bounds[begin], self.rare_bounds[end])
        first, place = self.rare_first[entries], self.rare_entries[entries]
        holders = np.repeat(np.arange(begin, end), np.diff(self.rare_bounds[begin : end + 1]))
        rare_left = np.repeat(holders, place - first)
        rare_right = self.rare_members[ranges(first, place - first)]
        # by keys: the members that stand for each
        member, column = np.nonzero(self.keys[begin:end] >= 0)
        key = self.keys[begin + member, column]
        filled = self.key_filled[key]
        left = np.concatenate([rare_left, np.repeat(begin + member, filled)])
        right = np.concatenate([rare_right, self.key_members[ranges(self.key_start[key], filled)]])
        useful = (right < begin) & kept[right]
        pairs = np.unique(left[useful] * len(kept) + right[useful])
        return pairs // len(kept), pairs % len(kept)

    def add(self, members: Indices) -> None:
        """Add members that are kept, in order."""
        row, column = np.nonzero(self.keys[members] >= 0)
        key = self.keys[members[row], column].astype(np.int64)
        touched = np.unique(key)
        filled = self.key_filled[touched]
        old = self.key_members[ranges(self.key_start[touched], filled)]
        key = np.concatenate([np.repeat(touched, filled), key])
        member = np.concatenate([old, members[row]])
        order = np.lexsort((member, -self.common[member], key))
        key, member = key[order], member[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        rank = np.arange(len(key)) - np.repeat(first, np.diff(first, append=len(key)))
        stays = rank < self.key_room[key]
        self.key_members[self.key_start[key[stays]] + rank[stays]] = member[stays]
        self.key_filled[touched] = np.bincount(np.searchsorted(touched, key[stays]))


def index_family(compared: Comparison, span: slice, bounds: Bounds) -> FamilyIndex:
    """An index of the members in the span, before any of them is kept."""
    count = span.stop - span.start
    frequency = _frequencies(compared, span)
    common = (frequency > bounds.rare).sum(axis=1, dtype=np.int32)
    rare = _rarest(frequency, compared.prefix) & (frequency > 1) & (frequency <= bounds.rare)
    del frequency
    members, first = [], []
    start = 0
    for number in range(compared.tokens):
        chosen = np.flatnonzero(rare[:, number])
        order, sizes = runs(compared.token(number, span)[chosen])
        begins = np.repeat(np.cumsum(sizes) - sizes, sizes)
        members.append(chosen[order].astype(np.int32))
        first.append(start + begins)
        start += len(order)
    rare_members = np.concatenate([np.zeros(0, np.int32), *members])
    by_member = np.argsort(rare_members, kind="stable")
    entries = np.bincount(rare_members, minlength=count)
    return FamilyIndex(
        common,
        rare_members,
        by_member,
        np.concatenate([np.zeros(0, np.int64), *first])[by_member],
        np.concatenate([[0], np.cumsum(entries)]),
        *_key_rooms(compared, span, bounds.key_members),
    )


def _frequencies(compared: Comparison, span: slice) -> npt.NDArray[np.uint8]:
    """For each token of each member, how many members have it: uint8 (members, tokens)."""
    frequency = np.zeros((span.stop - span.start, compared.tokens), np.uint8)
    for number in range(compared.tokens):
        order, sizes = runs(compared.token(number, span))
        frequency[order, number] = np.repeat(np.minimum(sizes, _FREQUENT), sizes)
    return frequency


def _rarest(frequency: npt.NDArray[np.uint8], prefix: int) -> Flags:
    """The `prefix` rarest tokens of each member; of two equally rare ones the first."""
    count, tokens = frequency.shape
    if prefix >= tokens:
        return np.ones((count, tokens), bool)
    chosen = np.zeros((count, tokens), bool)
    for start in range(0, count, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        # Ranks differ within a row; equally frequent tokens have the same order in every row.
        ranks = frequency[part].astype(np.uint32) * np.uint32(tokens)
        ranks += np.arange(tokens, dtype=np.uint32)
        chosen[part] = ranks <= np.partition(ranks, prefix - 1, axis=1)[:, prefix - 1 : prefix]
    return chosen


def _key_rooms(
    compared: Comparison, span: slice, most: int
) -> tuple[Places, Indices, Indices, Indices, Places]:
    """The keys that members share, numbered, and the room in which each keeps its members."""
    values = compared.keys(span)
    keys = np.full(values.shape, -1, np.int32)
    rooms = []
    known = 0
    for column in range(values.shape[1]):
        order, sizes = runs(values[:, column])
        shared = sizes > 1
        numbers = np.where(shared, known + np.cumsum(shared) - 1, -1)
        keys[order, column] = np.repeat(numbers, sizes)
        rooms.append(np.minimum(sizes[shared], most))
        known += int(shared.sum())
    room = np.concatenate([np.zeros(0, np.int64), *rooms])
    start = np.cumsum(room) - room
    members = np.zeros(int(room.sum()), np.int32)
    return keys, start, room, np.zeros(len(room), np.int64), members
