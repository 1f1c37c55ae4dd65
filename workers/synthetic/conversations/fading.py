"""Fade a conversation: set its older turns as pages, and write the messages that trainers take.

Consecutive turns of the same mode share their pages, because a page of few words costs as many
vision tokens as a full one. Runs in the child.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.conversations import LONGEST_EDGE_PX, ConversationSource, ImageMode, image_tokens
from schemas.errors import DocumentError
from schemas.pages import Conversation, Message, MessagePart, PageImage, ShownPage, Turn
from schemas.recipe_sections import Raster
from workers.rasterising.pictures import encode
from workers.synthetic.conversations.turns import ChatTurn, Passage, joined, label, passages
from workers.synthetic.drawn import Drawn
from workers.synthetic.text import typeset
from workers.synthetic.text.blocks import Run, TextBlock, plain_blocks
from workers.synthetic.text.typography import Style
from workers.text.measures import count_tokens


@dataclass(frozen=True, slots=True)
class Faded:
    """A conversation, and how many characters its images lack because no font has them."""

    conversation: Conversation
    cleaned_chars: int


def fade(
    turns: Sequence[ChatTurn], source: ConversationSource, style: Style, page: str, raster: Raster
) -> Faded:
    """A conversation of these turns, its images drawn in `style`; `page` is its page id.

    Raises DocumentError where it needs more images than the source allows, and where a page does
    not show exactly its text.
    """
    style = replace(style, dpi=None)  # the mode decides how large a page is drawn
    by_mode = passages(turns, source, count_tokens)
    spans = [_Span.of(run, style) for run in _runs(by_mode)]
    if source.only_if_shorter:
        spans = [span for span in spans if span.saves(style)]
        faded = {passage for span in spans for passage in span.passages}
        by_mode = joined(p if p in faded else replace(p, mode="text") for p in by_mode)
    count = sum(span.pages for span in spans)
    if count > source.max_images:
        raise DocumentError(
            "page_too_large",
            f"{count} images, the limit is {source.max_images}; raise the source's `max_images`, "
            "or let less of it fade",
        )
    images, shown_by = _draw(spans, style, page, raster)
    shown = tuple(
        Turn(p.turn, p.role, p.age, p.mode, p.text, count_tokens(p.text), shown_by.get(p, ()))
        for p in by_mode
    )
    conversation = Conversation(tuple(_messages(shown)), shown, tuple(images))
    return Faded(conversation, sum(span.cleaned_chars for span in spans))


def _draw(
    spans: Iterable[_Span], style: Style, page: str, raster: Raster
) -> tuple[list[ShownPage], dict[Passage, tuple[int, ...]]]:
    """The images of all spans, and the numbers of those that show each passage."""
    images: list[ShownPage] = []
    shown_by: dict[Passage, tuple[int, ...]] = {}
    for span in spans:
        first = len(images)
        for picture in span.draw(style):
            data = encode(picture.picture, raster)
            width, height = picture.picture.size
            image = PageImage(f"{page}-{len(images):02d}", data, width, height)
            cost = image_tokens(span.mode, width, height)
            images.append(ShownPage(image, span.mode, cost, picture.text))
        letters = [_letters(image.text) for image in images[first:]]
        shown_by |= zip(span.passages, span.places(letters, first), strict=True)
    return images, shown_by


def _runs(oldest_first: Iterable[Passage]) -> Iterator[list[Passage]]:
    """Runs of consecutive passages with the same image mode."""
    for mode, run in itertools.groupby(oldest_first, lambda passage: passage.mode):
        if mode != "text":
            yield list(run)


@dataclass(frozen=True, slots=True)
class _Span:
    """Passages that share their pages, and the blocks by which pages show each."""

    passages: Sequence[Passage]
    blocks: Sequence[Sequence[TextBlock]]
    pages: int
    cleaned_chars: int

    @staticmethod
    def of(run: Sequence[Passage], style: Style) -> _Span:
        blocks, cleaned_chars = [], 0
        for passage in run:
            wanted = [*_label(passage), *plain_blocks(passage.text)]
            shown, cleaned = typeset.shown(wanted, style)
            blocks.append(shown)
            cleaned_chars += cleaned if shown else len(passage.text)
        pages = typeset.count(itertools.chain.from_iterable(blocks), style)
        return _Span(run, blocks, pages, cleaned_chars)

    @property
    def mode(self) -> ImageMode:
        mode = self.passages[0].mode
        assert mode != "text"
        return mode

    def saves(self, style: Style) -> bool:
        """Whether its images cost fewer tokens than its text."""
        size = typeset.picture_px(style, LONGEST_EDGE_PX[self.mode])
        text_tokens = sum(count_tokens(passage.text) for passage in self.passages)
        return self.pages * image_tokens(self.mode, *size) < text_tokens

    def draw(self, style: Style) -> Iterator[Drawn]:
        blocks = itertools.chain.from_iterable(self.blocks)
        edge = LONGEST_EDGE_PX[self.mode]
        return typeset.pages(blocks, style, range(self.pages), longest_edge_px=edge)

    def places(self, letters: Sequence[int], first: int) -> Iterator[tuple[int, ...]]:
        """For each passage, the numbers of the images that show it.

        `letters` are the letter counts of this span's images; its first image has number `first`.
        """
        ends = list(itertools.accumulate(letters))
        at = 0
        for blocks in self.blocks:
            start, at = at, at + sum(_letters(block.marker + block.text) for block in blocks)
            yield tuple(
                first + number
                for number, (begin, end) in enumerate(zip([0, *ends], ends, strict=False))
                if begin < at and start < end
            )
        if at != (ends[-1] if ends else 0):
            raise DocumentError("corrupt", f"the images show {ends[-1:]} letters of {at}")


def _label(passage: Passage) -> list[TextBlock]:
    if not passage.begins:
        return []
    return [TextBlock("paragraph", (Run(label(passage.role), "strong"),))]


def _letters(text: str) -> int:
    return len("".join(text.split()))


def _messages(turns: Iterable[Turn]) -> Iterator[Message]:
    """The turns as messages.

    Images are parts of the user message after them, or a user message of their own where another
    role speaks next.
    """
    pictures: list[MessagePart] = []
    placed: set[int] = set()
    for turn in turns:
        if turn.mode != "text":
            new = [image for image in turn.images if image not in placed]
            placed.update(new)
            pictures += [MessagePart("image")] * len(new)
            continue
        if pictures and turn.role != "user":
            yield Message("user", tuple(pictures))
            pictures = []
        yield Message(turn.role, (*pictures, MessagePart("text", turn.text)))
        pictures = []
    if pictures:
        yield Message("user", tuple(pictures))
