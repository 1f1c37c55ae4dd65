"""LaTeX formulas as MathML, which browsers set without a script. Pure.

A formula is a document's, so it is not trusted: its length and its nesting are bounded, and of the
MathML only known elements with known attributes are written, each text escaped. What cannot be
converted is shown as its source.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from xml.etree.ElementTree import Element

from workers.webpages.visible import shown

_MOST_CHARS = 2_000
_MOST_NESTING = 60
_ELEMENTS = frozenset(
    {
        *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot"),
        *("mstyle", "mpadded", "msub", "msup", "msubsup", "munder", "mover", "munderover"),
        *("mmultiscripts", "mprescripts", "none", "mtable", "mtr", "mtd", "menclose", "merror"),
    }
)
_ATTRIBUTES = frozenset(
    {
        *("accent", "accentunder", "bevelled", "columnalign", "columnlines", "columnspacing"),
        *("display", "displaystyle", "fence", "form", "largeop", "linethickness", "lspace"),
        *("mathvariant", "maxsize", "minsize", "movablelimits", "notation", "rowlines"),
        *("rowspacing", "rspace", "scriptlevel", "separator", "stretchy", "symmetric"),
    }
)
_VALUE = re.compile(r"[\w.%+ -]{1,40}")


def formula(latex: str, is_block: bool = False) -> str:
    """A formula as `math`, or as `code` with its source where it is too long or no LaTeX.

    Args:
        latex: without its delimiters.
        is_block: stands on a line of its own.
    """
    converted = _mathml(latex.strip(), is_block) if len(latex) <= _MOST_CHARS else None
    return converted or f'<code class="formula" title="LaTeX">{shown(latex)}</code>'


@lru_cache(maxsize=2_048)
def _mathml(latex: str, is_block: bool) -> str | None:
    if not latex:
        return None
    from latex2mathml.converter import convert_to_element

    try:
        root = convert_to_element(latex, display="block" if is_block else "inline")
        return _written(root, _MOST_NESTING)
    except Exception:  # noqa: BLE001  # it raises whatever its parser meets; the source is shown
        return None


def _written(element: Element, levels: int) -> str:
    """An element as HTML; of an unknown one only its text and its children.

    Raises ValueError if it is nested deeper than some `levels`.
    """
    if not levels:
        raise ValueError("the formula is nested too deep")
    parts = [_text(element.text)]
    for child in element:
        parts += [_written(child, levels - 1), _text(child.tail)]
    inner = "".join(parts)
    if element.tag not in _ELEMENTS:
        return inner
    attributes = "".join(
        f' {name}="{value}"'
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and _VALUE.fullmatch(value)
    )
    return f"<{element.tag}{attributes}>{inner}</{element.tag}>"


def _text(text: str | None) -> str:
    # Signs stand there as references to characters.
    return shown(unescape(text or ""))
