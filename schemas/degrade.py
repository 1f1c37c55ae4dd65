"""How scanned a drawn page may look: the largest amount of each fault, and named levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue

from schemas.part import Part, Share

REFERENCE_EDGE_PX = 1280
"""Lengths in pixels apply to a page with this longest edge and scale with the page."""

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
"""`tests.benchmarks.degrading` measures that an engine can still read pages at these levels."""


class Degrade(Part):
    """How scanned pages may look: the largest amount of each fault.

    Each page draws its own amounts between 0 and these. A recipe may name a level instead, as in
    `degrade: light` or `degrade: heavy`. Lengths in pixels apply to a page whose longest edge is
    1280 px and scale with the page.
    """

    skew_degrees: Annotated[float, Field(ge=0, le=10)] = Field(
        default=0,
        description="The largest turn to either side, in degrees; nothing is cut off.",
    )
    blur_px: Annotated[float, Field(ge=0, le=5)] = Field(
        default=0, description="The largest sigma of a Gaussian blur, in pixels."
    )
    bleed_px: Annotated[float, Field(ge=0, le=3)] = Field(
        default=0, description="How far ink may spread into the paper, in pixels."
    )
    fade: Annotated[float, Field(ge=0, le=0.9)] = Field(
        default=0, description="The largest share of the ink's contrast that is lost."
    )
    noise: Annotated[float, Field(ge=0, le=64)] = Field(
        default=0,
        description="The largest standard deviation of sensor noise, in steps of 255 grey levels.",
    )
    jpeg: Annotated[int, Field(ge=0, le=99)] = Field(
        default=0,
        description="How far below 100 the quality of an intermediate JPEG may lie.",
    )
    shadow: Annotated[float, Field(ge=0, le=0.9)] = Field(
        default=0, description="The largest share of light that is missing in the darkest corner."
    )
    tint: Share = Field(
        default=0, description="How yellow the paper may be; 1 looks like old newsprint."
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The JSON Schema accepts the name of a level, too, as the validator below does."""
        return {"anyOf": [{"enum": list(LEVELS)}, handler(core_schema)]}

    @model_validator(mode="before")
    @classmethod
    def _named_level(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in LEVELS:
            raise ValueError(f"no level {value!r}; name {' or '.join(LEVELS)}, or give the fields")
        return dict(LEVELS[value])
