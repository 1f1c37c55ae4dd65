"""The Markdown that engines write, as tokens: CommonMark, tables, formulas, HTML tables. Pure.

Four rules are added to those of markdown-it: formulas in a line, between dollars or round brackets
with backslashes; formulas on lines of their own, between two dollars or square ones; tables of
HTML; and `<sup>`, `<sub>`, `<br>`. All other HTML is text.
"""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

MOST_NESTING = 40
_LONGEST_FORMULA = 2_000
_ENDS = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "$": "$"}
_RAISED = re.compile(r"<(sup|sub)>([^<>\n]{0,200})</\1>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s{0,4}/?>", re.IGNORECASE)
_TABLE = re.compile(r"<table\b", re.IGNORECASE)
_TABLE_EDGE = re.compile(r"<(/?)table\b[^<>]{0,1000}>", re.IGNORECASE)


@cache
def parser(has_formulas: bool = True) -> MarkdownIt:
    """The parser; one for all texts, as it holds nothing of them.

    Without formulas, `$` and brackets with backslashes are what CommonMark says.
    """
    made = MarkdownIt("commonmark", {"maxNesting": MOST_NESTING, "html": False})
    made.enable(["table", "strikethrough"])
    ends: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    if has_formulas:
        made.block.ruler.before("fence", "formula_block", _formula_block, ends)
        made.inline.ruler.before("escape", "formula", _formula)
    made.block.ruler.before("fence", "html_table", _html_table, ends)
    made.inline.ruler.before("autolink", "raised", _raised)
    return made


def _formula_block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    r"""`$$` or `\[` at the start of a line, up to its end mark at the end of a line."""
    start = state.bMarks[first] + state.tShift[first]
    opening = state.src[start : start + 2]
    if opening not in ("$$", "\\[") or state.is_code_block(first):
        return False
    closing = _ENDS[opening]
    for line in range(first, min(last, first + 200)):
        end = state.eMarks[line]
        text = state.src[start + 2 : end].rstrip()
        if line > first and state.sCount[line] < state.blkIndent:
            return False
        if len(text) > _LONGEST_FORMULA:
            return False
        if text.endswith(closing) and text != closing[: len(text)] + opening:
            if not silent:
                token = state.push("formula_block", "", 0)
                token.content = text[: -len(closing)].strip()
                token.map = [first, line + 1]
                state.line = line + 1
            return True
    return False


def _html_table(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """`<table` at the start of a line, up to the line that ends it, or to the end."""
    start = state.bMarks[first] + state.tShift[first]
    if not _TABLE.match(state.src, start) or state.is_code_block(first):
        return False
    if silent:
        return True
    depth, line = 0, first
    while line < last:
        edges = _TABLE_EDGE.findall(state.src, state.bMarks[line], state.eMarks[line])
        depth += sum(-1 if slash else 1 for slash in edges)
        line += 1
        if depth <= 0:
            break
    token = state.push("html_table", "", 0)
    token.content = state.getLines(first, line, state.blkIndent, False)
    token.map = [first, line]
    state.line = line
    return True


def _formula(state: StateInline, silent: bool) -> bool:
    src, start = state.src, state.pos
    opening = next((mark for mark in _ENDS if src.startswith(mark, start)), None)
    if opening is None:
        return False
    inner = start + len(opening)
    end = _end_of_formula(src, inner, min(state.posMax, inner + _LONGEST_FORMULA), opening)
    if end < 0:
        return False
    if not silent:
        kind = "displayed_formula" if opening in ("$$", "\\[") else "formula"
        state.push(kind, "", 0).content = src[inner:end]
    state.pos = end + len(_ENDS[opening])
    return True


def _end_of_formula(src: str, start: int, stop: int, opening: str) -> int:
    """Where the end mark begins; -1 without one.

    A dollar opens before no space and closes after none and before no digit, as in Pandoc: two
    prices in a line are no formula.
    """
    closing = _ENDS[opening]
    end = src.find(closing, start, stop)
    if opening != "$":
        return end if src[start:end].strip() else -1
    if src[start : start + 1].isspace():
        return -1
    while end >= 0 and (src[end - 1] == "\\" or end == start):
        end = src.find(closing, end + 1, stop)
    is_closed = end > start and not src[end - 1].isspace() and not src[end + 1 : end + 2].isdigit()
    return end if is_closed else -1


def _raised(state: StateInline, silent: bool) -> bool:
    """`<sup>…</sup>`, `<sub>…</sub>` and `<br>`."""
    if line_break := _BREAK.match(state.src, state.pos):
        if not silent:
            state.push("hardbreak", "br", 0)
        state.pos = line_break.end()
        return True
    found = _RAISED.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        state.push("raised", found[1].lower(), 0).content = found[2]
    state.pos = found.end()
    return True
