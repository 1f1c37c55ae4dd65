"""The space that the typography of a page is drawn from: presets, which a recipe may narrow.

A field is a list of equally likely choices, or a range `[low, high]` of equally likely values. A
`Space` has all fields. A `Typography` has the fields that a recipe gives; they replace those of the
preset. A choice from a space is a `Style` of `workers.synthetic.text`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from schemas.part import OrOne, Part

Preset = Literal["document", "web", "dark", "code", "glyph"]
Alignment = Literal["left", "center", "right", "justify"]
MonoFamily = Literal["Nimbus Mono", "Fira Mono", "Space Mono", "Ubuntu Mono", "Cascadia Mono"]
Family = (
    Literal["Charis SIL", "Nimbus Roman", "Nimbus Sans", "Noto Sans", "FiraGO", "Ubuntu"]
    | Literal["DejaVu Sans"]
    | MonoFamily
)

PAGE_SIZES: Mapping[str, tuple[float, float]] = {
    "a4": (595, 842),
    "a5": (420, 595),
    "b5": (499, 709),
    "letter": (612, 792),
    "legal": (612, 1008),
    "a4-landscape": (842, 595),
    "letter-landscape": (792, 612),
    "square": (640, 640),
    "screen-4x3": (800, 600),
    "screen-16x9": (960, 540),
    "phone": (390, 844),
}
"""Width and height in points of the named page sizes."""

_POINTS = re.compile(r"([0-9]{2,4})x([0-9]{2,4})")
_SIDES_PT = (144, 5000)
_MAX_ASPECT = 5


def page_points(page_size: str) -> tuple[float, float]:
    """Width and height in points of a named size (`a4`) or of explicit points (`595x842`).

    Raises ValueError for anything else. Sides are 144 to 5,000 points, and one is at most 5 times
    the other.
    """
    if page_size in PAGE_SIZES:
        return PAGE_SIZES[page_size]
    match = _POINTS.fullmatch(page_size)
    if match is None:
        names = ", ".join(PAGE_SIZES)
        raise ValueError(f"page size {page_size!r}: give points as 595x842, or one of {names}")
    short, long = sorted((int(match[1]), int(match[2])))
    if short < _SIDES_PT[0] or long > _SIDES_PT[1] or long > _MAX_ASPECT * short:
        raise ValueError(
            f"page size {page_size}: sides are {_SIDES_PT[0]} to {_SIDES_PT[1]} points, "
            f"one at most {_MAX_ASPECT} times the other"
        )
    return int(match[1]), int(match[2])


def _named(page_size: str) -> str:
    page_points(page_size)
    return page_size


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, (str, int, Mapping, Theme)) else value


def _one_or_two(value: object) -> object:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (value, value) if is_number else value


@dataclass(frozen=True, slots=True)
class _Within:
    """Checks that a range is ascending and lies between two limits."""

    least: float
    most: float

    def __call__(self, value: tuple[float, float]) -> tuple[float, float]:
        low, high = value
        if not self.least <= low <= high <= self.most:
            raise ValueError(
                f"[{low:g}, {high:g}]: a range is [low, high], "
                f"within {self.least:g} to {self.most:g}"
            )
        return value

    def __get_pydantic_json_schema__(
        self, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The JSON Schema of one number, or of a pair, within the limits."""
        number = {"type": "number", "minimum": self.least, "maximum": self.most}
        pair = {"type": "array", "prefixItems": [number, number], "minItems": 2, "maxItems": 2}
        return {"anyOf": [number, pair]}


def _span(least: float, most: float) -> tuple[object, ...]:
    """Metadata of a `Span` within two limits."""
    within = _Within(least, most)
    return (AfterValidator(within), BeforeValidator(_one_or_two), within)


Span = tuple[float, float]
"""The least and the most, both included; a recipe may give one number for both."""

_SEVERAL = (BeforeValidator(_one_or_many), Field(min_length=1), OrOne())
Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
PageSize = Annotated[
    str,
    AfterValidator(_named),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(PAGE_SIZES)},
                {"type": "string", "pattern": f"^{_POINTS.pattern}$"},
            ]
        }
    ),
]


class Theme(Part):
    """The colours of a page, each written `#rrggbb`."""

    text: Colour = Field(default="#000000", description="The colour of the text.")
    paper: Colour = Field(default="#ffffff", description="The colour of the page.")
    heading: Colour = Field(default="#000000", description="The colour of headings.")
    panel: Colour = Field(default="#f2f2f2", description="The background of code.")


@dataclass(frozen=True, slots=True)
class Space:
    """Everything that a style is drawn from. See `Typography` for the fields and their units."""

    page_size: tuple[str, ...]
    dpi: Span | None
    family: tuple[Family, ...]
    code_family: tuple[MonoFamily, ...]
    font_size_pt: Span
    line_height: Span
    margin_x_pt: Span
    margin_y_pt: Span
    columns: tuple[int, ...]
    column_gap_pt: Span
    alignment: tuple[Alignment, ...]
    paragraph_gap: Span
    first_indent_em: Span
    heading_scale: Span
    theme: tuple[Theme, ...]


class Typography(Part):
    """Choices that replace those of the preset.

    A list has equally likely choices; a range `[low, high]` has equally likely values. One value
    stands for a list, and one number for a range.
    """

    page_size: Annotated[tuple[PageSize, ...] | None, *_SEVERAL] = Field(
        default=None, description="Page sizes by name, or in points as `595x842`."
    )
    dpi: Annotated[Span, *_span(36, 600)] | None = Field(
        default=None,
        description="Resolutions. By default every page has the longest edge of `raster`.",
    )
    family: Annotated[tuple[Family, ...] | None, *_SEVERAL] = Field(
        default=None, description="Fonts of the text."
    )
    code_family: Annotated[tuple[MonoFamily, ...] | None, *_SEVERAL] = Field(
        default=None, description="Fonts of code."
    )
    font_size_pt: Annotated[Span, *_span(4, 72)] | None = Field(
        default=None, description="Font sizes of the text, in points."
    )
    line_height: Annotated[Span, *_span(0.9, 4)] | None = Field(
        default=None,
        description="Line heights, in font sizes. Scripts that need more get what they need.",
    )
    margin_x_pt: Annotated[Span, *_span(0, 400)] | None = Field(
        default=None, description="Left and right margins, in points."
    )
    margin_y_pt: Annotated[Span, *_span(0, 400)] | None = Field(
        default=None, description="Top and bottom margins, in points."
    )
    columns: Annotated[tuple[Annotated[int, Field(ge=1, le=3)], ...] | None, *_SEVERAL] = Field(
        default=None,
        description="Numbers of columns; a page gets fewer where its lines would be too short.",
    )
    column_gap_pt: Annotated[Span, *_span(4, 200)] | None = Field(
        default=None, description="Gaps between columns, in points."
    )
    alignment: Annotated[tuple[Alignment, ...] | None, *_SEVERAL] = Field(
        default=None,
        description="Alignments of text. `left` is the side on which the script begins.",
    )
    paragraph_gap: Annotated[Span, *_span(0, 5)] | None = Field(
        default=None, description="Gaps between two blocks, in lines."
    )
    first_indent_em: Annotated[Span, *_span(0, 6)] | None = Field(
        default=None, description="Indents of a paragraph's first line, in font sizes."
    )
    heading_scale: Annotated[Span, *_span(1, 5)] | None = Field(
        default=None, description="Sizes of the largest heading, in font sizes of the text."
    )
    theme: Annotated[tuple[Theme, ...] | None, *_SEVERAL] = Field(
        default=None, description="Colours."
    )


_WHITE = Theme()
_LIGHT_THEMES = (
    _WHITE,
    _WHITE,
    Theme(text="#1a1a1a", heading="#1a1a1a"),
    Theme(text="#222222", paper="#fbf8f1", heading="#111111", panel="#efe9dc"),
    Theme(text="#111111", paper="#f5f5f0", heading="#1f3a5f", panel="#e8e8e0"),
)
_WEB_THEMES = (
    Theme(text="#202124", heading="#202124", panel="#f1f3f4"),
    Theme(text="#24292f", heading="#0b3d91", panel="#f6f8fa"),
    Theme(text="#333333", paper="#fafafa", heading="#8b1a1a", panel="#eeeeee"),
    Theme(text="#1b1b1b", paper="#fffdf7", heading="#145a32", panel="#f3efe2"),
    Theme(text="#2b2b2b", paper="#f4f7fb", heading="#2b2b2b", panel="#e6ecf3"),
)
_DARK_THEMES = (
    Theme(text="#e6edf3", paper="#0d1117", heading="#ffffff", panel="#161b22"),
    Theme(text="#d4d4d4", paper="#1e1e1e", heading="#9cdcfe", panel="#2a2a2a"),
    Theme(text="#f8f8f2", paper="#282a36", heading="#ffb86c", panel="#343746"),
    Theme(text="#ffffff", paper="#000000", heading="#ffffff", panel="#1c1c1c"),
    Theme(text="#c9d6df", paper="#16232e", heading="#f0c674", panel="#20313f"),
)
_CODE_THEMES = (
    Theme(text="#24292f", heading="#24292f", panel="#ffffff"),
    Theme(text="#383a42", paper="#fafafa", heading="#383a42", panel="#fafafa"),
    Theme(text="#d4d4d4", paper="#1e1e1e", heading="#d4d4d4", panel="#1e1e1e"),
    Theme(text="#f8f8f2", paper="#272822", heading="#f8f8f2", panel="#272822"),
)
_MONO: tuple[MonoFamily, ...] = (
    "Nimbus Mono",
    "Fira Mono",
    "Space Mono",
    "Ubuntu Mono",
    "Cascadia Mono",
)

_DOCUMENT = Space(
    page_size=("a4", "letter", "a5", "b5", "legal"),
    dpi=None,
    family=("Charis SIL", "Nimbus Roman", "Nimbus Sans", "Noto Sans", "FiraGO"),
    code_family=_MONO,
    font_size_pt=(8, 14),
    line_height=(1.1, 1.7),
    margin_x_pt=(30, 90),
    margin_y_pt=(36, 90),
    columns=(1, 1, 1, 2, 2, 3),
    column_gap_pt=(14, 32),
    alignment=("left", "justify"),
    paragraph_gap=(0, 1),
    first_indent_em=(0, 2),
    heading_scale=(1.3, 2.4),
    theme=_LIGHT_THEMES,
)
_WEB = replace(
    _DOCUMENT,
    page_size=("screen-16x9", "screen-4x3", "square", "phone", "a4"),
    family=("Nimbus Sans", "Noto Sans", "FiraGO", "Ubuntu", "Charis SIL"),
    font_size_pt=(11, 18),
    line_height=(1.3, 1.9),
    margin_x_pt=(16, 80),
    margin_y_pt=(16, 60),
    columns=(1,),
    alignment=("left", "left", "left", "center"),
    paragraph_gap=(0.5, 1.2),
    first_indent_em=(0, 0),
    heading_scale=(1.4, 3),
    theme=_WEB_THEMES,
)
_CODE = replace(
    _WEB,
    page_size=("screen-16x9", "screen-4x3", "a4", "letter"),
    family=_MONO,
    font_size_pt=(8, 14),
    line_height=(1.1, 1.6),
    margin_x_pt=(10, 50),
    margin_y_pt=(10, 50),
    alignment=("left",),
    theme=_CODE_THEMES,
)
# thu-coai/Glyph, config/config_en.json: A4 at 72 dpi, Verdana 9 on 10 points, margins of 10,
# black on white, left, no indents, no space between paragraphs. Verdana is not free; DejaVu Sans
# descends from Bitstream Vera, which was drawn with Verdana's proportions.
_GLYPH = Space(
    page_size=("a4",),
    dpi=(72, 72),
    family=("DejaVu Sans",),
    code_family=("Nimbus Mono",),
    font_size_pt=(9, 9),
    line_height=(10 / 9, 10 / 9),
    margin_x_pt=(10, 10),
    margin_y_pt=(10, 10),
    columns=(1,),
    column_gap_pt=(20, 20),
    alignment=("left",),
    paragraph_gap=(1, 1),  # the blank line between two paragraphs of the source
    first_indent_em=(0, 0),
    heading_scale=(1, 1),
    theme=(Theme(panel="#ffffff"),),
)

PRESETS: Mapping[Preset, Space] = {
    "document": _DOCUMENT,
    "web": _WEB,
    "dark": replace(_WEB, theme=_DARK_THEMES),
    "code": _CODE,
    "glyph": _GLYPH,
}


def space(preset: Preset, narrowed: Typography | None = None) -> Space:
    """The preset, with the given fields in place of its own."""
    given: dict[str, Any] = {} if narrowed is None else dict(narrowed)
    return replace(PRESETS[preset], **{k: v for k, v in given.items() if v is not None})
