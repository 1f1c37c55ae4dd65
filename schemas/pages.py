"""The records that travel through a pass: a page's image, its reading, its blocks and attempts.

Frozen dataclasses, which are pickled between processes. They are never written to disk; rows of
`schemas.tables` are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from schemas.hidden_text import HiddenText
from schemas.labels import is_furniture

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of the page image's width and height, from the top left."""


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
class Cell:
    """A cell of a table, from `row` and `column` (from 0) over `rows` and `columns` of its grid."""

    row: int
    column: int
    bbox: Box
    text: str
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """One region of a page: its label (a word of `schemas.labels`), position and text.

    A table whose cells are known has them in `cells`, in row order; `text` is its Markdown or HTML.
    """

    label: str
    bbox: Box
    text: str
    confidence: float | None = None
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class PageError:
    """Why a page has no text: `reason` is a word of `schemas.reject_reasons.REJECT_REASONS`."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to read a page: the engine, how it read, and the outcome (`ok` or a reason).

    `guard` is the n-gram guard as `size/window`, or empty. `rotation` is by how many degrees
    clockwise the displayed page was turned for this try. The `mode` of a text layer is `mirrored`
    if the page was first mirrored left to right, else empty.
    """

    engine: str
    mode: str
    outcome: str
    guard: str = ""
    rotation: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What an engine (or the text layer) returns for one page.

    Args:
        text: if blocks have texts, these joined by `own_text`.
        vision_tokens: 0 for engines without vision tokens.
        output_tokens: what the model generated, in its own tokens, also if the reading failed.
        turn: the rotation in degrees clockwise that would make the page upright, if the engine
            saw that it is not.
        cleaned_chars: how many characters were left out: no font has them, or the text layer does
            not say what they are.
        coverage: the share of the page's inked text area that the text accounts for; None where it
            was not measured.
        error: why the page failed.
    """

    page_id: str
    text: str = ""
    blocks: tuple[Block, ...] = field(default=())
    vision_tokens: int = 0
    output_tokens: int = 0
    confidence: float | None = None
    turn: int = 0
    cleaned_chars: int = 0
    coverage: float | None = None
    error: PageError | None = None


def own_text(blocks: Iterable[Block]) -> str:
    """The page's own text: the texts of its blocks but furniture, with a blank line between two."""
    return full_text(block for block in blocks if not is_furniture(block.label))


def full_text(blocks: Iterable[Block]) -> str:
    """All text of a page, furniture too, in reading order, with a blank line between two blocks."""
    return "\n\n".join(block.text for block in blocks if block.text)


@dataclass(frozen=True, slots=True)
class Crop:
    """A region of a page that was cut out and read by itself.

    `crop_id` is the page's id, a dash, and the region's two-digit number on the page from 0.
    `bbox` is in fractions of the upright page. `image.page_id` is the crop's id. A crop that could
    not be read has an `error` and no text. `engine`, `model`, `model_revision` and `mode` may
    differ from the page's.
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
    """The file name of an image: the id of its page or crop with a dash for the slash, and the
    suffix of its format. Raises ValueError unless `data` begins a JPEG, PNG or WebP.

    >>> image_path("0123/00004-01", b"\\x89PNG")
    '0123-00004-01.png'
    """
    suffix = _IMAGE_SUFFIXES.get(data[:2])
    if suffix is None:
        raise ValueError(
            f"the image of {row_id} is no JPEG, PNG or WebP: it begins with {data[:2]!r}"
        )
    return row_id.replace("/", "-") + suffix


def crop_link(crop: Crop) -> str:
    """The link to a crop in its page's Markdown, as `CROP_LINK` finds it."""
    label = re.sub(r"[\[\]\n\r]+", " ", crop.label)
    return f"![{label}](crops/{image_path(crop.crop_id, crop.image.data)})"


@dataclass(frozen=True, slots=True)
class Maker:
    """How a page was made from its text: the kind of its source, its mode and its task."""

    text_source: str
    kind: str
    mode: str
    task: str


@dataclass(frozen=True, slots=True)
class MessagePart:
    """A part of a message: a text, or the next of the sample's images, which has no text."""

    type: Literal["text", "image"]
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a sample, in the layout of trainers of chat models."""

    role: str
    content: tuple[MessagePart, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a conversation, or a part of a turn that has its own mode.

    `turn` is its number from 0. `age` is the age of its newest line, in the schedule's unit.
    `images` are the numbers of the images that show it, in order; empty if it stays text.
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
    """An image of a conversation: its mode, its vision tokens, and exactly the text on it."""

    image: PageImage
    mode: str
    vision_tokens: int
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation whose older turns are images, in the order of the messages' image parts."""

    messages: tuple[Message, ...]
    turns: tuple[Turn, ...]
    images: tuple[ShownPage, ...]

    @property
    def tokens_before(self) -> int:
        """The text tokens of all turns."""
        return sum(turn.text_tokens for turn in self.turns)

    @property
    def tokens_after(self) -> int:
        """The text tokens of the turns that stay text, and the vision tokens of the images."""
        text_tokens = sum(turn.text_tokens for turn in self.turns if turn.mode == "text")
        return text_tokens + self.vision_tokens

    @property
    def vision_tokens(self) -> int:
        """The vision tokens of the images."""
        return sum(shown.vision_tokens for shown in self.images)


@dataclass(frozen=True, slots=True)
class RasteredPage:
    """The result of rasterising one page.

    Args:
        image: None if the page failed or is a conversation.
        image_hash: 32 bytes.
        layer: the reading of the text layer, if routing chose it; of a made page, its text.
        layer_reason: why routing did not choose the text layer; None if it looked for none.
        doubted: the reading of a text layer that is taken only if an engine's bears it out.
        error: why the page failed; then it is not read.
        maker: how a made page was made.
        conversation: the images and turns of a page that is a conversation.
        taken: the reading of a page that is taken from another dataset.
        rotation: by how many degrees clockwise the displayed page was turned for `image` and the
            boxes of `layer`, after it was mirrored left to right if it `is_mirrored`.
        large: the same picture, larger, where `image` is too small for the page's print.
        hidden: what the text layer says and the picture does not show; None without a text layer.
    """

    page_id: str
    image: PageImage | None = None
    ink_share: float = 0.0
    image_hash: bytes = b""
    layer: Reading | None = None
    layer_reason: str | None = None
    doubted: Reading | None = None
    error: PageError | None = None
    maker: Maker | None = None
    conversation: Conversation | None = None
    taken: PageReading | None = None
    rotation: int = 0
    is_mirrored: bool = False
    large: PageImage | None = None
    hidden: HiddenText | None = None

    @property
    def needs_engine(self) -> bool:
        """Whether an engine has to read this page."""
        return self.error is None and self.layer is None


@dataclass(frozen=True, slots=True)
class PageReading:
    """A page's final reading and the attempts that led to it.

    `engine`, `model`, `model_revision`, `mode` and `task` say how the text was made; `text_source`
    is `ocr`, `text_layer`, `rendered` or `synthetic`. `rotation` is by how many degrees clockwise
    the displayed page was turned to be upright. `image` is the turned image, if the replica turned
    the rasterised one.
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
