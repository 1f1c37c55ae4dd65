"""The sections `engine` and `fallback` of a recipe."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue

from schemas.part import Location, Part, PositiveInt

EngineName = Literal["rapidocr", "ppocr", "transformers", "vllm"]
Task = Literal["markdown", "text", "grounded", "figure", "describe", "locate"]


class EngineSpec(Part):
    """Which engine reads the pages, with which model, and what it is asked to do.

    A recipe may give the engine's name alone, as in `engine: ppocr`. The engines `rapidocr` (on
    ONNX Runtime) and `ppocr` (on torch) carry the PP-OCRv6 weights; `transformers` and `vllm` load
    a checkpoint and need its `model`.
    """

    name: EngineName = Field(default="rapidocr", description="The engine.")
    model: Location | None = Field(
        default=None,
        description="The checkpoint: a model id of the Hugging Face Hub, or a local folder.",
    )
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None,
        description="The commit of the Hub model, 40 hex digits; a branch name is refused because "
        "it can move.",
    )
    profile: str | None = Field(
        default=None,
        description="The profile that holds prompts, modes and output grammar of the model family; "
        "by default it is found from the checkpoint's `config.json`.",
    )
    mode: str | None = Field(
        default=None, description="The resolution setting; by default the profile's own."
    )
    task: Task | None = Field(
        default=None,
        description="What the model is asked for; by default the first task of the profile.",
    )
    prompt: str | None = Field(
        default=None, description="A prompt to use instead of the profile's prompt for the task."
    )
    target: str | None = Field(
        default=None, description="What the task `locate` looks for on the page."
    )
    max_new_tokens: PositiveInt = Field(
        default=8192,
        description="The most tokens that the model generates for one page before it is cut off.",
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The JSON Schema accepts a name, too, as the validator below does."""
        return {"anyOf": [{"enum": list(get_args(EngineName))}, handler(core_schema)]}

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
