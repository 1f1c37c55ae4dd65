from __future__ import annotations

from email.utils import formatdate

import pytest

from schemas.retry_after import pause_s


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("0", 0), ("2.5", 2.5), ("-3", 0), ("soon", None), ("nan", None), ("inf", None)],
)
def test_a_number_is_seconds(header: str | None, seconds: float | None) -> None:
    assert pause_s(header) == seconds


def test_a_date_is_a_time_to_come() -> None:
    assert pause_s(formatdate(0, usegmt=True)) == 0
    assert pause_s("Fri, 31 Dec 2999 23:59:59 GMT") > 1e9  # type: ignore[operator] # not None
    assert pause_s("Fri, 31 Dec 2999 23:59:59") > 1e9  # type: ignore[operator]
