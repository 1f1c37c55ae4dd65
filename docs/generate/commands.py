"""The command reference: every command with its arguments and options, made from Typer's tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.main import get_command

from pipelines.cli.app import app
from schemas.errors import MAY_PASS, UNACCOUNTED, WRONG_REQUEST

# Typer's names of types, which stand where an option's value has no name of its own.
_VALUES = {
    "<int range>": "NUMBER",
    "<float range>": "NUMBER",
    "<int>": "NUMBER",
    "<float>": "NUMBER",
    "<str>": "TEXT",
    "<path>": "PATH",
}
_INTRO = f"""# Command reference

Every command prints its help with `--help`. Most take `--json`, which prints one JSON object on
stdout and nothing else; where such a command fails, the object has an `error` with its kind,
message and exit code.

`run`, `plan` and `verify` take `--ray`: the address of a Ray, `auto` for the one that runs on this
machine, or `in-process` for none. By default `run` starts a Ray of its own on this machine, and the
others use none.

| exit code | meaning |
|---|---|
| 0 | The work is done. |
| {UNACCOUNTED} | Something is unaccounted for, or failed its check. |
| {WRONG_REQUEST} | The request was wrong: the recipe, the command line, or what they name. |
| {MAY_PASS} | The surroundings failed: a store or a cluster is away, or another run \
holds the dataset. The same command may succeed later. |

`pagefoundry --install-completion` installs completion for your [shell](../editors.md#shells).

This page is made from the command line itself, so it cannot differ from it.
"""


def command_reference() -> str:
    """The page, in Markdown."""
    return "\n".join([_INTRO, *(_section(names, command) for names, command in commands())])


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that can be called, with the words of its name, in the order of `--help`."""
    yield from _leaves(("pagefoundry",), get_command(app))


def _leaves(names: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield names, command
        return
    for name, one in inner.items():
        if not one.hidden:
            yield from _leaves((*names, name), one)


def _section(names: Sequence[str], command: Any) -> str:
    context = typer.Context(command, info_name=" ".join(names))
    parameters = command.get_params(context)
    arguments = [one for one in parameters if one.param_type_name == "argument"]
    options = [one for one in parameters if one.param_type_name == "option" and not one.hidden]
    usage = " ".join([*names, "[OPTIONS]", *map(_argument, arguments)])
    anchor = "-".join(names[1:])
    parts = [f"## {' '.join(names)} {{#{anchor}}}\n", f"{command.help.strip()}\n", f"    {usage}\n"]
    if arguments:
        rows = [(f"`{_argument(one)}`", one) for one in arguments]
        parts.append(_table("argument", rows))
    rows = [(f"`{_words(one.get_help_record(context)[0])}`", one) for one in options]
    parts.append(_table("option", rows))
    return "\n".join(parts)


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _words(record: str) -> str:
    """The names of an option and of its value, with Typer's names of types in capitals."""
    for written, word in _VALUES.items():
        record = record.replace(written, word)
    return record


def _table(kind: str, parameters: Sequence[tuple[str, Any]]) -> str:
    lines = [f"| {kind} | default | meaning |", "|---|---|---|"]
    for name, parameter in parameters:
        default = "*required*" if parameter.required else _default(parameter)
        lines.append(f"| {_cell(name)} | {default} | {_cell(_meaning(parameter))} |")
    return "\n".join(lines) + "\n"


def _default(parameter: Any) -> str:
    value = parameter.default
    if value is None or isinstance(value, bool) or value == () or callable(value):
        return ""
    return f"`{getattr(value, 'value', value)}`"


def _meaning(parameter: Any) -> str:
    least = getattr(parameter, "min", None)
    return (parameter.help or "") + ("" if least is None else f" At least {least:g}.")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
