"""What the sections of a recipe are made of: a frozen model, and types that several use."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue

from schemas.licenses import license_named

Share = Annotated[float, Field(ge=0, le=1)]
Location = Annotated[str, Field(min_length=1)]
PositiveInt = Annotated[int, Field(ge=1)]


def _in_a_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _for_both(value: object) -> object:
    return (value, value) if type(value) in (int, float) else value


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"range {list(limits)}: the first must not exceed the second")
    return limits


class OrOne:
    """Metadata of a tuple: its JSON Schema also accepts one of its values, without brackets."""

    def __get_pydantic_json_schema__(
        self, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of one value, or of the list."""
        given = handler(core_schema)
        kinds = given.get("anyOf", [given])
        listed = next(kind for kind in kinds if kind.get("type") == "array")
        one = listed["items"] if "items" in listed else listed["prefixItems"][0]
        return {"anyOf": [one, *kinds]}


class OrPercent:
    """Metadata of a share: its JSON Schema also accepts a share in percent."""

    def __get_pydantic_json_schema__(
        self, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the number, or of a text such as `10 %`."""
        return {"anyOf": [handler(core_schema), {"type": "string"}]}


def share_of(value: object) -> Fraction | None:
    """A share as a recipe gives it, as a number or in percent; None for anything else.

    >>> share_of("1 %"), share_of(0.5), share_of("many")
    (Fraction(1, 100), Fraction(1, 2), None)
    """
    text = str(value).strip()
    try:
        number = Fraction(text.removesuffix("%").strip())
    except (ValueError, ZeroDivisionError):
        return None
    return number / 100 if text.endswith("%") else number


ONE_OR_MORE = (BeforeValidator(_in_a_tuple), Field(min_length=1), OrOne())
"""Metadata of a tuple of words, for which a recipe may give a single word."""
RANGE = (BeforeValidator(_for_both), AfterValidator(_ordered), OrOne())
"""Metadata of a pair `[least, most]`, both included; a recipe may give one number for both."""
Locations = Annotated[tuple[Location, ...], *ONE_OR_MORE]


def _is_relative(name: str) -> str:
    steps = name.split("/")
    if "#" in name or ":" in name or any(step in ("", ".", "..") for step in steps):
        raise ValueError(f"{name!r}: give a name or a relative path, without `#` and `:`")
    return name


def _license(text: str) -> str:
    name = license_named(text)
    if name is None:
        raise ValueError("name the licence, for example `CC-BY-4.0`, or leave it out")
    return name


class Part(BaseModel):
    """A frozen section of a recipe that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Grouped(Part):
    """A source, which may belong to a group of the recipe's mix."""

    group: str | None = Field(
        default=None, description="The group of the recipe's `mix` that this source belongs to."
    )


class Named(Grouped):
    """A source of files; its rows can carry a name of your choice instead of its folder."""

    license: Annotated[str, AfterValidator(_license)] | None = Field(
        default=None,
        description="The licence of these documents, as an SPDX identifier, a URL or a text, for "
        "those that state none themselves. It stands in `source.license` of their rows.",
    )
    as_: Annotated[str, AfterValidator(_is_relative)] | None = Field(
        default=None,
        alias="as",
        description="A name that stands for the source's folder in `source_uri` and in the "
        "inventory, so that the dataset does not show where the files are and the folder may move.",
    )


Seed = Annotated[
    int, Field(description="Changes every random choice of this source's pages; any whole number.")
]
