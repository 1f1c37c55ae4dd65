"""Names and dates under the title of a document, which are large but head nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.pages import Box
from workers.textlayer.markdown import Segment

_LESS = 0.85  # of the title's size
_SECTION = re.compile(r"\d{1,2}(?:\.\d{1,2})*\.?\s(?!.*\b(?:19|20)\d\d\b)")
"""A section's number; a day stands before a year."""
_SAME_AXIS = 0.015  # of the page's width
_MAX_CHARS = 200


def bylines(
    segments: Sequence[Segment],
    is_heading: Sequence[bool],
    width: float,
    tables: Sequence[Box] = (),
) -> set[int]:
    """The numbers of headings that are lines of a title: smaller than it, on its axis, not bold.

    The title is the page's first heading. Lines of one title follow each other in the content
    stream, some in small type; the first segment off the axis, or a long one, ends them, and so
    do a table and one that begins where the title does, as headings at the margin do.
    """
    first = next((i for i, is_one in enumerate(is_heading) if is_one), None)
    if first is None:
        return set()
    title = segments[first]
    found: set[int] = set()
    for i in range(first + 1, len(segments)):
        segment = segments[i]
        text = "".join(line.text for line in segment.lines)
        is_left = abs(segment.box[0] - title.box[0]) < _SAME_AXIS * width
        is_off = abs(_axis(segment) - _axis(title)) > _SAME_AXIS * width
        is_under_table = any(title.box[3] < top and y < segment.box[1] for _, top, _, y in tables)
        if is_left or is_off or is_under_table or len(text) > _MAX_CHARS:
            break
        if is_heading[i] and segment.size <= _LESS * title.size and _is_plain(segment):
            found.add(i)
    later = [
        segments[i] for i in range(first + 1, len(segments)) if is_heading[i] and i not in found
    ]
    sizes = {segment.size for segment in later if _is_plain(segment)}
    return {i for i in found if segments[i].size not in sizes}


def _is_plain(segment: Segment) -> bool:
    """Whether it is neither bold nor numbered."""
    text = "".join(line.text for line in segment.lines)
    return not _SECTION.match(text) and not any(line.is_bold for line in segment.lines)


def _axis(segment: Segment) -> float:
    return (segment.box[0] + segment.box[2]) / 2
