"""Put placeholders in the place of personal data: in a text, in blocks with their cells, in chats.

Owns where findings stand after masking. Pictures are painted by `painting`. Pure.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.findings import Finding
from schemas.personal import KINDS, Personal
from schemas.rows import BlockRow, CellRow
from workers.policies.editing import Edit, edited, place_after, placeholder
from workers.policies.personal.evidence import surest
from workers.policies.personal.finding import find_all, names_within
from workers.policies.personal.names import Names, in_blocks


@dataclass(frozen=True, slots=True)
class Masked:
    """A text after masking, and all its findings where they stand now."""

    text: str
    findings: tuple[Finding, ...]


def mask(text: str, findings: Sequence[Finding], kinds: Container[str] = KINDS) -> Masked:
    """The text with a placeholder for each finding of these kinds.

    Args:
        text: the text that the findings are of.
        findings: in order, without overlaps.
        kinds: the kinds to mask; findings of others only move.

    >>> text = "Write to ada@lovelace.org today."
    >>> masked = mask(text, [Finding(9, 25, "pii", "email")])
    >>> masked.text, masked.findings[0].start, masked.findings[0].end
    ('Write to [EMAIL] today.', 9, 16)
    """
    edits = [
        Edit(one.start, one.end, placeholder(one.kind)) for one in findings if one.kind in kinds
    ]
    moved = (
        replace(
            one,
            start=place_after(one.start, edits, is_end=False),
            end=place_after(one.end, edits, is_end=True),
        )
        for one in findings
    )
    return Masked(edited(text, edits), tuple(moved))


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in the texts of a page: its own text, and each block and cell of it.

    `cells` are by block; empty for a block without cells.
    """

    text: tuple[Finding, ...]
    blocks: tuple[tuple[Finding, ...], ...]
    cells: tuple[tuple[tuple[Finding, ...], ...], ...]

    @property
    def is_anywhere(self) -> bool:
        """Whether anything was found, in furniture too, which is in no `text`."""
        return bool(self.text) or any(self.blocks) or any(map(any, self.cells))

    def all(self) -> list[Finding]:
        """All findings, those of the page's own text first."""
        of_cells = [one for block in self.cells for cell in block for one in cell]
        return [*self.text, *(one for block in self.blocks for one in block), *of_cells]


def find_in_page(
    text: str,
    blocks: Sequence[BlockRow],
    language: str,
    settings: Personal,
    names: Names | None = None,
    in_text: Sequence[Finding] = (),
) -> Found:
    """What the recipe counts in a page's texts. A crop is a page without blocks.

    Args:
        text: the page's text, as the policies before have left it.
        blocks: those of the page, and of its crops.
        language: ISO 639-1.
        settings: what counts.
        names: what a model found in texts, if the settings name one.
        in_text: what it found in the page's text.
    """
    cells = [[cell["text"] for cell in block["cells"] or ()] for block in blocks]
    texts = [text, *(block["text"] for block in blocks)]
    texts_of_cells = [cell for of_block in cells for cell in of_block]
    named = None
    if names is not None:
        of_blocks_named = list(_named_blocks(text, texts[1:], names, in_text))
        of_cells_named = [
            names_within(cell, [(block, own)])
            for block, own, of_block in zip(texts[1:], of_blocks_named, cells, strict=True)
            for cell in of_block
        ]
        named = [in_text, *of_blocks_named, *of_cells_named]
    found = find_all([*texts, *texts_of_cells], language, named)
    kept = [list(filter(settings.counts, of_text)) for of_text in found]
    across = in_blocks(text, texts[1:], [o for o in kept[0] if "\n\n" in text[o.start : o.end]])
    of_blocks = [
        tuple(surest([*own, *(parts or ())]))
        for own, parts in zip(kept[1 : len(texts)], across, strict=True)
    ]
    of_cells = iter(kept[len(texts) :])
    return Found(
        tuple(kept[0]),
        tuple(of_blocks),
        tuple(tuple(tuple(next(of_cells)) for _ in of_block) for of_block in cells),
    )


def _named_blocks(
    text: str, blocks: Sequence[str], names: Names, in_text: Sequence[Finding]
) -> Iterator[list[Finding]]:
    """The names and addresses of each block: by their places in the page's text, of which it is a
    part; else as the model found them in it, which has read furniture and crops; and in one that a
    policy has changed since, those of the page's text that it still has."""
    for block, parts in zip(blocks, in_blocks(text, blocks, in_text), strict=True):
        if parts is not None:
            yield parts
        elif names.has_read(block):
            yield names.of(block)
        else:
            yield names_within(block, [(text, in_text)])


def mask_page(
    text: str, blocks: Sequence[BlockRow], found: Found, kinds: Container[str]
) -> tuple[Masked, list[BlockRow]]:
    """The page's text and its blocks with placeholders; boxes and labels stay as they are."""
    masked_blocks = [
        _mask_block(block, of_block, of_cells, kinds)
        for block, of_block, of_cells in zip(blocks, found.blocks, found.cells, strict=True)
    ]
    return mask(text, found.text, kinds), masked_blocks


def _mask_block(
    block: BlockRow,
    found: Sequence[Finding],
    of_cells: Sequence[Sequence[Finding]],
    kinds: Container[str],
) -> BlockRow:
    masked = BlockRow(**{**block, "text": mask(block["text"], found, kinds).text})
    if block["cells"]:
        masked["cells"] = [
            CellRow(**{**cell, "text": mask(cell["text"], of_cell, kinds).text})
            for cell, of_cell in zip(block["cells"], of_cells, strict=True)
        ]
    return masked
