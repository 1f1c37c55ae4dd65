"""What a model found in texts, as `workers.text_models.kept` keeps it in staging.

A task that judges rows reads what was found in their texts, and nothing else: `KeptPlaces` says
where that lies. So neither it nor the driver holds what was found in all texts.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.findings import Finding
from schemas.personal import ACTIONS, Personal, PersonKind
from workers import store
from workers.people.checkpoint import PinnedPeople, pin_people
from workers.people.load import load_finder
from workers.people.settings import FinderSettings
from workers.people.texts import seen_text
from workers.policies.personal.evidence import finding
from workers.text_models.kept import Kept, places_of
from workers.text_models.texts import KEY, Keys, text_key

if TYPE_CHECKING:
    from workers.people.finder import PeopleFinder

NAMES = "people-"
"""Begins the names of the folders of names in staging."""

SPANS = pa.list_(
    pa.struct(
        [
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("kind", pa.string()),
            ("certainty", pa.float64()),
        ]
    )
)
"""What was found in a text."""

_FILES_AT_ONCE = 64  # of some 1,000 texts each
_FAILED = "the model failed on this text"


def kept_names(staging_root: str, people_digest: str) -> Kept:
    """What was found by a checkpoint, by `PinnedPeople.digest`."""
    return Kept(store.join(staging_root, f"{NAMES}{people_digest}"), SPANS)


def spans_of(found: Sequence[Sequence[Finding]]) -> pa.Array:
    """What was found in some texts, as it is kept."""
    rows = [
        [
            {"start": one.start, "end": one.end, "kind": one.kind, "certainty": one.certainty}
            for one in of_text
        ]
        for of_text in found
    ]
    return pa.array(rows, SPANS)


@dataclass(frozen=True, slots=True)
class KeptPlaces:
    """Where it is kept what was found in some texts, in arrays of an entry a text.

    That of `keys[n]`, which are sorted, is row `row[n]` of `files[file[n]]`.
    """

    files: tuple[str, ...]
    keys: Keys
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]

    @staticmethod
    def of_all(kept: Kept) -> KeptPlaces:
        """All texts of which something is kept."""
        files = tuple(kept.files())
        keys, file, row = [np.zeros(0, KEY)], [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        for number, data in enumerate(_contents(files)):
            column = pq.read_table(io.BytesIO(data), columns=["text"])["text"]
            keys.append(np.frombuffer(b"".join(column.to_pylist()), KEY))
            file.append(np.full(len(column), number, np.int32))
            row.append(np.arange(len(column), dtype=np.int32))
        distinct, first = np.unique(np.concatenate(keys), return_index=True)
        return KeptPlaces(files, distinct, np.concatenate(file)[first], np.concatenate(row)[first])

    def of(self, keys: Keys) -> KeptPlaces:
        """Those of some texts. Raises KeyError where nothing is kept of one of them."""
        places, is_known = places_of(keys, self.keys)
        if not is_known.all():
            raise KeyError(f"{int((~is_known).sum())} texts of which no model has said anything")
        numbers, file = np.unique(self.file[places], return_inverse=True)
        files = tuple(self.files[number] for number in numbers.tolist())
        return replace(
            self, files=files, keys=keys, file=file.astype(np.int32), row=self.row[places]
        )

    def read(self) -> pa.Array:
        """What was found, along `keys`."""
        if not len(self.keys):
            return pa.nulls(0, SPANS)
        order, parts = [], []
        for number, data in enumerate(_contents(self.files)):
            mine = np.flatnonzero(self.file == number)
            values = pq.read_table(io.BytesIO(data), columns=["value"])["value"]
            parts.append(values.take(pa.array(self.row[mine])))
            order.append(mine)
        joined = pa.chunked_array([chunk for part in parts for chunk in part.chunks], SPANS)
        return joined.combine_chunks().take(pa.array(np.argsort(np.concatenate(order))))


def _contents(files: Sequence[str]) -> Iterator[bytes]:
    for start in range(0, len(files), _FILES_AT_ONCE):
        yield from store.read_many(list(files[start : start + _FILES_AT_ONCE]))


class KeptNames:
    """The names in the texts of some rows; see `workers.policies.personal.names.Names`."""

    def __init__(self, keys: Keys, spans: pa.Array, settings: Personal) -> None:
        self._places = {key.tobytes(): place for place, key in enumerate(keys)}
        self._spans = spans
        self._kind = _strictest(settings)

    def of(self, text: str) -> list[Finding]:
        """See `Names`. Of a text that ended its replica twice nobody knows which words are names:
        it is all one."""
        if (seen := seen_text(text)) is None:
            return []
        spans = self._spans[self._places[text_key(seen)]].as_py()
        if spans is None:
            return [finding(self._kind, 0, len(text), 1.0, _FAILED)]
        return [
            finding(one["kind"], one["start"], one["end"], one["certainty"], "model")
            for one in spans
        ]

    def has_read(self, text: str) -> bool:
        """See `Names`."""
        seen = seen_text(text)
        return seen is None or text_key(seen) in self._places


def _strictest(settings: Personal) -> PersonKind:
    """The kind that the model finds of which most becomes."""
    assert settings.people is not None
    kinds = sorted(set(settings.people.labels.values()))
    return max(kinds, key=lambda kind: ACTIONS.index(settings.action_of(kind) or "keep"))


def load_names(places: KeptPlaces, settings: Personal) -> KeptNames:
    """The names in the texts of some rows, as staging keeps them."""
    return KeptNames(places.keys, places.read(), settings)


def find_names(settings: Personal, texts: Sequence[str]) -> KeptNames:
    """The names in some texts, found in this process. Nothing is kept.

    Raises NoEngineError and ModelError as `workers.people.load.load_finder` does.
    """
    assert settings.people is not None
    by_key = {text_key(seen): seen for seen in map(seen_text, texts) if seen is not None}
    finder = _finder_here(pin_people(settings.people))
    keys = np.array(list(by_key), KEY)
    return KeptNames(keys, spans_of(finder.find(list(by_key.values()))), settings)


@functools.lru_cache(maxsize=1)
def _finder_here(people: PinnedPeople) -> PeopleFinder:
    return load_finder(FinderSettings(people))
