"""Notes on rows: good or bad, and why, in a file of JSON lines of the user's own.

- A note is one line, written at the end in one go and synced, so two windows, or two viewers of the
  same file, lose nothing of each other. The last line on a row holds.
- A line that a crash cut off does not spoil the next one, and is named when the file is read.
- The dataset is never written to. It may be remote, or another person's.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from schemas.errors import RequestError, StorageError
from schemas.lines import error_line
from workers import store

Verdict = Literal["good", "bad", ""]
"""An empty verdict takes a note back."""

VERDICTS: Final = get_args(Verdict)
MAX_WHY_CHARS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Note:
    """What a person says of a row: of `table`, by its `key`, as `version` of the dataset has it.

    Raises RequestError for a verdict that is none, or a `why` that is too long.
    """

    table: str
    key: str
    version: int
    verdict: Verdict
    why: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise RequestError(f"`verdict` is {self.verdict!r}; give good, bad or nothing")
        if len(self.why) > MAX_WHY_CHARS:
            raise RequestError(
                f"`why` has {len(self.why):,} characters; give at most {MAX_WHY_CHARS:,}"
            )

    def line(self) -> str:
        """The note as a JSON line."""
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


def notes_path(dataset: str) -> Path:
    """The file of a dataset's notes by default, in the user's data folder."""
    uri = store.absolute(dataset)
    root = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    digest = hashlib.sha256(uri.encode()).hexdigest()[:12]
    name = "".join(c if c.isalnum() else "-" for c in uri.rstrip("/").rpartition("/")[2])
    return Path(root) / "pagefoundry" / "notes" / f"{name[:60]}-{digest}.jsonl"


class Notes:
    """The notes of one file. For threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read = 0  # bytes of whole lines
        self._lines = 0
        self._notes: dict[tuple[str, str], Note] = {}

    def of(self, table: str, key: str) -> Note | None:
        """The note on a row; None where there is none."""
        return self._now().get((table, key))

    def all(self) -> Sequence[Note]:
        """The notes that hold, in the order in which their rows were first noted."""
        return list(self._now().values())

    def lines(self) -> str:
        """The notes that hold as JSON lines, one a note."""
        return "".join(note.line() for note in self.all())

    def write(self, note: Note) -> None:
        """Keep a note, or take the one on its row back. Raises StorageError where it cannot be."""
        data = note.line().encode("utf-8", "backslashreplace")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, self.path.open("ab") as file:
                if file.tell() and not _ends_a_line(self.path):
                    data = b"\n" + data
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as exc:
            raise StorageError(
                f"the note cannot be kept in {self.path} ({error_line(exc)}); name another file "
                "with --notes"
            ) from exc

    def _now(self) -> dict[tuple[str, str], Note]:
        """The notes that hold, with what was written since they were last read."""
        with self._lock:
            try:
                with self.path.open("rb") as file:
                    file.seek(self._read)
                    data = file.read()
            except FileNotFoundError:
                return dict(self._notes)
            except OSError as exc:
                raise StorageError(f"{self.path} cannot be read ({error_line(exc)})") from exc
            whole, end, _ = data.rpartition(b"\n")
            lines = whole.split(b"\n") if end else []
            notes = [self._note(line, self._lines + n) for n, line in enumerate(lines, 1) if line]
            self._read += len(whole) + len(end)
            self._lines += len(lines)
            for note in notes:
                if note.verdict:
                    self._notes[note.table, note.key] = note
                else:
                    self._notes.pop((note.table, note.key), None)
            return dict(self._notes)

    def _note(self, line: bytes, number: int) -> Note:
        try:
            return Note(**json.loads(line))
        except (ValueError, TypeError, RequestError) as exc:
            raise RequestError(
                f"{self.path}, line {number}: this is no note ({error_line(exc)}); remove the "
                "line, or name another file with --notes"
            ) from exc


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
