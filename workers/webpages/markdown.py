"""Markdown of documents as HTML that a browser can be given. Pure.

A text is a document's, so it is not trusted. markdown-it makes tokens of it, with HTML as text, and
only what is written here is made of them: known elements without attributes of the document's, but
for addresses of `http` and `https`. Nothing is loaded from elsewhere. Formulas become MathML, HTML
tables tables, links to crops their pictures.

    markdown_html("**Oil** in $m^3$")       # '<p><strong>Oil</strong> in <math …>…</math></p>'

Length and nesting are bounded: what is past the bounds is shown as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from markdown_it.token import Token

from workers.webpages.formulas import formula
from workers.webpages.markdown_parser import MOST_NESTING, parser
from workers.webpages.tables import table_of_html
from workers.webpages.visible import shown, unmarked

MOST_CHARS = 50_000
"""How much of a text is read as Markdown. Pages have thousands of characters; a hostile one takes
the parser 40 µs for each."""


@dataclass(frozen=True, slots=True)
class CropAddress:
    """Where a crop's picture lies, and the page that shows it."""

    picture: str
    page: str


CropAddresses = Callable[[str], CropAddress | None]
"""The addresses of the crop that a text links to as `crops/` and this path; None where none is."""

# By the token's tag. The headings of a text lie below those of the page that shows it.
_BLOCKS = {
    **{name: name for name in ("p", "blockquote", "ul", "ol", "li", "tr", "th", "td")},
    **{name: name for name in ("thead", "tbody")},
    **{"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"},
}
_INLINE = {"strong": "strong", "em": "em", "s": "s"}
_LONGEST_ADDRESS = 2_000
_ALIGNED = re.compile(r"text-align:(left|center|right)")


def markdown_html(
    text: str, crops: CropAddresses = lambda path: None, has_formulas: bool = True
) -> str:
    """A text in Markdown as HTML, in blocks.

    Args:
        has_formulas: the text may hold LaTeX, as engines write it.
    """
    head, rest = text[:MOST_CHARS], text[MOST_CHARS:]
    tokens = parser(has_formulas).parse(head)
    if _deepest(tokens) >= MOST_NESTING - 1:
        return plain_html(text)
    return _Writer(crops).blocks(tokens) + (plain_html(rest) if rest else "")


def inline_html(text: str, crops: CropAddresses = lambda path: None) -> str:
    """A text without blocks, such as a cell's, as HTML."""
    if len(text) > MOST_CHARS:
        return shown(text)
    tokens = parser().parseInline(text)
    return _Writer(crops).blocks(tokens) if _deepest(tokens) < MOST_NESTING - 1 else shown(text)


def plain_html(text: str) -> str:
    """A text as it stands, without looking for marks in it."""
    return f'<pre dir="auto">{shown(text)}</pre>'


def _deepest(tokens: Sequence[Token]) -> int:
    levels = (max([token.level, *(c.level for c in token.children or ())]) for token in tokens)
    return max(levels, default=0)


class _Writer:
    """Writes the tokens of one text; holds which links are open, as not all become elements."""

    def __init__(self, crops: CropAddresses) -> None:
        self._crops = crops
        self._links: list[bool] = []

    def blocks(self, tokens: Sequence[Token]) -> str:
        return "".join(map(self._token, tokens))

    def _token(self, token: Token) -> str:
        if token.type == "inline":
            return self.blocks(token.children or ())
        if token.type in ("paragraph_open", "paragraph_close") and token.hidden:
            return ""
        write = _WRITERS.get(token.type)
        if write is not None:
            return write(self, token)
        if token.tag in _BLOCKS and token.nesting:
            return _block(token)
        if token.tag in _INLINE and token.nesting:
            return f"<{'/' * (token.nesting < 0)}{_INLINE[token.tag]}>"
        return shown(token.content)

    def _text(self, token: Token) -> str:
        return shown(token.content)

    def _code(self, token: Token) -> str:
        return f'<code dir="auto">{shown(token.content)}</code>'

    def _code_block(self, token: Token) -> str:
        return f'<pre dir="auto"><code>{shown(token.content)}</code></pre>'

    def _formula(self, token: Token) -> str:
        return formula(token.content)

    def _displayed_formula(self, token: Token) -> str:
        return f'<span class="formula">{formula(token.content, is_block=True)}</span>'

    def _formula_block(self, token: Token) -> str:
        return f'<div class="formula">{formula(token.content, is_block=True)}</div>'

    def _table(self, token: Token) -> str:
        return table_of_html(token.content, lambda text: inline_html(text, self._crops))

    def _raised(self, token: Token) -> str:
        return f"<{token.tag}>{shown(token.content)}</{token.tag}>"

    def _link_open(self, token: Token) -> str:
        address = str(token.attrs.get("href", ""))
        self._links.append(is_safe_address(address))
        if not self._links[-1]:
            return f'<span class="dead-link" title="{escape(unmarked(address))}">'
        return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow" target="_blank">'

    def _link_close(self, token: Token) -> str:
        return "</a>" if self._links.pop() else "</span>"

    def _image(self, token: Token) -> str:
        address = str(token.attrs.get("src", ""))
        alt = unmarked(token.content)
        crop = self._crops(address.removeprefix("crops/")) if address[:6] == "crops/" else None
        if crop is None:
            title = f' title="{escape(unmarked(address))}"' if address else ""
            return f'<span class="no-picture"{title}>{escape(alt) or "picture"}</span>'
        picture = f'<img src="{escape(crop.picture)}" alt="{escape(alt)}" loading="lazy">'
        return f'<a class="crop" href="{escape(crop.page)}">{picture}</a>'


def _block(token: Token) -> str:
    name = _BLOCKS[token.tag]
    if token.nesting < 0:
        return f"</{name}>"
    attributes = "" if name in ("ul", "ol", "tr", "thead", "tbody") else ' dir="auto"'
    start = token.attrs.get("start")
    if name == "ol" and isinstance(start, int):
        attributes += f' start="{start}"'
    aligned = _ALIGNED.fullmatch(str(token.attrs.get("style", "")))
    if aligned:
        attributes += f' class="{aligned[1]}"'
    return f"<{name}{attributes}>"


def is_safe_address(address: str) -> bool:
    """Whether an address of a document may be a link: of the web, and not too long to be one."""
    if len(address) > _LONGEST_ADDRESS:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


_WRITERS: dict[str, Callable[[_Writer, Token], str]] = {
    "text": _Writer._text,
    "html_inline": _Writer._text,
    "code_inline": _Writer._code,
    "code_block": _Writer._code_block,
    "fence": _Writer._code_block,
    "formula": _Writer._formula,
    "displayed_formula": _Writer._displayed_formula,
    "formula_block": _Writer._formula_block,
    "html_table": _Writer._table,
    "raised": _Writer._raised,
    "image": _Writer._image,
    "link_open": _Writer._link_open,
    "link_close": _Writer._link_close,
    "softbreak": lambda writer, token: "\n",
    "hardbreak": lambda writer, token: "<br>",
    "hr": lambda writer, token: "<hr>",
    "table_open": lambda writer, token: '<table dir="auto">',
    "table_close": lambda writer, token: "</table>",
}
