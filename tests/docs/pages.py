"""The README and the pages of the site, taken apart: code, links, and what marks a block."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.rglob("*.md"))]

_MARK = re.compile(r"<!-- (.+) -->")
_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the comment that stands before it."""

    page: Path
    line: int
    language: str
    text: str
    mark: str

    @property
    def name(self) -> str:
        """Where it stands, for the ids of tests."""
        return f"{self.page.relative_to(REPOSITORY)}:{self.line}"


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def blocks(page: Path) -> list[Block]:
    """The fenced and indented blocks of a page, in order."""
    found: list[Block] = []
    mark = ""
    for token in _PARSER.parse(page.read_text()):
        if token.type == "html_block":
            comment = _MARK.fullmatch(token.content.strip())
            mark = comment[1] if comment else ""
            continue
        if token.type in ("fence", "code_block"):
            line = token.map[0] + 1 if token.map else 0
            found.append(Block(page, line, token.info, token.content, mark))
        mark = ""
    return found


def inline(page: Path) -> list[Token]:
    """What stands within paragraphs, headings and cells."""
    tokens = _PARSER.parse(page.read_text())
    return [child for token in tokens for child in token.children or ()]


def spans(page: Path) -> list[str]:
    """The code within sentences, each in one line."""
    return [
        " ".join(token.content.split()) for token in inline(page) if token.type == "code_inline"
    ]


def code(page: Path) -> list[str]:
    """All code of a page: spans and blocks."""
    return [*spans(page), *(block.text for block in blocks(page))]


def targets(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    found = [token.attrGet("href") or token.attrGet("src") for token in inline(page)]
    return [str(target) for target in found if target]


ALL_BLOCKS = [block for page in PAGES for block in blocks(page)]
