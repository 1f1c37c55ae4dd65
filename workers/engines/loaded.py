"""A checkpoint in memory, for the `transformers` engine: its model, its processor, its token ids.

Does not: load it, or generate with it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformers import GenerationConfig

from workers.engines.answers import token_ids
from workers.engines.checkpoint import Checkpoint
from workers.engines.plan import Plan

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, ProcessorMixin

ROUND_TOKENS = 512


@dataclass(slots=True)
class Loaded:
    """A checkpoint in memory, shared by all engines that read with it.

    `batch_pages` is halved for good when a batch did not fit the device's memory. With `cache` None
    the caches of pages are kept, where the family allows it (`workers.engines.slots`). Otherwise
    pages are read in rounds of `round_tokens`, and `cache` is the `cache_implementation` of
    `generate`; with "static" it compiles the model's steps on a GPU.

    With `has_spare_rows` kept caches have a power of two of rows, some of them free: on a GPU a
    step takes about as long for few rows as for many, and shapes that stay are worth more; on a CPU
    each row costs its share of a step. `records_steps` replays steps as CUDA graphs
    (`workers.engines.replay`).
    """

    checkpoint: Checkpoint
    model: PreTrainedModel
    processor: ProcessorMixin
    batch_pages: int
    round_tokens: int = ROUND_TOKENS
    cache: str | None = None
    has_spare_rows: bool = False
    records_steps: bool = False

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The processor's tokenizer."""
        return self.processor.tokenizer

    @property
    def image_token_id(self) -> int:
        """The token that stands in a prompt for each of an image's tokens."""
        token: int = self.processor.image_token_id
        return token

    @property
    def context_tokens(self) -> int:
        """The most tokens that a prompt and its answer may have together."""
        text = self.model.config.get_text_config()
        return getattr(text, "max_position_embeddings", None) or sys.maxsize

    @property
    def pad_id(self) -> int:
        """The token that pads prompts: any, where the tokenizer has none, since it is masked."""
        pad_id: int | None = self.tokenizer.pad_token_id
        return 0 if pad_id is None else pad_id

    def end_ids(self, stop: Iterable[str]) -> frozenset[int]:
        """The tokens that end an answer."""
        ends = self.model.generation_config.eos_token_id
        if ends is None:
            ends = self.tokenizer.eos_token_id
        listed = [] if ends is None else [ends] if isinstance(ends, int) else ends
        return frozenset((*listed, *token_ids(self.tokenizer, stop)))

    def generation_config(self, stop: Iterable[str], steps: int) -> GenerationConfig:
        """Greedy decoding, without what the checkpoint's own `generation_config.json` adds."""
        return GenerationConfig(
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
            max_new_tokens=steps,
            eos_token_id=sorted(self.end_ids(stop)) or None,
            pad_token_id=self.pad_id,
            cache_implementation=self.cache,
        )


def prompt_text(plan: Plan, processor: ProcessorMixin) -> str:
    """The whole prompt of a page, with one placeholder for its image."""
    template = plan.profile.template
    if template == "got":
        return (
            f"<|im_start|>{processor.system_query}<|im_end|><|im_start|>user\n"
            f"<img>{processor.image_token}</img>\n{plan.prompt}<|im_end|><|im_start|>assistant\n"
        )
    if template == "raw" or not processor.chat_template:
        return plan.raw_prompt(processor.image_token)
    messages = plan.messages({"type": "image"})
    text: str = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return text
