"""What a profile is: all that is peculiar to one family of checkpoints, as plain values.

The profiles themselves are in `workers.engines.profiles.known`; the arithmetic of their modes is in
`schemas.tokens`. Nothing here loads a model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.recipe import Task
from schemas.tokens import VisionTokens
from workers.engines.grammars.parsed import Parser


@dataclass(frozen=True, slots=True)
class Guard:
    """The n-gram guard: no `size` tokens in a row may occur twice in the last `window` tokens.

    `exempt` are strings that the tokenizer holds as one token each and that may repeat freely,
    such as the cells of a table (DeepSeek-OCR, `process/ngram_norepeat.py`).
    """

    size: int
    window: int
    exempt: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.size}/{self.window}"


@dataclass(frozen=True, slots=True)
class Mode:
    """One resolution setting and what it costs.

    `tokens` takes the page image's width and height in pixels; None, where no formula is known,
    takes the processor's count for it. `image_settings` are what the
    checkpoint's own image processor is told, by the names of its parameters. Where
    `longest_edge_px` is given, a larger page image is first reduced to it, to the size that
    `schemas.tokens.reduced` says; `tokens` counts that in.
    """

    name: str
    tokens: Callable[[int, int], VisionTokens] | None
    image_settings: Mapping[str, Any] = field(default_factory=dict)
    longest_edge_px: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One family of checkpoints.

    Args:
        name: what a recipe calls it.
        model_types: the `model_type`s of `config.json` that it fits.
        architectures: the `architectures` of `config.json` that it fits, where a `model_type` is
            also another family's.
        modes: from cheap to dear; a page that reads badly is tried in the next one.
        default_mode: the name of one of them.
        prompts: what to ask, by task; the first is the default task. `{target}` stands for what
            `locate` looks for.
        template: `chat` puts the prompt into the checkpoint's own chat template; `raw` is the
            image's placeholder, a line break and the prompt; `got` is GOT-OCR's own query.
        parse: from decoded output to Markdown and blocks.
        guard: None where the family needs none at first.
        stronger: the guard of the second try.
        stop: strings that end a page besides the tokenizer's own end tokens.
        resumable: whether a prompt that ends in a part of the answer is continued as if it had
            never been cut. Not so where the model attends to its prompt and to its answer
            differently.
        special_tokens: whether `parse` wants the output's special tokens.
        engines: where it can run.
        sources: where its facts come from.
    """

    name: str
    model_types: tuple[str, ...]
    modes: tuple[Mode, ...]
    default_mode: str
    prompts: Mapping[Task, str]
    template: Literal["chat", "raw", "got"]
    parse: Parser
    stronger: Guard
    guard: Guard | None = None
    stop: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    resumable: bool = True
    special_tokens: bool = True
    engines: tuple[Literal["transformers", "vllm"], ...] = ("transformers", "vllm")
    sources: tuple[str, ...] = ()
