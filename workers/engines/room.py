"""How many pages a GPU has memory for, measured when a model is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from transformers import DynamicCache

from workers.engines.loaded import Loaded
from workers.engines.plan import Plan

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_MOST_PAGES = 512
"""With more, a step takes as much longer as there are more pages."""
_SHARE = 0.8
"""Of the free memory. The rest is for pictures being seen, and a layer that moves to new memory."""
_PAGE_PX = (905, 1280)
"""An A4 page at the size that recipes ask for unless they say otherwise."""
_UNKNOWN_PROMPT = 4096
"""Image tokens of a page where no formula is known."""


def pages_that_fit(loaded: Loaded, plan: Plan) -> int:
    """The pages whose keys and values the GPU's free memory holds, all at their greatest length."""
    free_bytes, _ = torch.cuda.mem_get_info(loaded.model.device)
    tokens = min(loaded.context_tokens, _prompt_tokens(plan) + plan.max_new_tokens)
    page_bytes = tokens * bytes_a_token(loaded.model)
    return max(1, min(_MOST_PAGES, int(_SHARE * free_bytes / page_bytes)))


def _prompt_tokens(plan: Plan) -> int:
    tokens = plan.mode.tokens
    return tokens(*_PAGE_PX).placeholders if tokens else _UNKNOWN_PROMPT


@torch.inference_mode()
def bytes_a_token(model: PreTrainedModel) -> int:
    """The keys and values that `model` keeps of one token of one page."""
    cache = DynamicCache(config=model.config)
    token = torch.zeros(1, 1, dtype=torch.int64, device=model.device)
    model(input_ids=token, past_key_values=cache, use_cache=True)
    filled = [layer for layer in cache.layers if layer.is_initialized]
    return sum(layer.keys.nbytes + layer.values.nbytes for layer in filled)
