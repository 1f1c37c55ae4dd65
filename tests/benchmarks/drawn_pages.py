"""Pages to read, drawn without a corpus: words in one, two or three columns."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw, ImageFont

from schemas.pages import PageImage

WIDTH_PX, HEIGHT_PX = 990, 1280
WORDS = """
    inventory document page shard receipt pass reading engine replica mode sample reject publish
    dataset corpus token column heading figure table the of and to in is for with that on by an
    Every Quality Signature 1984 3.14 (compare) x=42 state-of-the-art e.g. 75% costs, holds; read:
"""


def drawn_page(number: int) -> PageImage:
    """A page of about 45 lines and 2,700 characters, JPEG of quality 92."""
    rng = random.Random(number)
    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), "white")
    draw = ImageDraw.Draw(image)
    vocabulary = WORDS.split()
    columns = rng.choice((1, 1, 2, 3))
    font = ImageFont.load_default(size=rng.choice((17, 18, 20)))
    line_px, gap_px = int(font.size * 1.45), 40
    width_px = (WIDTH_PX - 120 - gap_px * (columns - 1)) / columns
    for column in range(columns):
        x = 60 + column * (width_px + gap_px)
        for y in range(60, HEIGHT_PX - 60 - line_px, line_px):
            words = [rng.choice(vocabulary)]
            while font.getlength(" ".join(words)) < width_px:
                words.append(rng.choice(vocabulary))
            draw.text((x, y), " ".join(words[:-1]), fill="black", font=font)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=92)
    return PageImage(f"drawn/{number:05}", data.getvalue(), WIDTH_PX, HEIGHT_PX)
