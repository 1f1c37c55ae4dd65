"""What one viewer holds: a dataset, the versions of it that are open, and the notes of its user."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from pipelines.view.changing import Comparison, compare
from workers.viewing import Notes, VersionLine, Viewed, notes_path, open_viewed

_MOST_OPEN = 3


class Viewing:
    """A dataset that is looked at by one person; versions are opened as links ask for them.

    Args:
        version: the one that links without a version mean; the newest by default.
        notes: the file of the notes; by default one of the user's own for this dataset.
    """

    def __init__(self, dataset: str, version: int | None = None, notes: Path | None = None) -> None:
        self._lock = threading.Lock()
        first = open_viewed(dataset, version)
        self.dataset = first.dataset
        self.version = first.version
        self.name = first.dataset.rstrip("/").rpartition("/")[2] or first.dataset
        self.notes_path = notes or notes_path(first.dataset)
        self.notes = Notes(self.notes_path)
        self.mark = hashlib.sha256(f"{first.dataset}@{first.version}".encode()).hexdigest()[:12]
        """Part of the links of pictures, which browsers keep: another dataset has another."""
        self._open: OrderedDict[int, Viewed] = OrderedDict({first.version: first})
        self.comparison = lru_cache(maxsize=4)(self._compare)
        first.start_indexing()

    def at(self, version: int | None) -> Viewed:
        """A version of the dataset. Raises DatasetError where there is none."""
        number = self.version if version is None else version
        with self._lock:
            if number not in self._open:
                self._open[number] = open_viewed(self.dataset, number)
                self._close_oldest()
            self._open.move_to_end(number)
            return self._open[number]

    def _close_oldest(self) -> None:
        if len(self._open) > _MOST_OPEN:
            oldest = next(number for number in self._open if number != self.version)
            self._open.pop(oldest).close()

    @cached_property
    def versions(self) -> Sequence[VersionLine]:
        """The versions that there were when the viewer began, newest first."""
        return self.at(None).versions()

    def _compare(self, old: int, new: int) -> Comparison:
        return compare(self.dataset, old, new)

    def close(self) -> None:
        """End what runs in the background."""
        for viewed in self._open.values():
            viewed.close()
