"""A call's deadline counts the pages of the calls beside it."""

from __future__ import annotations

import math

from workers.reading.deadlines import Deadlines


def test_a_call_has_time_for_all_pages_that_the_engine_has() -> None:
    deadlines = Deadlines(page_s=1000)
    with deadlines.call(3) as alone_s:
        with deadlines.call(2) as beside_s:
            assert (alone_s, beside_s) == (3000, 5000)
        with deadlines.call(1) as later_s:
            assert later_s == 4000
    with deadlines.call(2) as again_s:
        assert again_s == 2000


def test_without_a_limit_no_call_has_a_deadline() -> None:
    with Deadlines(None).call(3) as seconds:
        assert seconds == math.inf
