from __future__ import annotations

from workers.layout.tables import continued

ABOVE = "| Boat | Built |\n|---|---|\n| Anna | 1931 |"


def test_a_repeated_head_is_dropped() -> None:
    below = "| Boat | Built |\n|---|---|\n| Berta | 1940 |"

    assert continued(ABOVE, below) == ABOVE + "\n| Berta | 1940 |"


def test_a_first_row_that_is_no_head_becomes_a_row() -> None:
    below = "| Berta | 1940 |\n|---|---|\n| Carla | 1951 |"

    assert continued(ABOVE, below) == ABOVE + "\n| Berta | 1940 |\n| Carla | 1951 |"


def test_other_columns_and_other_text_are_not_joined() -> None:
    assert continued(ABOVE, "| a | b | c |\n|---|---|---|") is None
    assert continued(ABOVE, "The season was long.") is None
    assert continued("The season was long.", ABOVE) is None


def test_html_and_pipes_are_joined_as_html() -> None:
    above = (
        '<table><thead><tr><th colspan="2">Boats</th></tr></thead>'
        "<tbody><tr><td>a</td><td>b</td></tr></tbody></table>"
    )
    below = "| c & d | \\|e\\| |\n|---|---|\n| f | g |"

    assert continued(above, below) == (
        '<table><thead><tr><th colspan="2">Boats</th></tr></thead><tbody>'
        "<tr><td>a</td><td>b</td></tr><tr><td>c &amp; d</td><td>|e|</td></tr>"
        "<tr><td>f</td><td>g</td></tr></tbody></table>"
    )


def test_a_repeated_head_of_html_is_dropped() -> None:
    head = '<thead><tr><th rowspan="2">A</th><th>B</th></tr><tr><th>C</th></tr></thead>'
    above = f"<table>{head}<tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
    below = f"<table>{head}<tbody><tr><td>3</td><td>4</td></tr></tbody></table>"

    assert continued(above, below) == (
        f"<table>{head}<tbody><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></tbody></table>"
    )
