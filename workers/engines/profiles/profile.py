"""What a profile is: all that one family of checkpoints needs of its own, as plain values.

The profiles themselves are in `workers.engines.profiles.known`, the formulas of their modes in
`schemas.tokens`. Nothing here loads a model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from schemas.engine_spec import Task
from schemas.tokens import VisionTokens
from workers.engines.grammars.parsed import Parsed, Parser, Region

ImageSetting = int | bool | Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Guard:
    """The n-gram guard: no `size` tokens in a row may occur twice in the last `window` tokens.

    `exempt` are strings of one token each that may repeat freely, such as the cells of a table
    (DeepSeek-OCR, `process/ngram_norepeat.py`). `exempt_ids` are their tokens, where the family has
    one tokenizer: a server takes them by number.
    """

    size: int
    window: int
    exempt: tuple[str, ...] = ()
    exempt_ids: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.size}/{self.window}"


STRONGER = Guard(12, 1024)
"""The guard of the second try for families whose authors give none: its window covers a page."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One resolution setting and what it costs.

    Args:
        name: what a recipe calls it.
        tokens: the cost of a page image of a width and height in pixels; None where no formula is
            known, and the processor's count is taken.
        image_settings: for the checkpoint's own image processor, by the names of its parameters.
        seen_px: for a model whose boxes are in pixels, the size of the picture that it sees of a
            page's width and height; `parse` then gives fractions of `grammars.parsed.SQUARE_PX`.
        longest_edge_px: larger page images are first reduced to it, by `schemas.tokens.reduced`;
            `tokens` takes the size before.
    """

    name: str
    tokens: Callable[[int, int], VisionTokens] | None
    image_settings: Mapping[str, ImageSetting] = field(default_factory=dict)
    longest_edge_px: int | None = None
    seen_px: Callable[[int, int], tuple[int, int]] | None = None


@dataclass(frozen=True, slots=True)
class LayoutFirst:
    """How a family reads a page in two passes: its layout, and then each region by itself.

    The profile's prompt for `markdown` asks for the layout. `Mode.tokens` counts one picture: the
    page as it is squeezed for the layout, a region, or a page that is read whole because its layout
    has no regions.

    Args:
        side_px: for the layout a page is squeezed into a square of this side.
        regions: finds the regions in the answer, in reading order; none if it is no layout.
        prompts: what regions are asked, by their kind.
        prompt: what other regions are asked, and pages that are read whole.
        join: makes a page of its regions and their texts, of which there are as many.
    """

    side_px: int
    regions: Callable[[str], tuple[Region, ...]]
    prompts: Mapping[str, str]
    prompt: str
    join: Callable[[Sequence[Region], Sequence[str]], Parsed]


@dataclass(frozen=True, slots=True)
class Profile:
    """One family of checkpoints.

    Args:
        name: what a recipe calls it.
        model_types: the values of `model_type` in `config.json` that it fits.
        architectures: the values of `architectures` in `config.json` that it fits, where another
            family has the same `model_type`.
        modes: from cheap to expensive; a page with a bad reading is read again in the next one.
        default_mode: the name of one of them.
        prompts: by task; the first is the default task. `{target}` stands for what the task
            `locate` looks for.
        template: `chat` puts the prompt into the checkpoint's own chat template; `raw` puts it into
            the field of that name; `got` is GOT-OCR's own query.
        raw: a page's whole prompt; `{image}` is the image's placeholder, `{prompt}` the prompt.
        system: the system message before the prompt, for `chat`; None for no such message, which
            a template may write otherwise than an empty one.
        parse: turns decoded output into Markdown and blocks.
        guard: the guard of the first try, None for none.
        stronger: the guard of the second try.
        stop: strings that end a page, besides the tokenizer's own end tokens.
        resumable: whether the model, given a prompt and the beginning of its answer, goes on as if
            it had never stopped. False where it attends to prompt and answer differently.
        special_tokens: whether `parse` needs the output's special tokens.
        layout_first: how pages are read in two passes; None for one pass.
        needs_name: whether a recipe must name the profile, since the `config.json` of its
            checkpoints is that of a general model, which knows nothing of these prompts.
        engines: the engines that can run it. What `vllm` reads, servers read too.
        sources: where these facts come from.
    """

    name: str
    model_types: tuple[str, ...]
    modes: tuple[Mode, ...]
    default_mode: str
    prompts: Mapping[Task, str]
    template: Literal["chat", "raw", "got"]
    parse: Parser
    stronger: Guard
    raw: str = "{image}\n{prompt}"
    system: str | None = None
    guard: Guard | None = None
    stop: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    resumable: bool = True
    special_tokens: bool = True
    layout_first: LayoutFirst | None = None
    needs_name: bool = False
    engines: tuple[Literal["transformers", "vllm"], ...] = ("transformers", "vllm")
    sources: tuple[str, ...] = ()
