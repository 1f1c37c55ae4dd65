"""A value's shape covers its characters, also misread, wrapped, turned or unread."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.findings import Finding
from tests.workers.policies.personal.pictures import LEFT, Drawn, drawn
from workers.engines.text_lines import Line
from workers.policies.personal.placing import (
    WHOLE,
    Region,
    Shape,
    part_of,
    shapes,
    still_read,
    values_of,
)
from workers.policies.personal.seeking import Value

MAIL = Value("ada@lovelace.org", "email")


def region(text: str, value: str, kind: str = "email", box: tuple = WHOLE) -> Region:  # type: ignore[type-arg]
    start = text.index(value)
    return Region(box, text, [Finding(start, start + len(value), "pii", kind)])


def found(page: Drawn, *regions: Region) -> list[Shape]:
    grey = np.asarray(page.picture.convert("L"))
    return shapes(regions, values_of(regions), page.lines, grey)


def covers(shape: Shape, line: Line, value: str) -> bool:
    """Whether the shape covers the value's characters, and neither of its neighbours' middles."""
    start = line.text.index(value)
    width = line.corners[1, 0] - line.corners[0, 0]
    xs = [line.corners[0, 0] + place * width for place in line.places]
    left, right = shape.quad[:, 0].min(), shape.quad[:, 0].max()
    end = start + len(value)
    outside = [*xs[: max(start - 1, 0)], *xs[end + 1 :]]
    inside = all(left < x < right for x in xs[start:end])
    return inside and not any(left < x < right for x in outside)


def test_the_characters_are_covered_and_no_others() -> None:
    page = drawn("Write to ada@lovelace.org today", "and wait")
    (shape,) = found(page, region("Write to ada@lovelace.org today and wait", MAIL.text))
    assert covers(shape, page.lines[0], MAIL.text)
    assert (shape.how, shape.kind, shape.begins) == ("characters", "email", True)


@pytest.mark.parametrize("read", ["ada@love1ace.org", "ada@lovelace.orq", "ada @ lovelace. org"])
def test_a_misread_value_is_covered(read: str) -> None:
    page = drawn(f"Write to {read} today")
    (shape,) = found(page, region("Write to ada@lovelace.org today", MAIL.text))
    assert covers(shape, page.lines[0], read)


def test_another_number_of_a_list_is_left() -> None:
    page = drawn("Ann 020 7946 0958", "Bob 020 7946 1317")
    (shape,) = found(page, region("Ann 020 7946 0958 Bob 020 7946 1317", "020 7946 0958", "phone"))
    assert shape.quad[:, 1].max() < 60


def test_a_value_that_wraps_has_a_shape_on_each_line() -> None:
    page = drawn("please write to ada@love", "lace.org today")
    first, second = found(page, region("please write to ada@lovelace.org today", MAIL.text))
    assert covers(first, page.lines[0], "ada@love")
    assert covers(second, page.lines[1], "lace.org")
    assert (first.begins, second.begins) == (True, False)


def test_all_places_of_a_value_are_found_also_outside_its_block() -> None:
    page = drawn("ada@lovelace.org", "text", "stamp ada@lovelace.org")
    height = page.picture.height
    block = region(MAIL.text, MAIL.text, box=(0.0, 0.0, 1.0, 50 / height))
    assert len(found(page, block)) == 2


def test_an_unread_value_is_estimated_by_rows_of_ink() -> None:
    texts = [
        "one line of text",
        "ada@lovelace.org",
        "a third line",
        "a fourth line",
        "the fifth line",
    ]
    page = drawn(*texts)
    page.lines = []
    rows = found(page, region(" ".join(texts), MAIL.text))
    assert {shape.how for shape in rows} == {"ink"}
    assert min(shape.quad[:, 1].min() for shape in rows) < 55  # the second row is covered
    assert max(shape.quad[:, 1].max() for shape in rows) > 70
    assert max(shape.quad[:, 1].max() for shape in rows) < 170  # the last one is not


def test_without_ink_the_whole_block_goes() -> None:
    page = drawn("")
    (shape,) = found(page, region(MAIL.text, MAIL.text, box=(0.1, 0.0, 0.5, 1.0)))
    assert shape.how == "block"
    assert np.ptp(shape.quad[:, 0]) == pytest.approx(0.4 * page.picture.width)


def test_a_line_that_leans_gives_a_shape_that_leans() -> None:
    line = drawn("see ada@lovelace.org").lines[0]
    line = line._replace(
        corners=line.corners + np.array([(0, 0), (0, 30), (0, 30), (0, 0)], np.float32)
    )
    quad = part_of(line, 4, 19)
    assert quad[1, 1] - quad[0, 1] == pytest.approx(30 * 16 / 20, rel=0.25)


def test_a_line_upside_down_is_covered_from_its_other_end() -> None:
    line = drawn("ada@lovelace.org and me").lines[0]
    turned = line._replace(places=tuple(1 - place for place in line.places), is_upside_down=True)
    quad = part_of(turned, 0, 15)
    assert quad[:, 0].max() > line.corners[1, 0] - 3
    assert quad[:, 0].min() > LEFT + 60


def test_a_line_on_end_goes_as_a_whole() -> None:
    corners = np.array([(10, 10), (40, 10), (40, 400), (10, 400)], np.float32)
    quad = part_of(Line(corners, "see ada@lovelace.org", 0.9, False), 4, 19)
    assert quad[:, 1].min() < 10
    assert quad[:, 1].max() > 400


def test_places_that_are_not_known_are_shared_out() -> None:
    line = drawn("iiii ada@lovelace.org").lines[0]._replace(places=())
    quad = part_of(line, 5, 20)
    assert LEFT < quad[:, 0].min() < quad[:, 0].max()


def test_what_is_still_read_is_a_whole_line() -> None:
    page = drawn("see ada@lovelace.org", "see [EMAIL]")
    (shape,) = still_read(MAIL, page.lines)
    assert shape.quad[:, 0].min() <= LEFT
    assert list(still_read(MAIL, page.lines[1:])) == []
