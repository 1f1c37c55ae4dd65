"""Pictures of lines whose places are known, and readers that know what they say."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from workers.engines.text_lines import Line

PAPER, INK = (250, 246, 236), (30, 30, 60)
LINE_PX, FONT_PX, LEFT = 40, 24, 20


@dataclass
class Drawn:
    """A picture of lines under each other, and its file."""

    picture: Image.Image
    data: bytes
    lines: list[Line]


def drawn(*texts: str, kind: str = "PNG") -> Drawn:
    picture = Image.new("RGB", (900, LINE_PX * len(texts) + 20), PAPER)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(FONT_PX)
    lines = []
    for number, text in enumerate(texts):
        top = 10 + number * LINE_PX
        draw.text((LEFT, top + 4), text, fill=INK, font=font)
        width = font.getlength(text)
        box = [(LEFT, top), (LEFT + width, top), (LEFT + width, top + 36), (LEFT, top + 36)]
        places = tuple(
            (font.getlength(text[:at]) + font.getlength(text[: at + 1])) / 2 / width
            for at in range(len(text))
        )
        lines.append(Line(np.array(box, np.float32), text, 0.99, False, places))
    return Drawn(picture, file_of(picture, kind), lines)


def file_of(picture: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


class Reader:
    """Reads a drawn picture: a line is there while its ink is, by halves of its characters."""

    def __init__(self, page: Drawn) -> None:
        self.page = page
        self.asked = 0

    def __call__(self, data: bytes) -> Sequence[Line]:
        self.asked += 1
        with Image.open(io.BytesIO(data)) as file:
            now = np.asarray(file.convert("L")).astype(int)
        before = np.asarray(self.page.picture.convert("L")).astype(int)
        read = []
        for line in self.page.lines:
            x0, y0, x1, y1 = (int(side) for side in (*line.corners[0], *line.corners[2]))
            width = x1 - x0
            kept = ""
            for sign, place in zip(line.text, line.places, strict=True):
                column = x0 + round(place * width)
                part = slice(y0, y1), slice(max(column - 3, 0), column + 4)
                kept += sign if sign == " " or (now[part] == before[part]).all() else "~"
            read.append(line._replace(text=kept))
        return read
