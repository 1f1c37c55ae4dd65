"""Turns the simple HTML that models write for a page into Markdown, tag by tag.

Models forget end tags and write `a < b` as it is. So no tree is built: a block ends where the next
one begins, and only known tags are tags. Tables stay HTML, with spans as their only attributes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from workers.engines.grammars.marks import fenced, list_item

# name: (slash, name, attributes). Quotes are bounded, so that time stays linear.
_TAG = re.compile(
    r"<(/?)([a-z][a-z0-9]{0,9})((?:\s(?:[^<>\"']|\"[^\"]{0,4000}\"|'[^']{0,4000}'){0,5000})?)/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_GAPS = re.compile(" {2,}")
_SPACES = re.compile(r"\s+")

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCKS = frozenset({"p", "div", "form", "label", *_HEADINGS})
_CELLS = frozenset({"table", "tr", "th", "td", "caption"})
_ROWS_OF = frozenset({"thead", "tbody", "tfoot"})
_MARKS = {
    **dict.fromkeys(("b", "strong"), ("**", "**")),
    **dict.fromkeys(("i", "em"), ("*", "*")),
    "del": ("~~", "~~"),
    "code": ("`", "`"),
    "sup": ("<sup>", "</sup>"),
    "sub": ("<sub>", "</sub>"),
    **dict.fromkeys(("u", "small", "big", "span", "a", "chem"), ("", "")),
}
_OTHERS = frozenset({"math", "br", "hr", "img", "input", "pre", "ul", "ol", "li"})
_NAMES = frozenset({*_BLOCKS, *_CELLS, *_ROWS_OF, *_MARKS, *_OTHERS})
_MOST_LISTS = 5  # deeper lists are not indented more, or hostile output would grow quadratically


class Tag:
    """A tag: its name in lower case, whether it is an end tag, its attributes, and all of it."""

    def __init__(self, match: re.Match[str]) -> None:
        self.name = match[2].lower()
        self.is_end = bool(match[1])
        self._attributes = match[3]
        self.whole = match[0]

    def attribute(self, name: str) -> str:
        """The value of an attribute, empty if there is none."""
        found = re.search(
            rf"\s{name}\s{{0,4}}=\s{{0,4}}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))",
            self._attributes,
            re.IGNORECASE,
        )
        return unescaped(next(filter(None, found.groups()), "")) if found else ""

    def has(self, name: str) -> bool:
        """Whether the attribute is there, with a value or without."""
        return re.search(rf"\s{name}\b", self._attributes, re.IGNORECASE) is not None


def pieces(text: str) -> Iterator[Tag | str]:
    """The known tags of `text` and the texts between them, in order."""
    start = 0
    for match in _TAG.finditer(text):
        if match[2].lower() in _NAMES:
            if match.start() > start:
                yield text[start : match.start()]
            yield Tag(match)
            start = match.end()
    if start < len(text):
        yield text[start:]


def unescaped(text: str) -> str:
    """`text` with its entities as characters."""
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


class MarkdownWriter:
    """Writes Markdown from the pieces of HTML that it is given.

    With `is_bare`, text outside all elements is Markdown already and stays as it is.
    """

    def __init__(self, is_bare: bool) -> None:
        self._is_bare = is_bare
        self._done: list[tuple[str, bool]] = []  # paragraphs, and whether each is a list's item
        self._line: list[str] = []
        self._marker = ""
        self._open = 0  # of blocks
        self._lists: list[int | None] = []  # the numbers of the open ones' last items
        self._formula: list[str] | None = None
        self._mark = "$"
        self._code: list[str] | None = None
        self._tables = 0

    def add(self, piece: Tag | str) -> None:
        """Write the next piece."""
        if isinstance(piece, str):
            self._add_text(piece)
        elif self._formula is not None:
            self._add_to_formula(piece)
        elif self._code is not None:
            self._add_to_code(piece)
        elif piece.name == "math":
            self._begin_formula(piece)
        elif self._tables or piece.name in _CELLS:
            self._add_to_table(piece)
        else:
            self._add_tag(piece)

    def markdown(self) -> str:
        """All that was written; open elements end here."""
        self._end_formula()
        self._end_code()
        if self._tables:
            self._line.append("</table>")
            self._tables = 0
        self._end_paragraph()
        parts: list[str] = []
        was_item = False
        for text, is_item in self._done:
            parts += [("\n" if is_item and was_item else "\n\n") if parts else "", text]
            was_item = is_item
        return "".join(parts)

    def _add_text(self, text: str) -> None:
        if self._formula is not None:
            self._formula.append(unescaped(text))
        elif self._code is not None:
            self._code.append(unescaped(text))
        elif self._tables:
            self._line.append(_SPACES.sub(" ", text))
        elif self._is_bare and not self._open:
            self._line.append(text)
        else:
            self._line.append(_SPACES.sub(" ", unescaped(text)))

    def _add_tag(self, tag: Tag) -> None:
        if tag.name in _MARKS:
            self._line.append(_MARKS[tag.name][tag.is_end])
        elif tag.name in _BLOCKS:
            self._add_block(tag)
        elif tag.name in ("ul", "ol"):
            self._add_list(tag)
        elif tag.name == "li":
            self._add_item(tag)
        elif tag.name == "pre" and not tag.is_end:
            self._end_paragraph()
            self._code = []
        elif tag.name == "hr":
            self._end_paragraph()
        else:
            self._line.append(_character(tag, line_break="\n"))

    def _add_block(self, tag: Tag) -> None:
        is_in_item = tag.name == "p" and bool(self._marker) and not "".join(self._line).strip()
        if not is_in_item:
            self._end_paragraph()
        self._open = max(self._open + (-1 if tag.is_end else 1), 0)
        if tag.name in _HEADINGS and not tag.is_end:
            self._marker = f"{_HEADINGS[tag.name]} "

    def _add_list(self, tag: Tag) -> None:
        self._end_paragraph()
        if not tag.is_end:
            self._lists.append(0 if tag.name == "ol" else None)
        elif self._lists:
            self._lists.pop()

    def _add_item(self, tag: Tag) -> None:
        self._end_paragraph()
        self._open = max(self._open + (-1 if tag.is_end else 1), 0)
        if tag.is_end:
            return
        indent = "   " * (min(len(self._lists), _MOST_LISTS) - 1)
        if self._lists and (number := self._lists[-1]) is not None:
            self._lists[-1] = number + 1
            self._marker = f"{indent}{number + 1}. "
        else:
            self._marker = f"{indent}- "

    def _end_paragraph(self) -> None:
        text = "".join(self._line).strip()
        self._line = []
        if not text:
            return
        if not self._is_bare:
            text = _GAPS.sub(" ", text)  # where one piece ended and the next began with a space
        is_item = self._marker.endswith(("- ", ". "))
        self._done.append(
            (list_item(text, self._marker) if is_item else self._marker + text, is_item)
        )
        self._marker = ""

    def _begin_formula(self, tag: Tag) -> None:
        if tag.is_end:
            return
        self._formula = []
        is_block = tag.attribute("display").lower() == "block" and not self._tables
        self._mark = "$$" if is_block else "$"
        if is_block and not self._marker:
            self._end_paragraph()

    def _add_to_formula(self, tag: Tag) -> None:
        assert self._formula is not None
        if tag.name == "math" and tag.is_end:
            self._end_formula()
        else:
            self._formula.append(tag.whole)

    def _end_formula(self) -> None:
        if self._formula is None:
            return
        text = "".join(self._formula).strip()
        self._formula = None
        if text:
            self._line.append(f"{self._mark}{text}{self._mark}")
        if self._mark == "$$":
            self._end_paragraph()

    def _add_to_code(self, tag: Tag) -> None:
        assert self._code is not None
        if tag.name == "pre" and tag.is_end:
            self._end_code()
        elif tag.name == "br":
            self._code.append("\n")
        elif tag.name != "code":
            self._code.append(tag.whole)

    def _end_code(self) -> None:
        if self._code is None:
            return
        text = "".join(self._code).strip("\n").rstrip()
        self._code = None
        if text:
            self._done.append((fenced(text), False))

    def _add_to_table(self, tag: Tag) -> None:
        if tag.name == "table" and not tag.is_end:
            if not self._tables:
                self._end_paragraph()
            self._tables += 1
        elif not self._tables:
            return  # a cell without a table: its text stays
        if tag.name in _CELLS:
            self._line.append(_cell_tag(tag))
        elif tag.name in ("sup", "sub"):
            self._line.append(_MARKS[tag.name][tag.is_end])
        elif tag.name not in (*_MARKS, *_ROWS_OF):
            self._line.append(_character(tag, line_break="<br>"))
        if tag.name == "table" and tag.is_end:
            self._tables -= 1
            if not self._tables:
                self._end_paragraph()


def _cell_tag(tag: Tag) -> str:
    if tag.is_end:
        return f"</{tag.name}>"
    spans = (
        f' {name}="{value}"'
        for name in ("rowspan", "colspan")
        if re.fullmatch("[0-9]{1,3}", value := tag.attribute(name)) and value not in ("0", "1")
    )
    return f"<{tag.name}{''.join(spans)}>"


def _character(tag: Tag, line_break: str) -> str:
    """What stands for a tag within a line; a space for one that only separates words."""
    if tag.name == "br":
        return line_break
    if tag.name == "img":
        alt = re.sub(r"[\[\]\s]+", " ", tag.attribute("alt")).strip()
        return f"![{alt}]()" if alt else ""
    if tag.name == "input":
        if tag.attribute("type").lower() in ("checkbox", "radio"):
            return "[x] " if tag.has("checked") else "[ ] "
        return tag.attribute("value")
    return " "
