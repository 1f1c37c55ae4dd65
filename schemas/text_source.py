"""The source `text`: corpora that are set as pages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from schemas.degrade import Degrade
from schemas.part import Location, Part
from schemas.typography import Preset, Typography


class TextSource(Part):
    """Parquet, JSONL (also `.gz`, `.zst`), Markdown and plain text, set as pages."""

    text: Annotated[tuple[Location, ...], Field(min_length=1)]
    column: str = Field(default="text", description="of Parquet and JSONL")
    id_column: str | None = Field(default=None, description="its value ends the source URI")
    format: Literal["auto", "plain", "markdown"] = Field(
        default="auto", description="`auto`: Markdown in .md files, plain text in the others"
    )
    preset: Preset = "document"
    typography: Typography = Field(default=Typography(), description="narrows the preset")
    degrade: Degrade | None = None
    seed: int = 0

    @field_validator("text", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value
