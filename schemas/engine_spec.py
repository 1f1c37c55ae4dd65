"""The sections `engine` and `fallback` of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.part import Location, Part, PositiveInt

Task = Literal["markdown", "text", "grounded", "figure", "describe", "locate"]


class EngineSpec(Part):
    """Which engine reads the pages, with which model, and what it is asked for.

    `rapidocr` (ONNX Runtime) and `ppocr` (torch) carry PP-OCRv6; `transformers` and `vllm` read
    with a checkpoint, by the profile that fits it (`workers.engines.profiles.known`).
    """

    name: Literal["rapidocr", "ppocr", "transformers", "vllm"] = "rapidocr"
    model: Location | None = Field(default=None, description="a Hub id, or a folder")
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None, description="a commit of the Hub id, which a branch's name is not"
    )
    profile: str | None = Field(default=None, description="default: by the checkpoint's type")
    mode: str | None = Field(default=None, description="default: the profile's first")
    task: Task | None = Field(default=None, description="default: the profile's first")
    prompt: str | None = Field(default=None, description="in place of the profile's")
    target: str | None = Field(default=None, description="what the task `locate` looks for")
    max_new_tokens: PositiveInt = 8192

    @model_validator(mode="before")
    @classmethod
    def _a_word_is_its_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_its_engine(self) -> EngineSpec:
        if self.name in ("rapidocr", "ppocr"):
            given = self.model_dump(exclude_unset=True, exclude_none=True, exclude={"name"}).keys()
            if given:
                raise ValueError(f"{self.name} carries its model; leave out {', '.join(given)}")
        elif self.model is None:
            package = "; it also needs its package: pip install 'pagefoundry[vllm]'"
            raise ValueError(
                f"{self.name} needs a `model`: a Hub id with its `revision`, or a folder"
                + package * (self.name == "vllm")
            )
        if self.revision is not None and str(self.model).startswith(("/", ".")):
            raise ValueError("`revision` is a commit of a Hub id; for a folder leave it out")
        return self

    @model_validator(mode="after")
    def _target_has_its_place(self) -> EngineSpec:
        if self.prompt is None:
            has_place, where = self.task == "locate", "set `task: locate`, or"
        else:
            has_place, where = "{target}" in self.prompt, "put {target} into `prompt`, or"
        if has_place and not self.target:
            raise ValueError("there is no `target`: give what is to be found")
        if self.target and not has_place:
            raise ValueError(f"`target` is asked for nowhere; {where} leave it out")
        return self
