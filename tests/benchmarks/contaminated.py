"""Made pages in which items of a made benchmark are planted, for `decontamination`."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pymupdf
from PIL import Image
from rapidfuzz.distance import Levenshtein

from schemas.degrade import LEVELS, Degrade
from schemas.pages import PageImage
from tests.made_prose import in_lines, made_words
from workers.engines.rapidocr import RapidOcrEngine
from workers.policies.decontamination.letters import as_text, letters_of
from workers.synthetic.degrade import degrade
from workers.text.documents import DocumentText, PageText, join_pages

PAGE_WORDS = 300
FONTS = ("tiro", "helv", "cour", "tibo")
EDGE_PX = 1280
WORN = Degrade(
    skew_degrees=1.5,
    blur_px=1.3,
    bleed_px=0.8,
    fade=0.55,
    noise=25,
    jpeg=88,
    shadow=0.5,
    tint=1,
)
SCANS = {name: Degrade.model_validate(name) for name in LEVELS} | {"worn": WORN}
"""How degraded the scanned pages are. The last level is beyond what a recipe may name."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class MadeItem:
    """A question of 30 to 90 words and an answer of 3 to 40."""

    question: list[str]
    answer: list[str]

    @classmethod
    def draw(cls, rng: random.Random) -> MadeItem:
        return cls(made_words(rng, rng.randint(30, 90)), made_words(rng, rng.randint(3, 40)))

    @property
    def texts(self) -> tuple[str, str]:
        return " ".join(self.question), " ".join(self.answer)


@dataclass
class Planted:
    """Texts of one kind; text `n` has item `n`. `wrong` is the share of wrong letters of a scan."""

    texts: list[str] = field(default_factory=list)
    wrong: list[float] = field(default_factory=list)


def around(rng: random.Random, middle: list[str] | str) -> str:
    """A page of prose with something in its middle: words, or blocks of their own."""
    words = len(middle) if isinstance(middle, list) else 60
    before = rng.randint(0, PAGE_WORDS - words)
    head, tail = made_words(rng, before + 1), made_words(rng, PAGE_WORDS - words - before)
    if isinstance(middle, list):
        return in_lines([*head, *middle, *tail], rng=rng)
    return f"{in_lines(head, rng=rng)}\n\n{middle}\n\n{in_lines(tail, rng=rng)}"


def full(rng: random.Random, item: MadeItem) -> str:
    return around(rng, [*item.question, "Answer:", *item.answer])


def cut(rng: random.Random, item: MadeItem) -> str:
    count = round(len(item.question) * rng.uniform(0.5, 0.8))
    start = rng.randint(0, len(item.question) - count)
    return around(rng, item.question[start : start + count])


def paraphrased(rng: random.Random, item: MadeItem) -> str:
    changed = list(item.question)
    for place in rng.sample(range(len(changed)), round(0.1 * len(changed))):
        changed[place] = made_words(rng, 1)[0]
    return around(rng, changed)


def in_table(rng: random.Random, item: MadeItem) -> str:
    words, rows = list(item.question), ["| No. | Text | Note |", "|---|---|---|"]
    while words:
        first, second = rng.randint(2, 9), rng.randint(1, 5)
        cells = " ".join(words[:first]), " ".join(words[first : first + second])
        rows.append(f"| {len(rows) - 1} | {cells[0]} | {cells[1]} |")
        words = words[first + second :]
    return around(rng, "\n".join(rows))


@dataclass
class Broken:
    """Two pages, and what of an item's question stands at the foot of one and the head of the
    other."""

    pages: tuple[str, str]
    halves: tuple[str, str]

    @classmethod
    def draw(cls, rng: random.Random, item: MadeItem) -> Broken:
        place = rng.randint(5, len(item.question) - 5)
        number = rng.randint(2, 300)
        foot, head = f"Survey of the Orrin Water    {number}", f"{number + 1}    Chapter 3"
        first, last = item.question[:place], item.question[place:]
        pages = (
            in_lines([*made_words(rng, 150), *first], rng=rng) + f"\n\n{foot}",
            f"{head}\n\n" + in_lines([*last, *made_words(rng, 150)], rng=rng),
        )
        return cls(pages, (" ".join(first), " ".join(last)))

    @property
    def document(self) -> DocumentText:
        return join_pages([PageText(page) for page in self.pages])


def over_a_break(rng: random.Random, item: MadeItem) -> str:
    return Broken.draw(rng, item).document.text


def noisy(rng: random.Random, item: MadeItem) -> str:
    """The noise of a bad scan: 1 to 8 % of the letters wrong, and 5 % of the spaces lost."""
    share = rng.uniform(0.01, 0.08)
    out = []
    for char in full(rng, item):
        draw = rng.random()
        if char == " ":
            out.append("" if draw < 0.05 else char)
        elif not char.isalnum() or draw >= share:
            out.append(char)
        elif draw < 0.7 * share:
            out.append(rng.choice(LETTERS))
        else:
            out.append("" if draw < 0.85 * share else char + rng.choice("il1rn"))
    return "".join(out)


KINDS: Mapping[str, Callable[[random.Random, MadeItem], str]] = {
    "full": full,
    "cut to 50-80 %": cut,
    "paraphrased by 10 %": paraphrased,
    "over a page break": over_a_break,
    "in a table": in_table,
    "noise of OCR, a model": noisy,
}


def picture_of(text: str, font: str) -> Image.Image:
    page = pymupdf.open().new_page()
    for size_pt in (9, 8, 7):
        if page.insert_textbox((45, 45, 550, 800), text, fontsize=size_pt, fontname=font) >= 0:
            break
    zoom = EDGE_PX / max(page.rect.width, page.rect.height)
    pixels = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), alpha=False)
    return Image.frombytes("RGB", (pixels.width, pixels.height), pixels.samples)


def encoded(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()


def drawn(rng: random.Random, item: MadeItem, number: int) -> tuple[str, Image.Image]:
    """A page with the whole item: its text and its picture."""
    text = around(rng, [*item.question, "Answer:", *item.answer]).replace("-\n", "")
    return text, picture_of(" ".join(text.split()), FONTS[number % len(FONTS)])


def degraded(picture: Image.Image, level: str, number: int) -> Image.Image:
    return degrade(picture, np.random.default_rng(number), SCANS[level]).picture


def scanned(rng: random.Random, items: list[MadeItem], level: str) -> Planted:
    """Pages drawn, degraded and read with the default engine."""
    pages = [drawn(rng, item, number) for number, item in enumerate(items)]
    images = []
    for number, (_, picture) in enumerate(pages):
        scan = degraded(picture, level, number)
        images.append(PageImage(str(number), encoded(scan), scan.width, scan.height))
    texts = [reading.text for reading in RapidOcrEngine().read(images)]
    errors = [
        Levenshtein.normalized_distance(letters(text), letters(truth))
        for text, (truth, _) in zip(texts, pages, strict=True)
    ]
    return Planted(texts, errors)


def letters(text: str) -> str:
    return as_text(letters_of([text]).codes)
