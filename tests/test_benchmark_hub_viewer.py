"""`tests.benchmarks.hub_viewer`: the preview's rules, and the row groups of a page of rows."""

from __future__ import annotations

import pyarrow as pa

from tests.benchmarks.hub_viewer import (
    CELL_BYTES,
    LEAST_ROWS,
    PREVIEW_BYTES,
    Groups,
    Preview,
    preview_of,
    shown,
    size_of,
)


def preview(rows: int, cell: int) -> Preview:
    return preview_of([{"id": 1, "text": "x" * cell} for _ in range(rows)], features=1000)


def test_rows_that_do_not_fit_are_left_out() -> None:
    assert preview(100, 10).rows == 100
    some = preview(100, 10_000)
    assert LEAST_ROWS < some.rows < 20
    assert (some.cut, some.size < PREVIEW_BYTES) == (0, True)
    assert preview(3, 10).rows == 3


def test_cells_are_cut_from_the_last_row_on_where_ten_rows_are_too_large() -> None:
    large = preview(100, 30_000)  # six of them fit
    assert (large.rows, large.cut) == (LEAST_ROWS, 4)
    assert large.size < PREVIEW_BYTES
    huge = preview(100, PREVIEW_BYTES)
    assert (huge.rows, huge.cut) == (LEAST_ROWS, LEAST_ROWS)
    assert huge.size < 1000 + LEAST_ROWS * (CELL_BYTES + 100)


def test_bytes_are_base64_wherever_they_are() -> None:
    kind = pa.list_(pa.struct([("digest", pa.binary()), ("n", pa.int32())]))
    assert shown([{"digest": b"\0\1\2", "n": 7}], kind) == [{"digest": "AAEC", "n": 7}]
    assert size_of({"a": [1, None]}) == len('{"a":[1,null]}')


def test_a_page_of_rows_lies_in_as_many_row_groups_as_it_can_touch() -> None:
    assert Groups([50], [1], [7]).most_for_a_page() == 7
    assert Groups([500, 500, 500], [1] * 3, [5, 7, 6]).most_for_a_page() == 13
    assert Groups([98, 98, 98], [1] * 3, [5, 7, 6]).most_for_a_page() == 18
    assert Groups([99, 99, 99], [1] * 3, [5, 7, 6]).most_for_a_page() == 13
