"""Any lines become Markdown, and none is lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.labels import CONTENT
from tests.workers.textlayer.drawn import boxes, texts
from workers.textlayer.lines import Line
from workers.textlayer.markdown import body_sizes, segments, to_markdown

lines_strategy = st.builds(
    Line,
    text=texts.filter(lambda text: bool(text.strip())),
    box=boxes,
    size=st.floats(1, 72),
    block=st.integers(0, 3),
    is_bold=st.booleans(),
    is_mono=st.booleans(),
    quadrant=st.just(0),
)


@settings(max_examples=50)
@given(st.lists(lines_strategy, max_size=12))
def test_markdown_never_raises_and_loses_no_line(lines: list[Line]) -> None:
    groups = segments(lines)
    assert [line for group in groups for line in group.lines] == lines
    sizes = body_sizes(lines)
    for group in groups:
        label, text = to_markdown(group, sizes)
        assert label in CONTENT
        seen = [line.text.replace("\u00ad", "").strip() for line in group.lines]
        assert text.strip() or not any(seen)  # a soft hyphen alone shows nothing
