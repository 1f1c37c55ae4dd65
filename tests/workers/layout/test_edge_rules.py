"""Long level lines near the top and the bottom of a page are found, also where a scan leans."""

from __future__ import annotations

import cv2
import numpy as np

from workers.layout.edge_rules import Grey, edge_rules

SIZE = (900, 1270)


def page(*lines: tuple[tuple[int, int], tuple[int, int]]) -> Grey:
    grey = np.full((SIZE[1], SIZE[0]), 245, np.uint8)
    for start, end in lines:
        cv2.line(grey, start, end, 60, 1)
    return grey


def test_a_rule_under_a_head_and_one_over_a_foot_are_found() -> None:
    found = edge_rules(page(((100, 90), (800, 90)), ((100, 1200), (800, 1200))))
    assert [round(y0 * SIZE[1]) in range(y - 3, y + 3) for (_, y0, _, _), y in
            zip(found, (90, 1200), strict=True)] == [True, True]  # fmt: skip
    assert all(abs(x0 - 1 / 9) < 0.01 and abs(x1 - 8 / 9) < 0.01 for x0, _, x1, _ in found)


def test_a_rule_that_leans_by_a_degree_is_one_rule() -> None:
    (rule,) = edge_rules(page(((100, 90), (800, 102))))
    assert rule[2] - rule[0] > 0.7


def test_short_lines_and_lines_amid_the_page_do_not_count() -> None:
    assert edge_rules(page(((100, 90), (250, 90)), ((100, 600), (800, 600)))) == []
    assert edge_rules(np.zeros((5, 5), np.uint8)) == []
