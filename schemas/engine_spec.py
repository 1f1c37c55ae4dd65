"""The sections `engine` and `fallback` of a recipe."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue

from schemas.part import Location, Part, PositiveInt

EngineName = Literal["rapidocr", "ppocr", "transformers", "vllm", "endpoint"]
Task = Literal["markdown", "text", "grounded", "figure", "describe", "locate"]

WAY_TO_SERVERS = frozenset({"urls", "key_env", "concurrency"})
"""The fields that say how servers are reached, and not what they read: not part of the digest."""

Url = Annotated[str, Field(pattern=r"^https?://[^/@?#\s]+(/[^@?#\s]*)?$")]
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]

_URL = re.compile(r"https?://[^/@?#\s]+(/[^@?#\s]*)?")
_PORT = re.compile(r"https?://[^/]*:(\d+)(?:/|$)")
_CHAT = "/chat/completions"
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


class EngineSpec(Part):
    """Which engine reads the pages, with which model, and what it is asked to do.

    A recipe may give the engine's name alone, as in `engine: ppocr`. The engines `rapidocr` (on
    ONNX Runtime) and `ppocr` (on torch) carry the PP-OCRv6 weights; `transformers` and `vllm` load
    a checkpoint and need its `model`. `endpoint` asks servers that already run.
    """

    name: EngineName = Field(default="rapidocr", description="The engine.")
    model: Location | None = Field(
        default=None,
        description="The checkpoint: a model id of the Hugging Face Hub, or a local folder; for "
        "`endpoint` the name under which the servers know it.",
    )
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None,
        description="The commit of the Hub model, 40 hex digits; a branch name is refused because "
        "it can move. For `endpoint` it is what you know of the servers, and only written down.",
    )
    profile: str | None = Field(
        default=None,
        description="The profile that holds prompts, modes and output grammar of the model family; "
        "by default it is found from the checkpoint's `config.json`. `endpoint` needs it, or a "
        "`prompt`.",
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
    urls: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="For `endpoint`: the base URLs of servers that speak OpenAI's protocol and "
        "serve the same model, such as `http://host:8000/v1`. Changing them never makes a page be "
        "read again.",
    )
    key_env: str | None = Field(
        default=None,
        description="For `endpoint`: the environment variable that holds the servers' key. The key "
        "itself never stands in a recipe.",
    )
    concurrency: PositiveInt = Field(
        default=256,
        description="For `endpoint`: the most pages that one replica asks for at once, of all "
        "servers together. Below that it finds each server's level by itself.",
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

    @field_validator(
        "urls",
        mode="before",
        json_schema_input_type=Url | Annotated[tuple[Url, ...], Field(min_length=1)] | None,
    )
    @classmethod
    def _base_urls(cls, value: object) -> object:
        # These messages never repeat what was given: it may hold a password or a key.
        urls = (value,) if isinstance(value, str) else value
        if not isinstance(urls, (list, tuple)) or not urls:
            return urls
        for url in urls:
            if not isinstance(url, str) or not _URL.fullmatch(url):
                raise ValueError(
                    "a URL is http://host:port/v1 or https://host/v1, without user, password and "
                    "query; name the variable that holds a key as `key_env`"
                )
            if (port := _PORT.match(url)) and not 0 < int(port[1]) < 2**16:
                raise ValueError("the port of a URL is a number from 1 to 65535")
            if url.rstrip("/").endswith(_CHAT):
                raise ValueError(f"give the base URL, which is the part before {_CHAT}")
        bare = tuple(url.rstrip("/") for url in urls)
        if len(set(bare)) < len(bare):
            raise ValueError("a URL stands there twice; leave one out")
        return bare

    @field_validator("key_env", mode="before", json_schema_input_type=Variable | None)
    @classmethod
    def _names_a_variable(cls, value: object) -> object:
        if value is None or (isinstance(value, str) and _VARIABLE.fullmatch(value)):
            return value
        raise ValueError(
            "the name of an environment variable belongs here, in capitals, such as "
            "OPENAI_API_KEY; the key itself never stands in a recipe"
        )

    @model_validator(mode="after")
    def _fits_its_engine(self) -> EngineSpec:
        if self.name == "endpoint":
            self._require_servers()
            return self
        ways = sorted(WAY_TO_SERVERS & self.model_fields_set - self._empty())
        if ways and self.model is not None:
            raise ValueError(f"only `endpoint` takes {', '.join(ways)}; leave it out")
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

    def _empty(self) -> set[str]:
        return {name for name in WAY_TO_SERVERS if getattr(self, name) is None}

    def _require_servers(self) -> None:
        if self.urls is None:
            raise ValueError("endpoint needs `urls`, such as [http://host:8000/v1]")
        if self.model is None:
            raise ValueError("endpoint needs a `model`: the name that the servers' /models lists")
        if self.profile is None and self.prompt is None:
            raise ValueError(
                "endpoint needs the `profile` of the model's family, since servers do not tell it, "
                "or a `prompt`"
            )

    @property
    def what_reads(self) -> dict[str, Any]:
        """The fields that decide what is read, as plain JSON values."""
        return self.model_dump(mode="json", exclude=set(WAY_TO_SERVERS))

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
