"""What the sections of a recipe are made of: a frozen model, and types that several use."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Location = Annotated[str, Field(min_length=1)]
PositiveInt = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """A frozen section of a recipe that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
