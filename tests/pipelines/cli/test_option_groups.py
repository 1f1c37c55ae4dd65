"""Options in a dataclass become options of the command, and come back as that dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from pipelines.cli.option_groups import takes_groups


@dataclass(frozen=True)
class Paint:
    """Paint of a wall.

    Only the first line heads the panel.
    """

    colour: Annotated[str, typer.Option(help="The colour.")]
    coats: Annotated[int, typer.Option(min=1, help="How many coats.")] = 2
    label: Annotated[list[str] | None, typer.Option(help="Repeatable.")] = None


@pytest.fixture
def calls() -> list[tuple[str, Paint, bool]]:
    """What each call of the command was given."""
    return []


@pytest.fixture
def app(calls: list[tuple[str, Paint, bool]]) -> typer.Typer:
    made = typer.Typer()

    @made.command()
    @takes_groups
    def paint(
        wall: Annotated[str, typer.Argument(help="The wall.")],
        paint: Paint,
        dry: Annotated[bool, typer.Option("--dry", help="Wait until it is dry.")] = False,
    ) -> None:
        """Paint a wall."""
        calls.append((wall, paint, dry))

    return made


def test_options_of_a_group_come_as_its_value(
    app: typer.Typer, calls: list[tuple[str, Paint, bool]]
) -> None:
    done = CliRunner().invoke(app, ["north", "--colour", "red", "--dry"])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(
        app, ["east", "--colour", "red", "--coats", "3", "--label", "a", "--label", "b"]
    )
    assert done.exit_code == 0, done.output
    assert calls == [
        ("north", Paint("red"), True),
        ("east", Paint("red", 3, ["a", "b"]), False),
    ]


@pytest.mark.parametrize("arguments", [["north"], ["north", "--colour", "red", "--coats", "0"]])
def test_options_of_a_group_are_checked(
    app: typer.Typer, calls: list[tuple[str, Paint, bool]], arguments: list[str]
) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
    assert calls == []


def test_help_heads_each_group_with_its_docstring(app: typer.Typer) -> None:
    shown = CliRunner().invoke(app, ["--help"], terminal_width=100).output
    panel = shown.partition("Paint of a wall ─")[2]
    assert "--coats" in panel
    assert "--dry" not in panel
    assert "heads the panel" not in shown
