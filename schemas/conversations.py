"""The source `conversations`: chats and long texts whose older turns become images.

This is memory that fades: the newest turns stay text, and the older a turn is, the fewer vision
tokens its mode takes (DeepSeek-OCR, arXiv 2510.18234, section 5).
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from schemas import tokens
from schemas.part import Locations, Named, Part, PositiveInt, Seed
from schemas.typography import Preset, Typography

FadeMode = Literal["text", "gundam", "large", "base", "small", "tiny"]
ImageMode = Literal["gundam", "large", "base", "small", "tiny"]

LONGEST_EDGE_PX: dict[ImageMode, int] = {
    "gundam": 1920,  # three tiles of 640: an upright A4 page is cut into three rows
    "large": 1280,
    "base": 1024,
    "small": 640,
    "tiny": 512,
}
"""The longest edge of a page image in each mode."""


def image_tokens(mode: ImageMode, width: int, height: int) -> int:
    """Valid vision tokens of a page image in one of DeepSeek-OCR's modes.

    >>> image_tokens("tiny", 362, 512), image_tokens("gundam", 1358, 1920)
    (64, 856)
    """
    if mode == "gundam":
        return tokens.deepseek_tiled(640, 1024, 6, width, height).valid
    of_mode = tokens.deepseek_squeezed if mode in ("small", "tiny") else tokens.deepseek_padded
    return of_mode(LONGEST_EDGE_PX[mode], width, height).valid


class Limit(NamedTuple):
    """A mode, and the age at which the next mode begins."""

    mode: FadeMode
    age: int


_DEFAULTS: dict[str, tuple[Limit, ...]] = {
    "turns": (
        Limit("text", 4),
        Limit("gundam", 8),
        Limit("large", 16),
        Limit("base", 32),
        Limit("small", 64),
    ),
    "tokens": (
        Limit("text", 2_000),
        Limit("gundam", 8_000),
        Limit("large", 16_000),
        Limit("base", 32_000),
        Limit("small", 64_000),
    ),
}

Age = Annotated[int, Field(ge=0)]


class Fade(Part):
    """Up to which age a turn is shown in each mode.

    A turn's age is the number of turns, or of text tokens, that come after it; the newest turn has
    age 0. A turn takes the first of the modes `text`, `gundam`, `large`, `base` and `small` whose
    age is larger than its own, and is `tiny` when it is older than all of them. A recipe that gives
    one mode gives them all: modes that it leaves out are not used. By tokens, a turn may be cut
    between two lines, so that a long text fades within itself.
    """

    by: Literal["turns", "tokens"] = Field(
        default="turns", description="Whether ages count turns or tokens of text."
    )
    text: Age | None = Field(default=None, description="Younger turns stay text.")
    gundam: Age | None = Field(
        default=None, description="Younger turns are shown in the mode `gundam`."
    )
    large: Age | None = Field(
        default=None, description="Younger turns are shown in the mode `large`."
    )
    base: Age | None = Field(
        default=None, description="Younger turns are shown in the mode `base`."
    )
    small: Age | None = Field(
        default=None, description="Younger turns are shown in the mode `small`."
    )

    @model_validator(mode="after")
    def _older_is_fainter(self) -> Fade:
        given = self.limits
        for younger, older in itertools.pairwise(given):
            if older.age < younger.age:
                raise ValueError(
                    f"{older.mode} ends at age {older.age}, before {younger.mode} at "
                    f"{younger.age}; ages must rise from text to gundam, large, base and small"
                )
        return self

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The modes in use, youngest first, without the last, which is `tiny`."""
        ages: dict[FadeMode, int | None] = {
            "text": self.text,
            "gundam": self.gundam,
            "large": self.large,
            "base": self.base,
            "small": self.small,
        }
        given = tuple(Limit(mode, age) for mode, age in ages.items() if age is not None)
        return given or _DEFAULTS[self.by]

    def mode(self, age: int) -> FadeMode:
        """The mode of a turn of this age.

        >>> fade = Fade(text=2, base=4)
        >>> [fade.mode(age) for age in (1, 2, 4)]
        ['text', 'base', 'tiny']
        """
        return next((limit.mode for limit in self.limits if age < limit.age), "tiny")


class ConversationSource(Named):
    """Chats and long texts whose older turns become images; each record is one sample.

    A chat is a list of `{role, content}` or `{from, value}`. A long text is a string, and counts
    as a single turn of the user.
    """

    conversations: Locations = Field(
        description="Parquet and JSON lines files (also `.gz`, `.zst`), folders or globs of them."
    )
    column: str = Field(
        default="messages", description="The column that holds the chat or the long text."
    )
    id_column: str | None = Field(
        default=None,
        description="A column whose value is put at the end of `source_uri`, to find records by.",
    )
    fade: Fade = Field(
        default=Fade(),
        description="Up to which age turns are shown in each mode. By default 4 turns stay text, "
        "and the modes end at 8, 16, 32 and 64 turns (2,000 to 64,000 tokens).",
    )
    only_if_shorter: bool = Field(
        default=False,
        description="Keep a turn as text where its images would cost as many tokens.",
    )
    keep_system: bool = Field(default=True, description="Keep system turns as text at any age.")
    max_images: PositiveInt = Field(
        default=256,
        description="The most images of a conversation; one that needs more is a reject "
        "`page_too_large`.",
    )
    preset: Preset = Field(
        default="document", description="The family of looks that the images draw theirs from."
    )
    typography: Typography = Field(
        default=Typography(), description="Choices that replace those of the preset."
    )
    seed: Seed = 0
