from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import SourceError
from schemas.links import Links
from workers import store
from workers.sources.links import ListRead, read_list


def read(folder: Path, data: bytes) -> ListRead:
    (folder / "list").write_bytes(data)
    return read_list(store.stat(str(folder / "list")), Links())


def test_a_text_has_one_address_a_line(tmp_path: Path) -> None:
    data = "\ufeffhttps://e.org/a\r\n\n# a comment\nhttps://e.org/b#x  # another\nhttps://e.org/a\n"
    found = read(tmp_path, data.encode())
    assert tuple(found.links) == ("https://e.org/a", "https://e.org/b")
    assert found.rejects == ()


def test_what_is_no_link_is_a_reject_with_its_line(tmp_path: Path) -> None:
    found = read(tmp_path, b"https://e.org/a\n\xff\xfe\nhttps://u:pw@e.org/\n")
    assert tuple(found.links) == ("https://e.org/a",)
    assert [r.reason for r in found.rejects] == ["not_fetched", "not_fetched"]
    assert [str(r.detail).partition(":")[0] for r in found.rejects] == ["line 2", "line 3"]
    assert found.rejects[1].file.uri == f"{tmp_path}/list!https://e.org/"
    assert found.rejects == read(tmp_path, (tmp_path / "list").read_bytes()).rejects


def test_lines_of_json_without_an_address_are_rejects(tmp_path: Path) -> None:
    lines = [b'{"url": "https://e.org/a"}', b'{"other": 1}', b"{", b'{"url": 5}', b'["url"]', b""]
    found = read(tmp_path, b"\n".join(lines))
    assert tuple(found.links) == ("https://e.org/a",)
    assert len(found.rejects) == 4


def test_an_empty_list_has_no_links(tmp_path: Path) -> None:
    assert tuple(read(tmp_path, b"\n\n").links) == ()


def test_a_line_without_an_end_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a line of more than"):
        read(tmp_path, b"x" * 3 * 2**20)
