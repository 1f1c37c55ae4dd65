"""The source `text`: corpora that are set as pages."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.degrade import Degrade
from schemas.part import Locations, Named
from schemas.typography import Preset, Typography


class TextSource(Named):
    """Parquet, JSONL (also `.gz`, `.zst`), Markdown and plain text, set as pages."""

    text: Locations
    column: str = Field(default="text", description="of Parquet and JSONL")
    id_column: str | None = Field(default=None, description="its value ends the source URI")
    format: Literal["auto", "plain", "markdown"] = Field(
        default="auto", description="`auto`: Markdown in .md files, plain text in the others"
    )
    preset: Preset = "document"
    typography: Typography = Field(default=Typography(), description="narrows the preset")
    degrade: Degrade | None = None
    seed: int = 0
