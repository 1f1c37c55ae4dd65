"""How names, ids and page numbers are printed for people.

Pages are counted from 1 here, and nowhere else: in data and JSON `page_index` counts from 0.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from itertools import takewhile
from pathlib import Path

from rich.markup import escape
from rich.table import Table
from rich.text import Text

# Control characters other than tab and line feed, lone surrogates, changes of writing direction.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_MOST_NAME_CHARS = 40
# Not the hash in the name of a part, which follows a hyphen.
_ROW_ID = re.compile(r"(?<![\w-])([0-9a-f]{64})(?:/(\d{5,}))?(?:-(\d{2,}))?\b")


def as_printed(text: str) -> str:
    """Text from a file or a document, made safe to print: without markup or terminal commands.

    >>> as_printed("a\\x1b[2J.pdf")
    'a\\\\x1b[2J.pdf'
    """
    return escape(unmarked(text))


def unmarked(text: str) -> str:
    """Text without terminal commands, for where no markup is read."""
    return _COMMANDS.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def in_one_line(text: str) -> str:
    """Text from a file or a document on one line, for where no markup is read."""
    return " ".join(unmarked(text).split())


def cut(text: str) -> Text:
    """Text from a file or a document on one line, of which the end is cut where it has no room."""
    return Text(in_one_line(text), no_wrap=True, overflow="ellipsis")


def listing(columns: int) -> Table:
    """A table without a heading; the column after the `columns` takes the room that they leave."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=_MOST_NAME_CHARS)
    for _ in range(columns - 1):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def counted(number: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "page"), counted(2000, "page")
    ('1 page', '2,000 pages')
    """
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def page_number(page_index: int) -> str:
    """A page as people count.

    >>> page_number(0)
    'page 1'
    """
    return f"page {page_index + 1:,}"


def page_numbers(page_indices: Iterable[int]) -> str:
    """Pages as people count, runs of them shortened.

    >>> page_numbers([0, 1, 2, 6])
    'pages 1–3, 7'
    """
    numbers = sorted(index + 1 for index in page_indices)
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    words = ", ".join("–".join(f"{number:,}" for number in run) for run in runs)
    return f"page {words}" if len(numbers) == 1 else f"pages {words}"


def nearest(place: str) -> str:
    """A path from the current folder, where it is in it; any other path or URL as it is."""
    if "://" in place or not os.path.isabs(place):
        return place
    path = Path(place)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else place


def common_folder(uris: Collection[str]) -> str:
    """The longest folder that all of these files are in, with a slash; empty where there is none.

    >>> common_folder(["/lake/a/x.pdf", "/lake/b.pdf"])
    '/lake/'
    """
    folders = [uri.split("/")[:-1] for uri in uris]
    levels = takewhile(lambda names: len(set(names)) == 1, zip(*folders, strict=False))
    return "".join(f"{names[0]}/" for names in levels)


def without_folder(text: str, folder: str) -> str:
    """A text whose files are named from a folder on, which is said elsewhere."""
    return text if folder in ("", "/") else text.replace(folder, "")


def with_names(text: str, names: Mapping[str, str]) -> str:
    """A text whose ids of documents, pages and crops are replaced by a file and a page number.

    `names` are the files of documents by id. An id that is not among them stays.
    """

    def named(match: re.Match[str]) -> str:
        doc_id, index, crop = match.groups()
        file = names.get(doc_id, doc_id)
        where = "" if index is None else f"{page_number(int(index))} of "
        return f"{'' if crop is None else f'crop {int(crop) + 1} on '}{where}{file}"

    return _ROW_ID.sub(named, text)


def facts_table(title: str, facts: Mapping[str, object]) -> Table:
    """Named facts, one a line."""
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(
            f"[dim]{name}[/]", as_printed(f"{value:,}" if isinstance(value, int) else str(value))
        )
    return table
