"""Which columns of a table, or fields of a list, state where a document is from."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from schemas.part import Location, Part


class Facts(Part):
    """The columns or fields that state facts of the document in the same row. All are text."""

    license: Location | None = Field(default=None, description="The column with its licence.")
    title: Location | None = Field(default=None, description="The column with its title.")
    author: Location | None = Field(default=None, description="The column with its authors.")
    language: Location | None = Field(default=None, description="The column with its language.")
    url: Location | None = Field(
        default=None, description="The column with the URL that it comes from."
    )

    @model_validator(mode="after")
    def _any(self) -> Self:
        if not self.columns:
            raise ValueError("name at least one column, for example `license: license`")
        return self

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a fact and the column that states it."""
        return tuple((fact, column) for fact, column in self if column is not None)
