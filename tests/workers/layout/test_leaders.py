"""Dots that lead to a page number are found in the pixels; letters and rules are no dots."""

from __future__ import annotations

import numpy as np
import pytest

from workers.layout.leaders import Grey, Leader, leaders

LABEL = (20.0, 10.0, 120.0, 30.0)
NUMBER = (260.0, 10.0, 280.0, 30.0)


def paper() -> Grey:
    return np.full((40, 400), 250, np.uint8)


def dotted(first: int = 128, last: int = 256, step: int = 10, darkness: int = 150) -> Grey:
    grey = paper()
    grey[24:26, first:last:step] -= np.uint8(darkness)
    return grey


def test_dots_lead_from_words_to_their_number() -> None:
    assert leaders(dotted(), [NUMBER, LABEL]) == [Leader(1, 260.0, 0)]


def test_faint_dots_are_dots() -> None:
    assert leaders(dotted(darkness=50), [LABEL, NUMBER]) == [Leader(0, 260.0, 1)]


def test_dots_before_a_number_that_was_not_found_lead_to_none() -> None:
    assert leaders(dotted(), [LABEL]) == [Leader(0, 249.0, None)]
    beyond = (340.0, 10.0, 390.0, 30.0)
    assert leaders(dotted(), [LABEL, beyond]) == [Leader(0, 249.0, None)]


@pytest.mark.parametrize("why", ["empty", "letters", "a rule", "two dots", "uneven", "far away"])
def test_other_ink_is_no_leader(why: str) -> None:
    grey = paper()
    if why == "letters":
        grey[14:26, 128:256:10] = 0
    elif why == "a rule":
        grey[24:26, 128:256] = 0
    elif why == "two dots":
        grey[24:26, [128, 138]] = 0
    elif why == "uneven":
        grey[24:26, [128, 138, 170, 176, 220]] = 0
    elif why == "far away":
        grey[24:26, 220:256:6] = 0
    assert leaders(grey, [LABEL, NUMBER]) == []


def test_a_page_without_room_for_dots_has_none() -> None:
    assert leaders(np.zeros((0, 0), np.uint8), [LABEL]) == []
    assert leaders(paper(), []) == []
