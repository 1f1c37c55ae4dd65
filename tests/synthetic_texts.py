"""Short texts in many scripts, and long ones made of their sentences, for tests of typesetting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.random import Generator

from workers.synthetic.sampling import pick, within
from workers.synthetic.text.blocks import Run, TextBlock
from workers.synthetic.text.markdown import markdown_blocks, plain_blocks

# Article 1 of the Universal Declaration of Human Rights, and sentences of our own with figures,
# brackets and foreign words, near which the order of characters is easily lost.
SENTENCES: Mapping[str, Sequence[str]] = {
    "latin": (
        "All human beings are born free and equal in dignity and rights.",
        "The office’s naïve fiancé paid €12,50 (≈ £10.70) – “difficult”, said Ångström…",
        "See https://example.org/a/rather/long/path?with=parameters&and=more#than-one-line-holds.",
        "Donaudampfschifffahrtsgesellschaftskapitän; dříve, şimdi, Việt Nam, też, õhtu.",
    ),
    "greek": (
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
        "Το 1948, στο Παρίσι (Paris), ψηφίστηκε: «ναι»· ποιος όμως;",
    ),
    "cyrillic": (
        "Все люди рождаются свободными и равными в своём достоинстве и правах.",
        "В 1948 году, № 217 (Paris): «да» — ответили все; Україна, їжак, ґанок.",
    ),
    "chinese": (
        "人人生而自由,在尊严和权利上一律平等。",
        "他们赋有理性和良心,并应以兄弟关系的精神相对待。",
        "「引用」《世界人权宣言》于 1948 年(Paris)通过,共三十条。",
    ),
    "japanese": (
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
        "コンピューターで1948年の「宣言」をPDFにした。",
    ),
    "korean": (
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
        "1948년 파리(Paris)에서 채택된 “선언”은 모두 30조이다.",
    ),
    "arabic": (
        "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق، وقد وهبوا عقلاً وضميرًا.",
        "في سنة ١٩٤٨ (أو 1948) بباريس، PDF رقم 217؛ هل قرأته؟ لا إله إلا الله.",
    ),
    "hebrew": (
        "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם.",
        "בשנת 1948 (בפריז, Paris) התקבלה „ההכרזה” ובה 30 סעיפים; שָׁלוֹם!",
    ),
    "devanagari": (
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
        "सन् १९४८ (1948) में पेरिस में; क्षत्रिय, ज्ञान, श्रृंगार और PDF भी।",
    ),
    "thai": (
        "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
        "ต่างมีเหตุผลและมโนธรรมและควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ ปี 1948 (๒๔๙๑)",
    ),
}

MARKDOWN = """# The catalogue of the *harbour* archive

Ships **came in** and _went out_; the clerk wrote `name, tons, cargo` of each.

## What is in it

- ledgers of 1848–1907, bound in calf
  - with an index
- letters
  1. in English
  2. in Norwegian: æ, ø, å

> A ledger is a promise,
> kept for others to read.

```python
def tons(entries):
    # the sum of all   columns
    return sum(entry["tons"] for entry in entries if entry)
```

### How to read it

See [the guide](https://example.org/guide). Pages 3–5 are damp.
"""

CODE = '''from dataclasses import dataclass

@dataclass(frozen=True)
class Ledger:
\tname: str      # tabs and  spaces
\ttons: float = 0.0

def total(ledgers: list[Ledger], *, floor: float = 1e-3) -> float:
    """The sum; "quotes", <tags> & {braces} | pipes \\\\ backslashes ~ `ticks`."""
    return sum(l.tons for l in ledgers if l.tons > floor and not l.name.startswith("__"))
'''

KINDS = (*SENTENCES, "code", "markdown")


def text_blocks(kind: str, rng: Generator, sentences: int = 40) -> tuple[TextBlock, ...]:
    """Blocks of one kind: about `sentences` sentences in paragraphs of random length."""
    if kind == "markdown":
        return markdown_blocks(MARKDOWN * max(sentences // 12, 1))
    if kind == "code":
        return (TextBlock("code", (Run(CODE * max(sentences // 8, 1)),)),)
    paragraphs = []
    while sentences > 0:
        length = within(rng, (1, min(8, sentences)))
        space = "" if kind in ("chinese", "japanese") else " "
        paragraphs.append(space.join(pick(rng, SENTENCES[kind]) for _ in range(length)))
        sentences -= length
    return plain_blocks("\n\n".join(paragraphs))
