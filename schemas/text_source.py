"""The source `text`: corpora that are typeset as pages."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.degrade import Degrade
from schemas.part import Locations, Named, Seed
from schemas.typography import Preset, Typography


class TextSource(Named):
    """Texts that are typeset as pages: Parquet, JSON lines, Markdown and plain text files."""

    text: Locations = Field(
        description="Files, folders or globs, local or in a store. JSON lines may also be `.gz` or "
        "`.zst`."
    )
    column: str = Field(
        default="text", description="The column of Parquet and JSON lines that holds the text."
    )
    id_column: str | None = Field(
        default=None,
        description="A column whose value is put at the end of `source_uri`, to find records by.",
    )
    format: Literal["auto", "plain", "markdown"] = Field(
        default="auto",
        description="How texts are understood; `auto` takes .md files for Markdown and all others "
        "for plain text.",
    )
    preset: Preset = Field(
        default="document", description="The family of looks that each page draws its own from."
    )
    typography: Typography = Field(
        default=Typography(), description="Choices that replace those of the preset."
    )
    degrade: Degrade | None = Field(
        default=None,
        description="Makes pages look scanned: `light`, `heavy`, or the largest amount of each "
        "fault.",
    )
    seed: Seed = 0
