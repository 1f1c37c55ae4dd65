"""What a terminal is shown of names and texts that others chose."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipelines.cli.show.printed import as_printed
from pipelines.cli.show.run import report
from pipelines.run import Report


def shown(text: str) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=500)
    console.print(as_printed(text))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().removesuffix("\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[2J.pdf", "a\\x1b[2J.pdf"),
        ("[red]a[/].pdf", "[red]a[/].pdf"),
        ("\u202efdp.exe", "\\x202efdp.exe"),
        ("caf\u00e9 \u6e2f\u3000\u6e7e.pdf", "caf\u00e9 \u6e2f\u3000\u6e7e.pdf"),
        ("\udce9.pdf", "\\xdce9.pdf"),
    ],
)
def test_a_name_commands_neither_the_markup_nor_the_terminal(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(st.text(st.characters(), max_size=40))
def test_no_text_reaches_the_terminal_as_a_command(text: str) -> None:
    assert not {"\x1b", "\x07", "\x08", "\x9b"} & set(shown(text))


def test_a_run_names_an_unreadable_file_so_too() -> None:
    value = Report("data", 1, True, 1, 1, 1,
                   dict.fromkeys(("pages", "documents", "crops", "conversations", "rejects"), 0),
                   {}, unreadable={"a\x1b]0;title\x07.pdf": "denied"})  # fmt: skip
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=200)
    console.print(report(value))
    assert isinstance(console.file, io.StringIO)
    assert "a\\x1b]0;title\\x07.pdf" in console.file.getvalue()
