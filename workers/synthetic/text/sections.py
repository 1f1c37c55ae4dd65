"""Cut a text into sections that are laid out one by one, so that memory does not grow with it.

Owns which characters of a block its pages show: what no font can draw is removed and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from workers.synthetic.text.blocks import TextBlock, cut
from workers.synthetic.text.glyphs import drawable, in_main_script, is_mixed
from workers.synthetic.text.story import draw_alone, letters_of, read_back, set_alone
from workers.synthetic.text.typography import Style

_SECTION_CHARS = 60_000
"""About twenty pages, whose layout takes some 15 MiB."""
EDGE_EM = 0.1
"""How far a line may leave its column: MuPDF rounds squeezed spaces, and italics lean out."""


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks that are laid out together, and how many characters were removed from each."""

    blocks: list[TextBlock] = field(default_factory=list)
    cleaned_chars: list[int] = field(default_factory=list)


def sections(blocks: Iterable[TextBlock], style: Style) -> Iterator[Section]:
    """The blocks as pages show them, without those that show nothing."""
    section, chars, cleaned_before = Section(), 0, 0
    for whole in blocks:
        for block in _pieces(whole):
            shown, cleaned = _shown(block, style)
            if not letters_of(shown):
                cleaned_before += cleaned
                continue
            if chars >= _SECTION_CHARS:
                yield section
                section, chars = Section(), 0
            section.blocks.append(shown)
            section.cleaned_chars.append(cleaned + cleaned_before)
            chars, cleaned_before = chars + len(shown.text), 0
    if section.blocks:
        section.cleaned_chars[-1] += cleaned_before
        yield section


def _pieces(block: TextBlock) -> Iterator[TextBlock]:
    """`block`, or pieces of it that fit a section, cut after white space where there is any."""
    text, start = block.text, 0
    while len(text) - start > _SECTION_CHARS:
        limit = start + _SECTION_CHARS
        space = max(text.rfind(" ", start, limit), text.rfind("\n", start, limit))
        stop = space + 1 if space > start else limit
        yield cut(block, start, stop)
        start = stop
    yield cut(block, start, len(text)) if start else block


def _shown(block: TextBlock, style: Style) -> tuple[TextBlock, int]:
    """What of a block pages can show, and how many characters were removed.

    MuPDF sets some blocks that mix many scripts in the wrong order, or too wide. Such a block is
    set on trial; if it fails, only the letters of its main script are kept, or none if these fail
    as well.
    """
    shown, cleaned = drawable(block, style, lambda b: set_alone(b, style))
    if not is_mixed(shown.text) or _is_exact(shown, style):
        return shown, cleaned
    plain = in_main_script(shown)
    if not _is_exact(plain, style):
        plain = replace(plain, runs=())
    return plain, cleaned + len(shown.text) - len(plain.text)


def _is_exact(block: TextBlock, style: Style) -> bool:
    """Whether MuPDF sets exactly the letters of the block, in order and within the column."""
    lines, letters = read_back(draw_alone(block, style))
    width, edge = style.column_width_pt(style.columns), EDGE_EM * style.font_size_pt
    is_inside = all(-edge <= x0 and x1 <= width + edge for (x0, _, x1, _), _ in lines)
    return is_inside and letters == letters_of(block)
