"""The section `tokenizer` of a recipe: the trainer's own tokens, counted beside `text_tokens`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field, model_validator

from schemas.part import Location, Part


class Tokenizer(Part):
    """A second tokenizer, whose counts stand in `trainer_tokens`. Give a `file` or a `model`."""

    file: Location | None = Field(
        default=None,
        description="A `tokenizer.json` of Hugging Face's tokenizers, or a `tekken.json` of "
        "Mistral's; also on `s3://`.",
    )
    model: Location | None = Field(
        default=None,
        description="A model whose `tokenizer.json` it is: a Hub id with its `revision`, or a "
        "folder.",
    )
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None, description="The commit of the Hub id."
    )

    @property
    def is_on_hub(self) -> bool:
        """Whether it is fetched from the Hub; else `place` is a file or folder."""
        return self.revision is not None

    @property
    def place(self) -> str:
        """The file, the folder, or the Hub id."""
        return str(self.file or self.model)

    def relocated(self, move: Callable[[str], str]) -> Tokenizer:
        """The same tokenizer with its file or folder moved."""
        if self.is_on_hub:
            return self
        name = "model" if self.file is None else "file"
        return self.model_copy(update={name: move(self.place)})

    @model_validator(mode="after")
    def _is_one(self) -> Tokenizer:
        if (self.file is None) == (self.model is None):
            raise ValueError("give a `file`, or a `model` with its `revision`")
        if self.revision is not None and (self.file or str(self.model).startswith(("/", "."))):
            raise ValueError(
                "`revision` is a commit of a Hub id; for a file or folder leave it out"
            )
        return self
