"""How much a drawn page may be made to look scanned: the most of each fault, and named levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from schemas.part import Part, Share

REFERENCE_EDGE_PX = 1280
"""Lengths in pixels are meant on a page with this longest edge, and grow with the page."""

LEVELS: Mapping[str, Mapping[str, float]] = {
    "light": {
        "skew_degrees": 0.5,
        "blur_px": 0.5,
        "bleed_px": 0.3,
        "fade": 0.15,
        "noise": 4.0,
        "jpeg": 35,
        "shadow": 0.15,
        "tint": 0.5,
    },
    "heavy": {
        "skew_degrees": 1.0,
        "blur_px": 0.7,
        "bleed_px": 0.5,
        "fade": 0.35,
        "noise": 10.0,
        "jpeg": 65,
        "shadow": 0.4,
        "tint": 1.0,
    },
}
"""Held to what `tests.benchmarks.degrading` measures: an engine reads on, see there."""


class Degrade(Part):
    """The most of each fault that a page gets; each page draws its own between 0 and that.

    A recipe may name a level, `degrade: light`, or give the fields.
    """

    skew_degrees: Annotated[float, Field(ge=0, le=10)] = Field(
        default=0, description="turned either way; nothing leaves the page"
    )
    blur_px: Annotated[float, Field(ge=0, le=5)] = Field(default=0, description="sigma")
    bleed_px: Annotated[float, Field(ge=0, le=3)] = Field(default=0, description="ink spread")
    fade: Annotated[float, Field(ge=0, le=0.9)] = Field(
        default=0, description="share of the ink's contrast that is lost"
    )
    noise: Annotated[float, Field(ge=0, le=64)] = Field(
        default=0, description="standard deviation of the sensor's noise, of 255 grey levels"
    )
    jpeg: Annotated[int, Field(ge=0, le=99)] = Field(
        default=0, description="how far below 100 the quality of a JPEG on the way lies"
    )
    shadow: Annotated[float, Field(ge=0, le=0.9)] = Field(
        default=0, description="share of the light that the darkest corner lacks"
    )
    tint: Share = Field(default=0, description="yellowing of the paper; 1 is old newsprint")

    @model_validator(mode="before")
    @classmethod
    def _named_level(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in LEVELS:
            raise ValueError(f"no level {value!r}; name {' or '.join(LEVELS)}, or give the fields")
        return dict(LEVELS[value])
