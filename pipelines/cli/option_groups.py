"""Options that belong together, declared as the fields of a frozen dataclass.

Typer wants one parameter for each option. With `takes_groups` a command takes a dataclass in their
place, and several commands can share it:

    @dataclass(frozen=True)
    class ReplicaOptions:
        "Replicas."

        replicas: Annotated[int, typer.Option(help="How many engines read at once.")] = 1

    @app.command()
    @takes_groups
    def read(source: SourceArg, replicas: ReplicaOptions) -> None: ...

`--help` shows each group under the first line of its docstring.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import MISSING, Field, fields, is_dataclass
from inspect import Parameter, Signature
from typing import Annotated, get_args, get_type_hints

from typer.models import OptionInfo

Command = Callable[..., None]


def takes_groups(command: Command) -> Command:
    """The command as Typer takes it: each parameter that is a dataclass becomes its fields."""
    hints = get_type_hints(command, include_extras=True)
    parameters: list[Parameter] = []
    groups: dict[str, tuple[type, list[str]]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        kind = hints[name]
        if isinstance(kind, type) and is_dataclass(kind):
            options = list(_options(kind))
            parameters += options
            groups[name] = kind, [option.name for option in options]
        else:
            parameters.append(parameter.replace(annotation=kind, kind=Parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def flat(**values: object) -> None:
        for name, (kind, names) in groups.items():
            values[name] = kind(**{option: values.pop(option) for option in names})
        command(**values)

    flat.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it
    return flat


def _options(group: type) -> Iterator[Parameter]:
    """One parameter for each field, in the group's panel of `--help`."""
    panel = (inspect.getdoc(group) or "").partition("\n")[0].rstrip(".")
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        kind, option = get_args(hints[field.name])
        assert isinstance(option, OptionInfo)
        option = copy(option)
        option.rich_help_panel = panel
        yield Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=Annotated[kind, option],
        )


def _default(field: Field[object]) -> object:
    return Parameter.empty if field.default is MISSING else field.default
