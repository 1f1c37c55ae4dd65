"""Notes are kept, changed, taken back, and shared between windows."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from schemas.errors import RequestError, StorageError
from workers.viewing import Note, Notes, notes_path


def note(key: str, verdict: str = "good", why: str = "") -> Note:
    return Note("pages", key, 3, verdict, why)  # type: ignore[arg-type]


def test_the_last_note_on_a_row_holds_and_an_empty_one_takes_it_back(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "deep" / "notes.jsonl")
    assert (notes.all(), notes.lines(), notes.of("pages", "a")) == ([], "", None)
    for written in (note("a"), note("b", "bad", "ü\n«line»"), note("a", "bad"), note("c")):
        notes.write(written)
    assert notes.of("pages", "a") == note("a", "bad")
    assert notes.of("crops", "a") is None
    notes.write(note("c", ""))
    assert notes.all() == [note("a", "bad"), note("b", "bad", "ü\n«line»")]
    assert [json.loads(line)["key"] for line in notes.lines().splitlines()] == ["a", "b"]
    assert Notes(notes.path).all() == notes.all()


def test_two_windows_see_and_keep_each_others_notes(tmp_path: Path) -> None:
    windows = [Notes(tmp_path / "notes.jsonl") for _ in range(4)]
    windows[0].write(note("first"))
    assert windows[1].of("pages", "first") == note("first")

    def write(number: int) -> None:
        for index in range(25):
            windows[number].write(note(f"{number}/{index}", why="x" * 3_000))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {len(window.all()) for window in windows} == {101}


def test_a_line_that_was_cut_off_spoils_no_other_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    Notes(path).write(note("a"))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"table": "pa')
    notes = Notes(path)
    assert notes.all() == [note("a")]
    notes.write(note("b"))
    with pytest.raises(RequestError, match=r"notes\.jsonl, line 2: this is no note .*remove"):
        notes.all()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    assert Notes(path).all() == [note("a"), note("b")]


@pytest.mark.parametrize("line", ["[]", '{"table": "pages"}', "1", '{"verdict": "fine"}'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(RequestError, match="line 1: this is no note"):
        Notes(path).all()


def test_a_note_is_checked_before_it_is_kept() -> None:
    with pytest.raises(RequestError, match="`verdict` is 'fine'; give good, bad or nothing"):
        note("a", "fine")
    with pytest.raises(RequestError, match="`why` has 10,001 characters"):
        note("a", why="x" * 10_001)


def test_a_note_that_cannot_be_kept_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot be kept in .* name another file with --notes"):
        Notes(tmp_path / "file" / "notes.jsonl").write(note("a"))


def test_each_dataset_has_a_file_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    one, other = notes_path("s3://lake/manuals"), notes_path("s3://other/manuals/")
    assert one.parent == other.parent == tmp_path / "pagefoundry" / "notes"
    assert one.name.startswith("manuals-")
    assert one != other
    assert notes_path("s3://lake/manuals") == one
