"""The `vllm` engine: a checkpoint read with continuous batching, by its profile.

vLLM forms the batches, over the pages of all calls. This module makes the prompts and turns vLLM's
outputs into readings; the guard and the loop cut are in `workers.engines.vllm.guard`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from schemas.engine_spec import EngineSpec
from schemas.errors import NoEngineError
from schemas.feeding import BATCH_PAGES
from schemas.lines import first_line
from schemas.pages import PageError, PageImage, Reading
from schemas.recipe_sections import Raster
from workers.engines.answers import (
    Answer,
    failed,
    finished,
    miscount,
    page_picture,
    spent,
    token_ids,
)
from workers.engines.checkpoint import Checkpoint, find_checkpoint
from workers.engines.deepseek_ocr.processor import SQUEEZED_PX, padded
from workers.engines.engine import Engine
from workers.engines.loops import CHECK_EVERY, find_loop
from workers.engines.plan import Plan, make_plan
from workers.engines.vllm import sizes
from workers.engines.vllm.core import Loaded, has_fixed_mode, load_core, prove_guard
from workers.engines.vllm.stream import Chat, Question
from workers.rasterising import pictures

if TYPE_CHECKING:
    from vllm import RequestOutput, SamplingParams

_ONLY_MODE: Mapping[str, str] = {
    "DeepseekOCR2ForCausalLM": "gundam",
    "UnlimitedOCRForCausalLM": "gundam",
    "LightOnOCRForConditionalGeneration": "native",
    "QianfanOCRForConditionalGeneration": "native",
}
"""Architectures whose image tokens vLLM (0.32) counts by constants of its own or of a checkpoint's
config, whatever settings the image processor gets. Any other mode would end the engine core, so no
settings are sent. Those of DeepSeek-OCR's first version can be set once in a process: see
`workers.engines.vllm.sizes`."""


def load_vllm(spec: EngineSpec, batch_pages: int | None = None) -> VllmEngine:
    """Load the checkpoint that `spec` names into vLLM, and prove that the guard acts there.

    `batch_pages` is how many pages are read at once, by default 256.

    Raises NoEngineError where vLLM is missing or too old, or the checkpoint cannot do what the
    recipe asks; ModelError where it cannot be loaded now.
    """
    checkpoint = find_checkpoint(spec)
    plan = plan_for_vllm(spec, checkpoint)
    loaded = load_core(checkpoint, plan.mode, batch_pages or BATCH_PAGES)
    prove_guard(loaded)
    engine = VllmEngine(loaded, plan)
    if has_fixed_mode(checkpoint):
        prove_sizes(engine)
    return engine


def prove_sizes(engine: VllmEngine) -> None:
    """Prove that vLLM sees a page in the engine's mode: read two, and count the image tokens.

    Raises NoEngineError where they are not as many as the formula's, or vLLM refuses the pages.
    """
    short = VllmEngine(engine.loaded, replace(engine.plan, max_new_tokens=1), is_retry=True)
    # Where the mode has tiles, a page of two and one of none.
    for reading in short.read([blank_page(1100, 2200), blank_page(300, 200)]):
        if reading.error is not None and reading.error.reason == "engine_error":
            raise NoEngineError(
                f"engine.mode: vLLM does not read in mode {engine.mode}: {reading.error.detail}"
            )


def blank_page(width: int, height: int) -> PageImage:
    """A white page."""
    data = pictures.encode(Image.new("RGB", (width, height), "white"), Raster(format="png"))
    return PageImage("a blank page", data, width, height)


def plan_for_vllm(spec: EngineSpec, checkpoint: Checkpoint) -> Plan:
    """The plan for what `spec` asks of `checkpoint`. Raises NoEngineError if vLLM cannot do it."""
    plan = make_plan(spec, checkpoint)
    only = only_mode(checkpoint)
    if only not in (None, plan.mode.name):
        raise NoEngineError(
            f"engine.mode: vLLM reads {checkpoint.location} in mode {only} only, "
            f"not in {plan.mode.name}"
        )
    return plan


def only_mode(checkpoint: Checkpoint) -> str | None:
    """The one mode in which vLLM reads this checkpoint; None where it takes any."""
    modes = (_ONLY_MODE.get(name) for name in checkpoint.architectures)
    return next((mode for mode in modes if mode), None)


class VllmEngine:
    """One way to read with a loaded checkpoint; see `workers.engines.Engine`."""

    name = "vllm"
    is_continuous = True

    def __init__(self, loaded: Loaded, plan: Plan, is_retry: bool = False) -> None:
        self.loaded = loaded
        self.plan = plan
        self._is_retry = is_retry
        exempt = (plan.guard or plan.profile.stronger).exempt
        # Here, and not in `read`: a tokenizer is no place for several threads at once.
        self._exempt = frozenset(token_ids(loaded.tokenizer, exempt))
        self._stop = token_ids(loaded.tokenizer, plan.profile.stop)
        self._image_token = loaded.image_token
        self._raw_prompt = _raw_prompt(loaded, plan) if plan.profile.template == "raw" else None
        self.model = loaded.checkpoint.location
        self.revision = loaded.checkpoint.revision
        self.mode = plan.mode.name
        self.task: str = plan.task
        self.guard = str(plan.guard or "")

    def asking(self, plan: Plan) -> Engine:
        """An engine over the same weights that reads with `plan`."""
        return VllmEngine(self.loaded, plan, is_retry=True)

    @functools.cached_property
    def retries(self) -> Sequence[VllmEngine]:
        """First the stronger guard, then the next larger mode if vLLM can read in it."""
        checkpoint = self.loaded.checkpoint
        only = self.mode if has_fixed_mode(checkpoint) else only_mode(checkpoint)
        return tuple(
            VllmEngine(self.loaded, plan, is_retry=True)
            for plan in ([] if self._is_retry else self.plan.retries())
            if only in (None, plan.mode.name)
        )

    @functools.cached_property
    def figure(self) -> Engine | None:
        """The engine for regions cut out of pages."""
        plan = self.plan.figure()
        return VllmEngine(self.loaded, plan, is_retry=True) if plan else None

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        Raises EngineDied where vLLM's engine core has ended.
        """
        answers = self.loaded.stream.ask([self._question(page) for page in pages])
        pairs = zip(pages, answers, strict=True)
        return [
            _failed(page, answer) if isinstance(answer, Exception) else self._reading(page, answer)
            for page, answer in pairs
        ]

    def _question(self, page: PageImage) -> Question:
        checkpoint = self.loaded.checkpoint
        takes_settings = not has_fixed_mode(checkpoint) and only_mode(checkpoint) is None
        settings = self.plan.mode.image_settings if takes_settings else {}
        return Question(functools.partial(self._prompt, page), self._params, settings)

    @functools.cached_property
    def _params(self) -> SamplingParams:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        from workers.engines.vllm.guard import guard_arguments

        plan, loaded = self.plan, self.loaded
        return SamplingParams(
            temperature=0,
            max_tokens=plan.max_new_tokens,
            stop_token_ids=self._stop,
            logprobs=0,  # those of the chosen tokens only
            detokenize=False,  # `finished` decodes, and keeps special tokens
            output_kind=RequestOutputKind.FINAL_ONLY,
            extra_args=guard_arguments(plan.guard, self._exempt, loaded.end),
        )

    def _prompt(self, page: PageImage) -> Chat | Mapping[str, Any]:
        """The prompt with the page's picture."""
        picture = self._picture(page)
        if self._raw_prompt is not None:
            return {**self._raw_prompt, "multi_modal_data": {"image": picture}}
        return self.plan.messages({"type": "image_pil", "image_pil": picture})

    def _picture(self, page: PageImage) -> Image.Image:
        """The picture for vLLM, which squeezes all pages into a square where there are no tiles.

        The network was trained with padding in Base and Large. A square stays as it is.
        """
        picture = page_picture(page, self.plan.mode)
        if not has_fixed_mode(self.loaded.checkpoint):
            return picture
        side_px, has_tiles = sizes.side_and_tiles(self.plan.mode)
        return picture if has_tiles or side_px <= SQUEEZED_PX else padded(picture, side_px)

    def _reading(self, page: PageImage, output: RequestOutput) -> Reading:
        completion = output.outputs[0]
        ended = completion.finish_reason == "stop"
        tokens = list(completion.token_ids)[: -1 if ended else None]
        # The guard cuts loops at multiples of CHECK_EVERY only: other answers ended by themselves.
        may_loop = not ended or len(tokens) % CHECK_EVERY == 0
        answer = Answer(
            tokens,
            [math.exp(completion.logprobs[i][token].logprob) for i, token in enumerate(tokens)],
            find_loop(tokens, self._exempt) if may_loop else -1,
            ended,
        )
        placeholders = output.prompt_token_ids.count(self._image_token)
        cost = spent(page, self.plan, placeholders, answer)
        error = miscount(page, self.plan, placeholders, "vLLM")
        if error is None and answer.loop < 0 and completion.finish_reason not in ("stop", "length"):
            error = f"vLLM ended it after {len(tokens)} tokens: {completion.finish_reason}"
        if error is not None:
            return replace(cost, error=PageError("engine_error", error))
        return finished(page, cost, self.plan, answer, self.loaded.tokenizer)


def _raw_prompt(loaded: Loaded, plan: Plan) -> dict[str, object]:
    """The prompt that the profile writes itself."""
    text = plan.raw_prompt(loaded.tokenizer.convert_ids_to_tokens(loaded.image_token))
    if not has_fixed_mode(loaded.checkpoint):
        return {"prompt": text}
    # DeepSeek-OCR's script begins a prompt with this token, whatever the tokenizer's file says.
    ids = loaded.tokenizer.encode(text, add_special_tokens=False)
    return {"prompt_token_ids": [loaded.tokenizer.bos_token_id, *ids]}


def _failed(page: PageImage, exc: Exception) -> Reading:
    return failed(page, f"vllm: {type(exc).__name__}: {first_line(exc)}")
