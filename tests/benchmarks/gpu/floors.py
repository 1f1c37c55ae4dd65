"""What a page must cost at least, by operations to do and bytes to move. Pure, but for counting.

A page's prompt is computed once, at the rate of matrix products. Then each step of generation
reads the decoder's weights once for the whole batch, and of each page its keys and values: it
takes as long as these bytes, or its operations if they take longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What the device reaches in a bare loop: bytes read or written, and operations, a second."""

    bytes_per_s: float
    flops_per_s: float


@dataclass(frozen=True, slots=True)
class Network:
    """What generation with a network costs.

    Args:
        prompt_flops: to see one page's picture and compute its prompt.
        dense_weights: numbers that every token uses: all of the decoder but its routed experts.
        expert_weights: numbers in all routed experts of all layers; 0 without experts.
        experts: routed experts a layer, of which a token uses `experts_per_token`.
        cache_bytes: keys and values of a token.
        weight_bytes: of one number.
    """

    prompt_flops: float
    dense_weights: int
    expert_weights: int
    experts: int
    experts_per_token: int
    cache_bytes: int
    weight_bytes: int

    def step_s(self, batch: int, columns: float, ceilings: Ceilings) -> float:
        """The least seconds of one step for `batch` pages with `columns` tokens each."""
        # Of E experts, n tokens that choose k of them at random leave (1 - k/E)^n untouched.
        share = self.experts_per_token / self.experts if self.experts else 0.0
        weights = self.dense_weights + self.expert_weights * (1 - (1 - share) ** batch)
        moved = weights * self.weight_bytes + batch * columns * self.cache_bytes
        # A product of a token with a weight is two operations.
        flops = 2 * batch * (self.dense_weights + self.expert_weights * share)
        return max(moved / ceilings.bytes_per_s, flops / ceilings.flops_per_s)

    def page_s(self, batch: int, prompt: int, answer: int, ceilings: Ceilings) -> float:
        """The least seconds of a page with a prompt and an answer of so many tokens."""
        generation = answer * self.step_s(batch, prompt + answer / 2, ceilings) / batch
        return self.prompt_flops / ceilings.flops_per_s + generation


def network_of(model: Any, inputs: dict[str, Any]) -> Network:
    """What `model` costs; `inputs` are those of one page, on the model's device.

    Operations are counted by torch while it computes the page, with experts one by one: torch does
    not count products of groups.
    """
    text = model.config.get_text_config()
    decoder = [*model.get_decoder().named_parameters()]
    experts = sum(weight.numel() for name, weight in decoder if _is_expert(name, weight))
    all_weights = sum(weight.numel() for _, weight in decoder)
    embedding = model.get_input_embeddings().weight.numel()  # one row a token is read of it
    head = model.get_output_embeddings().weight
    before = model.get_experts_implementation() if experts else None
    if experts:
        model.set_experts_implementation("eager")
    try:
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            cache = model(**inputs, use_cache=True).past_key_values
    finally:
        if before is not None:
            model.set_experts_implementation(before)
    tokens = inputs["input_ids"].numel()
    kept = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    return Network(
        prompt_flops=counter.get_total_flops(),
        dense_weights=all_weights - experts - embedding + head.numel(),
        expert_weights=experts,
        experts=text.n_routed_experts if experts else 0,
        experts_per_token=text.num_experts_per_tok if experts else 0,
        cache_bytes=kept // tokens,
        weight_bytes=head.element_size(),
    )


def _is_expert(name: str, weight: torch.Tensor) -> bool:
    """Whether these are all routed experts of a layer: (experts, out, in)."""
    return ".experts." in name and weight.ndim == 3
