"""A gallery of samples as one HTML file: pictures with their blocks, beside their texts. Pure.

Of a conversation it shows the messages in order, each image with its mode and its cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Literal, NotRequired, TypedDict, cast

from schemas.labels import is_furniture
from schemas.page_text import blocks_of_text
from workers.webpages.tables import CellRow, table_of_cells
from workers.webpages.webpage import embedded, webpage

_STYLE = """
.sample { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; align-items: start }
.picture { position: relative; border: 1px solid #d8dee4 }
.picture img { width: 100%; display: block }
.picture div { position: absolute; box-sizing: border-box; border: 1.5px solid #0969da88 }
.picture div b { position: absolute; right: 100%; font: .6rem sans-serif; color: #0969da;
      background: #ffffffcc; white-space: nowrap }
.picture div.furniture { border-color: #8c959f88; background: #8c959f22 }
.picture div.furniture b { color: #6e7781 }
.text { font-size: .85rem; max-height: 60rem; overflow: auto; background: #f6f8fa; padding: .8rem }
.text pre { max-height: none; padding: 0; margin: 0 0 .8rem }
.text .furniture { opacity: .45 }
.text table { border-collapse: collapse; margin: 0 0 .8rem }
.text td { border: 1px solid #d0d7de; padding: .15rem .4rem; vertical-align: top }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; margin: 0;
      max-height: 60rem; overflow: auto; background: #f6f8fa; padding: .8rem }
.message { display: flex; flex-wrap: wrap; gap: .8rem; align-items: end; margin: .8rem 0 }
.message b { flex-basis: 100%; font-size: .85rem } .message pre { flex-basis: 100% }
figure { margin: 0; font-size: .75rem } figure img { width: 100%; border: 1px solid #d8dee4 }
@media (max-width: 60rem) { .sample { grid-template-columns: 1fr } }
"""


class Picture(TypedDict):
    """An image file, in the Hugging Face Image layout."""

    bytes: bytes
    path: str


class BlockRow(TypedDict):
    """A block of a page; `bbox` in fractions of the page, x0 y0 x1 y1. Tables have `cells`."""

    label: str
    bbox: Sequence[float]
    text: str
    cells: NotRequired[Sequence[CellRow] | None]


class QualityRow(TypedDict):
    """What the gallery shows of a page's quality."""

    coverage: NotRequired[float | None]


class PageRow(TypedDict):
    """The columns of `pages` that the gallery shows."""

    source_uri: str
    page_index: int
    image: Picture
    width: int
    height: int
    text: str
    text_source: str
    task: str
    engine: str
    mode: str
    blocks: Sequence[BlockRow]
    vision_tokens: int
    text_tokens: int
    compression: float
    quality: QualityRow


class Part(TypedDict):
    """A part of a message; an image's text is empty."""

    type: Literal["image", "text"]
    text: str


class Message(TypedDict):
    """A message of a conversation."""

    role: str
    content: Sequence[Part]


class Shown(TypedDict):
    """How an image of a conversation is shown to the model."""

    mode: str
    vision_tokens: int
    width: int


class ConversationRow(TypedDict):
    """The columns of `conversations` that the gallery shows."""

    source_uri: str
    messages: Sequence[Message]
    images: Sequence[Picture]
    shown: Sequence[Shown]
    turns: Sequence[object]
    tokens_before: int
    tokens_after: int
    ratio: float


def html(
    title: str,
    pages: Iterable[Mapping[str, object]],
    conversations: Iterable[Mapping[str, object]] = (),
) -> str:
    """The whole file, with rows of `pages` and of `conversations` in their order.

    Rows have at least the columns of `PageRow` and `ConversationRow`, as the tables define them.
    """
    sections = [
        *map(_page, cast("Iterable[PageRow]", pages)),
        *map(_conversation, cast("Iterable[ConversationRow]", conversations)),
    ]
    return webpage(title, _STYLE, "\n".join(sections))


def _page(row: PageRow) -> str:
    kind = " ".join(name for name in (row["engine"], row["mode"]) if name)
    facts = (
        f"{row['text_source']} · {row['task']} · {row['width']} x {row['height']} px · "
        f"{row['text_tokens']:,} text tokens / {row['vision_tokens']:,} vision tokens = "
        f"{row['compression']:.1f} · {_file(row['source_uri'])}, page {row['page_index'] + 1}"
    )
    coverage = row["quality"].get("coverage")
    if coverage is not None:
        facts += f" · coverage {coverage:.2f}"
    return (
        f"<section><h2>{escape(kind)}</h2><p>{escape(facts)}</p>"
        f'<div class="sample"><div class="picture">{_picture(row)}</div>'
        f'<div class="text">{_page_text(row)}</div></div></section>'
    )


def _page_text(row: PageRow) -> str:
    """The text in its blocks, with furniture dimmed and tables as tables."""
    blocks = cast("Sequence[BlockRow] | None", blocks_of_text(row))
    if blocks is None:
        return _text(row["text"])
    return "".join(map(_block, blocks))


def _block(block: BlockRow) -> str:
    if not block["text"]:
        return ""
    cells = block.get("cells")
    body = table_of_cells(cells) if cells else _text(block["text"])
    kind = ' class="furniture"' if is_furniture(block["label"]) else ""
    return f'<div{kind} title="{escape(block["label"])}">{body}</div>'


def _file(uri: str) -> str:
    # The folder is left out: a gallery may be passed on to people who must not know it.
    return uri.partition("#")[0].rpartition("/")[2]


def _picture(row: PageRow) -> str:
    return _embedded(row["image"]) + "".join(_box(block) for block in row["blocks"])


def _embedded(image: Picture) -> str:
    suffix = image["path"].rpartition(".")[2].replace("jpg", "jpeg")
    return embedded(image["bytes"], suffix)


def _conversation(row: ConversationRow) -> str:
    facts = (
        f"{len(row['turns'])} turns · {row['tokens_before']:,} tokens before / "
        f"{row['tokens_after']:,} after = {row['ratio']:.2f} · {_file(row['source_uri'])}"
    )
    pictures = zip(row["images"], row["shown"], strict=True)
    messages = []
    for message in row["messages"]:
        parts = [
            _image(*next(pictures)) if part["type"] == "image" else _text(part["text"])
            for part in message["content"]
        ]
        role = escape(message["role"])
        messages.append(f'<div class="message"><b>{role}</b>{"".join(parts)}</div>')
    return (
        f"<section><h2>conversation</h2><p>{escape(facts)}</p>"
        f'<div class="chat">{"".join(messages)}</div></section>'
    )


def _image(image: Picture, shown: Shown) -> str:
    # In proportion to the other images, so that faded ones are small.
    facts = f"{shown['mode']}, {shown['vision_tokens']} tokens"
    width = f"width:{shown['width'] / 6:.0f}px"
    return f'<figure style="{width}">{_embedded(image)}<figcaption>{facts}</figcaption></figure>'


def _text(text: str) -> str:
    return f'<pre dir="auto">{escape(text)}</pre>'


def _box(block: BlockRow) -> str:
    left, top, right, bottom = (100 * float(side) for side in block["bbox"])
    label = escape(block["label"])
    kind = ' class="furniture"' if is_furniture(block["label"]) else ""
    return (
        f'<div{kind} title="{label}" style="left:{left:.2f}%;top:{top:.2f}%;'
        f'width:{right - left:.2f}%;height:{bottom - top:.2f}%"><b>{label}</b></div>'
    )
