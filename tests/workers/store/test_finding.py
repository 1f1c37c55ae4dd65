"""Files whose URIs are known: as a listing has them, in the order of the question."""

from __future__ import annotations

from pathlib import Path

from workers import store


def test_files_come_in_order_and_what_is_none_is_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("b", "a", "folder/c"):
        (tmp_path / name).write_bytes(b"x" * len(name))
    (tmp_path / "link").symlink_to("a")
    names = ("b", "folder", "gone", "a", "folder/c", "link", "b")
    found = store.find_files([f"{tmp_path}/{name}" for name in names])
    (a, b, c) = store.list_documents([f"{tmp_path}/{name}" for name in ("a", "b", "folder/c")])
    link = store.stat(f"{tmp_path}/link")
    assert found == [b, None, None, a, c, link, b]
    assert link.size == a.size
    assert store.find_files([]) == []
