"""Lines become running text: hyphens, scripts without spaces, gaps of listings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.textlayer.drawn import texts
from workers.textlayer.join import join_lines, listing
from workers.textlayer.lines import Line


@given(st.lists(texts))
def test_join_lines_loses_only_spaces_and_hyphens(lines: list[str]) -> None:
    joined = join_lines(lines)
    assert "\n" not in joined

    def bare(text: str) -> str:
        return "".join(c for c in text if not c.isspace() and c not in "-\u2010\u00ad")

    assert bare(joined) == bare("".join(lines))


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["a hyphen-", "ated word"], "a hyphenated word"),
        (["right-to-", "left"], "right-to-left"),
        (["the Anglo-", "Saxon"], "the Anglo-Saxon"),
        (["soft\u00ad", "Ware"], "softWare"),
        (["2019 -", "now"], "2019 - now"),
        (["中文", "中文"], "中文中文"),
        (["中文", "LaTeX"], "中文 LaTeX"),
        (["", "  "], ""),
    ],
)
def test_join_lines(lines: list[str], joined: str) -> None:
    assert join_lines(lines) == joined


def test_listing_keeps_gaps_between_parts() -> None:
    rows = [
        [Line("ab", (0.0, 0.0, 12.0, 10.0), 10.0, 0)],
        [
            Line("c", (12.0, 12.0, 18.0, 22.0), 10.0, 0),
            Line("d", (36.0, 12.0, 42.0, 22.0), 10.0, 0),
        ],
    ]
    assert listing(rows) == "ab\n  c   d"
