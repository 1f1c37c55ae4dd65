"""First runs of one corpus, made once for all tests of a file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


class FirstRuns:
    """The datasets that first runs make of a corpus, one for each way to run.

        first = FirstRuns(folder, write_corpus, lambda dataset, source, keep: run(...))
        dataset = first.copy(tmp_path / "data", "{words: {min: 80}}")

    Each is made when it is first asked for. Tests only read what `of` returns; they go on with a
    copy. A test that changes the corpus calls `restore` before it ends, or has its fixture do it.
    """

    def __init__(
        self,
        folder: Path,
        write_corpus: Callable[[Path], object],
        run: Callable[..., object],
    ) -> None:
        self.source = folder / "src"
        self._folder = folder
        self._run = run
        self._made: dict[tuple[Any, ...], Path] = {}
        write_corpus(self.source)
        shutil.copytree(self.source, folder / "kept")

    def of(self, *how: Any) -> Path:
        """The dataset that `run(dataset, source, *how)` makes."""
        if how not in self._made:
            assert _files(self.source) == _files(self._folder / "kept"), "the corpus was changed"
            # A card has the name of the folder, which is often this one.
            dataset = self._folder / f"first-{len(self._made)}" / "data"
            dataset.parent.mkdir()
            self._run(dataset, self.source, *how)
            self._made[how] = dataset
        return self._made[how]

    def copy(self, to: Path, *how: Any) -> Path:
        """A copy of that dataset, with all that was staged."""
        return Path(shutil.copytree(self.of(*how), to))

    def restore(self) -> None:
        """Make the corpus what it was, times of files included."""
        shutil.rmtree(self.source)
        shutil.copytree(self._folder / "kept", self.source)


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file."""
    found = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {
        str(path.relative_to(folder)): (stat.st_size, stat.st_mtime_ns)
        for path, stat in found.items()
    }
