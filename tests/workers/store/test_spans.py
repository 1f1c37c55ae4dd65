"""Ranges of objects arrive whole and in their places, many of them in few requests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import StorageError
from workers.store.spans import Range, _spans, bring

SIZE = 1000


@given(st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(1, SIZE)), max_size=20))
def test_ranges_go_to_their_places(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("spans")
    source, target = folder / "source", folder / "target"
    data = bytes(n % 251 for n in range(SIZE))
    source.write_bytes(data)
    target.touch()
    pieces = [data[offset : offset + length] for offset, length in pairs]
    wanted, place = [], 0
    for (offset, _), piece in zip(pairs, pieces, strict=True):
        wanted.append((str(source), Range(offset, len(piece), place)))
        place += len(piece)
    bring(wanted, target)
    assert target.read_bytes() == b"".join(pieces)


def test_neighbours_are_read_together_up_to_a_bound() -> None:
    images = [Range(150_000 * n, 140_000, 0) for n in range(1000)]
    runs = list(_spans(images))
    assert sorted(one for run in runs for one in run) == images
    assert len(runs) == 10  # 150 MB by 16 MiB
    far = [Range(0, 1, 0), Range(10**8, 1, 0)]
    assert list(_spans(far)) == [far[:1], far[1:]]
    assert list(_spans([Range(0, 10**8, 0)])) == [[Range(0, 10**8, 0)]]


def test_an_object_that_is_shorter_is_told(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"short")
    (tmp_path / "target").touch()
    with pytest.raises(StorageError, match="10 bytes wanted"):
        bring([(str(tmp_path / "source"), Range(0, 10, 0))], tmp_path / "target")
