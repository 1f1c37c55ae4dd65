"""The records that travel through a pass: a page's image, its reading, its blocks and attempts.

Plain frozen dataclasses: they are pickled between processes and never written to disk as they
are; what is written is a row of `schemas.tables`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of the page image's width and height, top-left origin."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """One rasterised page, upright, as encoded bytes.

    `data` is a JPEG, PNG or WebP file of `width` x `height` pixels.
    """

    page_id: str
    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Block:
    """One region of a page: its label (`text`, `title`, `table`, `figure`), place and text."""

    label: str
    bbox: Box
    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class PageError:
    """Why a page has no text: `reason` is a word of `schemas.tables.REJECT_REASONS`."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a page: who read it, how, and how it ended (`ok` or a reason).

    `guard` is the n-gram guard as `size/window`, empty where there is none; `rotation` the
    degrees clockwise by which the displayed page was turned for this try. The `mode` of a text
    layer is `mirrored` where the page was mirrored back first, left to right, else empty.
    """

    engine: str
    mode: str
    outcome: str
    guard: str = ""
    rotation: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What an engine (or the text layer) returns for one page.

    `vision_tokens` is 0 for engines that see none of their own; `output_tokens` is what the model
    generated, in its own tokens, also where the reading failed. Where blocks have texts, `text`
    is theirs, joined by `join_blocks`. `cleaned_chars` are those that were left out because no
    font has them. `turn` is the rotation, in degrees clockwise, that would
    make the page upright, where the engine saw that it is not. A failed page carries `error`.
    """

    page_id: str
    text: str = ""
    blocks: tuple[Block, ...] = field(default=())
    vision_tokens: int = 0
    output_tokens: int = 0
    confidence: float | None = None
    turn: int = 0
    cleaned_chars: int = 0
    error: PageError | None = None


def join_blocks(blocks: Iterable[Block]) -> str:
    """The text of a page from its blocks, in their order: a blank line between two texts."""
    return "\n\n".join(block.text for block in blocks if block.text)


@dataclass(frozen=True, slots=True)
class Crop:
    """A region of a page that was cut out and read by itself.

    `crop_id` is the page's id, a dash, and the region's two-digit number on the page from 0;
    `bbox` is in fractions of the upright page. `image.page_id` is the crop's id. A crop that
    could not be read has `error` and no text. `engine`, `model`, `model_revision` and `mode` name
    who read it, which need not be who read the page.
    """

    crop_id: str
    label: str
    bbox: Box
    image: PageImage
    text: str = ""
    vision_tokens: int = 0
    output_tokens: int = 0
    error: PageError | None = None
    engine: str = ""
    model: str = ""
    model_revision: str = ""
    mode: str = ""


CROP_LINK = re.compile(
    r"!\[([^\[\]\n]*)\]\(crops/([0-9a-f]{64}-[0-9]{5,}-[0-9]{2,}\.(?:jpg|png|webp))\)"
)
"""A crop's link in its page's Markdown; groups: the label and the crop's path."""

_IMAGE_SUFFIXES = {b"\xff\xd8": ".jpg", b"\x89P": ".png", b"RI": ".webp"}


def image_path(row_id: str, data: bytes) -> str:
    """The name of a page's or a crop's image: its id with a dash for the slash, and the suffix of
    the file that `data` begins. Raises ValueError unless that is a JPEG, PNG or WebP.

    >>> image_path("0123/00004-01", b"\\x89PNG")
    '0123-00004-01.png'
    """
    suffix = _IMAGE_SUFFIXES.get(data[:2])
    if suffix is None:
        raise ValueError(f"the image of {row_id} begins {data[:2]!r}: no JPEG, PNG or WebP")
    return row_id.replace("/", "-") + suffix


def crop_link(crop: Crop) -> str:
    """The link to a crop in its page's Markdown, as `CROP_LINK` finds it."""
    label = re.sub(r"[\[\]\n\r]+", " ", crop.label)
    return f"![{label}](crops/{image_path(crop.crop_id, crop.image.data)})"


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made a page from its text: the kind of its source, and what of it there is to tell."""

    text_source: str
    kind: str
    mode: str
    task: str


@dataclass(frozen=True, slots=True)
class MessagePart:
    """A part of a message: a text, or the next one of the sample's images, which has none."""

    type: Literal["text", "image"]
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a sample, as trainers of chat models take it."""

    role: str
    content: tuple[MessagePart, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a conversation, or the part of one that has one mode.

    `turn` is its number from 0; `age` that of its newest line, in the schedule's unit; `images`
    are the numbers of those that show it, in their order; a turn that stays text has none.
    """

    turn: int
    role: str
    age: int
    mode: str
    text: str
    text_tokens: int
    images: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownPage:
    """An image of a conversation: its mode, what it costs, and exactly what stands on it."""

    image: PageImage
    mode: str
    vision_tokens: int
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation whose older turns are images; `images` are in the order of the messages'
    parts."""

    messages: tuple[Message, ...]
    turns: tuple[Turn, ...]
    images: tuple[ShownPage, ...]

    @property
    def tokens_before(self) -> int:
        """What the texts of all turns cost."""
        return sum(turn.text_tokens for turn in self.turns)

    @property
    def tokens_after(self) -> int:
        """What the turns that are text cost, and the images."""
        text_tokens = sum(turn.text_tokens for turn in self.turns if turn.mode == "text")
        return text_tokens + self.vision_tokens

    @property
    def vision_tokens(self) -> int:
        """What the images cost."""
        return sum(shown.vision_tokens for shown in self.images)


@dataclass(frozen=True, slots=True)
class RasteredPage:
    """What rasterising gives for one page.

    `layer` is the text layer's reading where routing chose it, or the text that a page was made
    from, by `maker`; `layer_reason` says why routing did not, and is None where no text layer was
    looked for. A page with `error` has no reading to come. `image_hash` is 32 bytes. A page that is
    a `conversation` has its images, and none of its own. `taken` is the reading of a page that is
    taken over from another dataset. `rotation` is the degrees clockwise by which the displayed page
    was turned for `image` and the boxes of `layer`, after it was mirrored left to right where it
    `is_mirrored`.
    """

    page_id: str
    image: PageImage | None = None
    ink_share: float = 0.0
    image_hash: bytes = b""
    layer: Reading | None = None
    layer_reason: str | None = None
    error: PageError | None = None
    maker: Maker | None = None
    conversation: Conversation | None = None
    taken: PageReading | None = None
    rotation: int = 0
    is_mirrored: bool = False

    @property
    def needs_engine(self) -> bool:
        """Whether an engine has to read this page."""
        return self.error is None and self.layer is None


@dataclass(frozen=True, slots=True)
class PageReading:
    """A page's final reading and the attempts that led to it.

    `engine`, `model`, `model_revision`, `mode` and `task` name who produced the text, and how;
    `text_source` is `ocr`, `text_layer`, `rendered` or `synthetic`. `rotation` is the degrees
    clockwise by which the displayed page was turned to be upright. `image` is the page's where
    the replica turned the rasterised one.
    """

    reading: Reading
    attempts: tuple[Attempt, ...]
    text_source: str
    engine: str
    model: str
    model_revision: str
    mode: str
    task: str = "text"
    is_fallback: bool = False
    rotation: int = 0
    image: PageImage | None = None
    crops: tuple[Crop, ...] = ()
