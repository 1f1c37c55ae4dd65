"""Documents as text and pictures in reading order, in the columns of today's interleaved corpora.

`images` and `texts` are as long as each other, and at each place one of them is null, as in OBELICS
(https://huggingface.co/datasets/HuggingFaceM4/OBELICS) and MINT-1T; `metadata` has an entry a
place, and `general_metadata` is of the document, both as JSON. OBELICS has addresses in `images`;
here they hold the pictures themselves.

    images   null       picture    null       picture
    texts    "Intro…"   null       "As in…"   null

Pictures are crops, where the text links them, or the whole page before its text. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pyarrow as pa

from schemas.pages import CROP_LINK
from schemas.tables import IMAGE
from workers.exporting.values import json_bytes

Pictures = Literal["figures", "pages"]
Row = Mapping[str, Any]
Part = tuple[str | None, Row | None]
"""A text, or a row of `crops` or `pages`."""

OF_DOCUMENTS = (
    *("doc_id", "source_uri", "source", "page_count", "text", "page_indices", "page_offsets"),
    *("text_tokens", "language", "quality_score"),
)
"""The columns of `documents` that are needed."""
OF_PICTURES: Mapping[Pictures, tuple[str, ...]] = {
    "figures": ("doc_id", "page_index", "image", "crop_id", "label", "bbox", "width", "height",
                "text"),
    "pages": ("doc_id", "page_index", "image", "page_id", "width", "height"),
}  # fmt: skip
"""The columns of `crops` and of `pages` that are needed."""
TABLES: Mapping[Pictures, str] = {"figures": "crops", "pages": "pages"}

_STRING = {"dtype": "string", "_type": "Value"}
SCHEMA = pa.schema(
    [
        pa.field("doc_id", pa.string()),
        pa.field("images", pa.list_(IMAGE)),
        pa.field("texts", pa.list_(pa.string())),
        pa.field("metadata", pa.string()),
        pa.field("general_metadata", pa.string()),
    ],
    metadata={
        "huggingface": json.dumps(
            {
                "info": {
                    "features": {
                        "doc_id": _STRING,
                        "images": [{"_type": "Image"}],
                        "texts": [_STRING],
                        "metadata": _STRING,
                        "general_metadata": _STRING,
                    }
                }
            }
        )
    },
)


def interleaved(document: Row, pictures: Mapping[str, Row], which: Pictures) -> dict[str, Any]:
    """A document as a row of `SCHEMA`.

    Args:
        document: a row of `documents`, with the columns `OF_DOCUMENTS`.
        pictures: its crops by their paths, or its pages by their numbers, as text. One that is
            missing, of a page that was left out as a duplicate, has no place in the document.
    """
    parts = list((_with_figures if which == "figures" else _with_pages)(document, pictures))
    general = {
        name: value
        for name, value in document.items()
        if name not in ("text", "page_indices", "page_offsets")
    }
    return {
        "doc_id": document["doc_id"],
        "images": [None if picture is None else picture["image"] for _, picture in parts],
        "texts": [text for text, _ in parts],
        "metadata": json_bytes([_about(picture) for _, picture in parts]).decode(),
        "general_metadata": json_bytes(general).decode(),
    }


def _with_figures(document: Row, pictures: Mapping[str, Row]) -> Iterator[Part]:
    text: str = document["text"]
    start = 0
    pending = ""
    for link in CROP_LINK.finditer(text):
        pending += text[start : link.start()]
        start = link.end()
        if picture := pictures.get(link[2]):
            yield from _text(pending)
            pending = ""
            yield None, picture
    yield from _text(pending + text[start:])


def _with_pages(document: Row, pictures: Mapping[str, Row]) -> Iterator[Part]:
    text: str = document["text"]
    offsets = document["page_offsets"]
    for index, start, end in zip(
        document["page_indices"], offsets, [*offsets[1:], len(text)], strict=True
    ):
        if picture := pictures.get(str(index)):
            yield None, picture
        # Figures are on the page's picture.
        yield from _text(CROP_LINK.sub("", text[start:end]))


def _text(text: str) -> Iterator[Part]:
    if stripped := text.strip():
        yield stripped, None


def _about(picture: Row | None) -> dict[str, Any] | None:
    if picture is None:
        return None
    return {name: value for name, value in picture.items() if name not in ("image", "doc_id")}
