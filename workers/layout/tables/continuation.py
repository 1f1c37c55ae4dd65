"""A table that goes on over a page's end, joined from the texts of its two parts. Pure."""

from __future__ import annotations

import re

_ROW = re.compile(r"<tr>.*?</tr>", re.S)
_HTML = re.compile(r"<table>(?:<thead>(?P<head>.*?)</thead>)?(?P<body>.*)</table>", re.S)
_CELL = re.compile(r"<t[dh](?P<attributes>[^>]*)>(?P<text>.*?)</t[dh]>", re.S)
_COLSPAN = re.compile(r'colspan="(\d+)"')
_PIPE_RULE = re.compile(r"^\|(?:\s*:?-+:?\s*\|)+$")
_PIPE = re.compile(r"(?<!\\)\|")


def continued(above: str, below: str) -> str | None:
    """One table of two that follow each other, as `write.markup` wrote them; None where they differ
    in their columns.

    A head that `below` repeats is left out. A pipe table takes its first row for a head, so the
    first row of `below` becomes a row like the others. The caller knows that only furniture stands
    between them.

    >>> continued("| a | b |\\n|---|---|\\n| 1 | 2 |", "| a | b |\\n|---|---|\\n| 3 | 4 |")
    '| a | b |\\n|---|---|\\n| 1 | 2 |\\n| 3 | 4 |'
    """
    if above.startswith("|") and below.startswith("|"):
        return _pipes(above.split("\n"), below.split("\n"))
    first, second = _parsed(above), _parsed(below)
    if first is None or second is None or _columns(first) != _columns(second):
        return None
    head, rows = first
    repeated = _texts(head or rows[:1])
    more = [*second[0], *second[1]]
    if repeated == _texts(more[: len(repeated)]):
        more = more[len(repeated) :]
    else:
        more = [row.replace("<th", "<td").replace("</th>", "</td>") for row in more]
    body = "".join([*rows, *more])
    if not head:
        return f"<table>{body}</table>"
    return f"<table><thead>{''.join(head)}</thead><tbody>{body}</tbody></table>"


def _pipes(above: list[str], below: list[str]) -> str | None:
    if len(_PIPE.findall(above[0])) != len(_PIPE.findall(below[0])):
        return None
    rows = [row for row in below if not _PIPE_RULE.match(row)]
    if rows and rows[0] == above[0]:
        rows = rows[1:]
    return "\n".join([*above, *rows])


def _parsed(text: str) -> tuple[list[str], list[str]] | None:
    """The head's rows and the others, as HTML; None for what is no table."""
    if text.startswith("|"):
        head, *rest = (row for row in text.split("\n") if not _PIPE_RULE.match(row))
        return [_as_html(head, "th")], [_as_html(row, "td") for row in rest]
    found = _HTML.fullmatch(text)
    if found is None:
        return None
    head_rows = _ROW.findall(found["head"] or "")
    return head_rows, _ROW.findall(found["body"])


def _as_html(row: str, tag: str) -> str:
    cells = [cell.strip().replace("\\|", "|") for cell in _PIPE.split(row)[1:-1]]
    escaped = (c.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for c in cells)
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in escaped)}</tr>"


def _columns(parsed: tuple[list[str], list[str]]) -> int:
    """The columns of the grid, by the first row, above which no cell can reach down."""
    first = (parsed[0] or parsed[1] or [""])[0]
    spans = [_COLSPAN.search(cell["attributes"]) for cell in _CELL.finditer(first)]
    return sum(int(span[1]) if span else 1 for span in spans)


def _texts(rows: list[str]) -> list[list[str]]:
    return [[cell["text"] for cell in _CELL.finditer(row)] for row in rows]
