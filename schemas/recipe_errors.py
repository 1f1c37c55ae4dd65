"""Explains what is wrong with a recipe: the field, what belongs there, and the value given.

pydantic finds the problems and their types; the sentences are ours. Values under `storage` and of
unknown keys are never printed, because they may be secrets.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_MOST_CHARS = 60
_SECRET = "storage"
_QUOTED = re.compile(r"'([^']*)'")
# What a field must be, by the pattern of its type.
_PATTERNS = {
    r"^[0-9a-f]{40}$": "a commit, which has 40 hex digits,",
    r"^[a-z][a-z0-9_]{0,39}$": "a name of small letters, digits and `_`, such as `edu`,",
    r"^https?://[^/@?#\s]+/?$": "an address such as https://host:port",
    r"^#[0-9a-f]{6}$": "a colour such as #1a2b3c",
}
# What belongs in a field, by the type of pydantic's problem or the type's first word.
_EXPECTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "a text (put a number in quotes)",
    "tuple": "a list, as [a, b],",
    "literal": "one of {options}",
    "string_pattern_mismatch": "{asked}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "less than {lt:g}",
    "less_than_equal": "{le:g} or less",
    "too_short": "one value or more",
    "string_too_short": "some text",
    "too_long": "a list of {max_length}",
    "model": "a section of keys ({keys})",
    "dict": "a section with a name and a value on each line",
    "missing": "it is missing",
    "invalid_key": "a key must be a text; put it in quotes",
}
_LIMITS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
_WITHOUT_VALUE = ("missing", "invalid_key")


def problems(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """One line for each problem that pydantic found in a value of `root`, without duplicates."""
    lines: dict[str, None] = {}
    for details, options in _merged(error.errors(include_url=False)):
        path = ".".join(_path(details["loc"]))
        for sentence in _sentence(details, options, root).splitlines():
            lines[f"{path}: {sentence}" if path else sentence] = None
    return list(lines)


def _merged(problems: Iterable[ErrorDetails]) -> Iterator[tuple[ErrorDetails, Sequence[str]]]:
    """The problems, each with the valid words; several problems of one value become one.

    A value that may have several types has a problem for each type; a number that stands for a
    pair has two.
    """
    merged: dict[tuple[object, ...], tuple[ErrorDetails, list[str]]] = {}
    for details in problems:
        place = tuple(_path(details["loc"]))
        if details["type"] in _LIMITS and place[-1:] in (("0",), ("1",)):
            place = (*place[:-1], repr(details["input"]))
        words = _QUOTED.findall(str(details.get("ctx", {}).get("expected", "")))
        merged.setdefault((place, details["type"]), (details, []))[1].extend(words)
    yield from merged.values()


def _path(place: tuple[int | str, ...]) -> list[str]:
    """The keys of a value, without the kind that pydantic puts after a source's number."""
    if place[:1] == ("sources",) and len(place) > 2:
        place = (*place[:2], *place[3:])
    return [str(key) for key in place if not str(key).startswith("literal[")]


def _sentence(details: ErrorDetails, options: Sequence[str], root: type[BaseModel]) -> str:
    kind, place = details["type"], details["loc"]
    match kind:
        case "extra_forbidden":
            return _unknown_key(str(place[-1]), _models_at(root, place[:-1]), root)
        case "source_kind":
            return _unknown_source(details["input"], details["msg"])
        case "value_error":
            return str(details["ctx"]["error"])
    return _belongs_here(details, options, _models_at(root, place))


def _belongs_here(
    details: ErrorDetails, options: Sequence[str], models: Sequence[type[BaseModel]]
) -> str:
    """What belongs in a field and what was given; pydantic's words if we have none."""
    kind, given = details["type"], details["input"]
    template = _EXPECTED.get(kind) or _EXPECTED.get(kind.partition("_")[0])
    if template is None:
        return details["msg"][:1].lower() + details["msg"][1:]
    context = details.get("ctx", {})
    keys = (name for model in models[:1] for name in model.model_fields)
    words = {"options": ", ".join(options), "keys": ", ".join(keys)}
    expected = template.format(**context, **words, asked=_PATTERNS.get(context.get("pattern", "")))
    if kind in _WITHOUT_VALUE:
        return expected
    shown = "" if details["loc"][:1] == (_SECRET,) else f", not {_shown(given)}"
    return f"{expected} belongs here{shown}{_guess(str(given), options)}"


def _unknown_key(key: str, here: Sequence[type[BaseModel]], root: type[BaseModel]) -> str:
    if not here:
        return "this key does not exist; leave it out"
    known = list(here[0].model_fields)
    sources = _models_in(root.model_fields["sources"].annotation)
    if here[0] in sources and any(key == next(iter(_kind_keys(model))) for model in sources):
        return "a source has one kind; make this a separate source"
    elsewhere = [
        name
        for name, field in root.model_fields.items()
        if name != "sources"
        and any(key in model.model_fields for model in _models_in(field.annotation))
    ]
    if here[0] is root and elsewhere:
        return f"this key does not exist here; it belongs under `{elsewhere[0]}`"
    if here[0] is not root and key in root.model_fields:
        return "this key does not exist here; it belongs at the top level, in no section"
    if guess := _guess(key, known):
        return f"this key does not exist{guess}"
    return f"this key does not exist; the keys here are {', '.join(known)}"


def _kind_keys(model: type[BaseModel]) -> Iterator[str]:
    """The keys that a source of this kind must have."""
    yield from (name for name, field in model.model_fields.items() if field.is_required())


def _unknown_source(given: object, message: str) -> str:
    if not isinstance(given, Mapping):
        return f"a source is a folder, or keys such as {{documents: FOLDER}}, not {_shown(given)}"
    kinds = message.partition(": ")[2].split(", ")
    guesses = (_guess(str(key), kinds) for key in given)
    return message + next(filter(None, guesses), "")


def _guess(given: str, options: Sequence[str]) -> str:
    close = difflib.get_close_matches(given.lower(), options, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def _shown(value: object) -> str:
    """A value in the form of a recipe, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}…"


# ---- the fields of a model ---------------------------------------------------------


def _models_at(root: type[BaseModel], place: tuple[int | str, ...]) -> list[type[BaseModel]]:
    """The models that a value at `place` may have."""
    models, is_name = [root], False
    for key in place:
        if isinstance(key, int):
            continue
        if is_name:  # a key that the recipe's author chose, in a section of such names
            is_name = False
            continue
        if len(models) > 1:  # the kind of a source, which is the key that only this kind has
            models = [model for model in models if key in model.model_fields]
            continue
        field = models[0].model_fields.get(key) if models else None
        models = _models_in(field.annotation) if field else []
        is_name = field is not None and _is_named(field.annotation)
    return models


def _is_named(annotation: object) -> bool:
    """Whether a type is a section of names, each with a model."""
    if get_origin(annotation) is dict:
        return bool(_models_in(annotation))
    return any(map(_is_named, get_args(annotation)))


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """The models in a type, in order."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
