"""Generates for pages in rounds of transformers' own `generate`, for families whose cache slides.

After a round the pages that have ended leave, and others take their places. Each round sees a
page's image and computes its prompt and answer again, which `workers.engines.slots` does not.
Unlimited-OCR reads in one round: its window slides over the answer and never over the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import LogitsProcessorList, StoppingCriteriaList

from workers.engines.answers import token_ids
from workers.engines.batches import Page, collate
from workers.engines.decoding import Confidence, LoopCut, NgramGuard
from workers.engines.loaded import Loaded
from workers.engines.plan import Plan


class Rounds:
    """The pages in work, with the methods of `workers.engines.slots.Slots`."""

    def __init__(self, loaded: Loaded, plan: Plan) -> None:
        self.pages: list[Page] = []
        self._loaded = loaded
        self._plan = plan

    @staticmethod
    def key(page: Page) -> object:
        """Equal for pages that may join together: all."""
        return None

    def join(self, pages: Sequence[Page]) -> None:
        """Let `pages` take part in the next round."""
        self.pages += pages

    def leave(self, pages: Sequence[Page]) -> None:
        """Free the places of `pages`."""
        self.pages = [page for page in self.pages if page not in pages]

    def clear(self) -> list[Page]:
        """Free all places; return the pages."""
        pages, self.pages = self.pages, []
        return pages

    def advance(self) -> None:
        """One round: up to `round_tokens` more tokens of each page's answer."""
        loaded, plan = self._loaded, self._plan
        device, stop = loaded.model.device, plan.profile.stop
        batch, starts = collate(self.pages, loaded.pad_id)
        inputs = {
            key: value.to(device) if isinstance(value, torch.Tensor) else value
            for key, value in batch.items()
        }
        prompts = inputs["input_ids"]
        assert isinstance(prompts, torch.Tensor)
        width = prompts.shape[1]
        limit = max(page.tokens_left for page in self.pages)
        steps = min(loaded.round_tokens, limit) if plan.profile.resumable else limit
        exempt = token_ids(loaded.tokenizer, (plan.guard or plan.profile.stronger).exempt)
        ends = loaded.end_ids(stop)
        loop_cut = LoopCut(starts, frozenset(exempt), ends)
        processors, confidence = LogitsProcessorList(), Confidence()
        if plan.guard is not None:
            columns, free = (torch.tensor(values, device=device) for values in (starts, exempt))
            processors.append(NgramGuard(plan.guard, columns, free))
        processors.append(confidence)  # last, as it must see what the guard leaves
        with torch.inference_mode():
            rows = loaded.model.generate(
                **inputs,
                generation_config=loaded.generation_config(stop, steps),
                logits_processor=processors,
                stopping_criteria=StoppingCriteriaList([loop_cut]),
            )
        # tokens, probabilities: (pages, steps)
        tokens = rows[:, width:].cpu()
        probabilities = torch.stack(confidence.chosen, dim=1).cpu()
        for row, page in enumerate(self.pages):
            cut = loop_cut.lengths.get(row)
            page.answer.loop = loop_cut.loops.get(row, -1)
            length = tokens.shape[1] if cut is None else cut - width
            page.extend(tokens[row, :length].tolist(), probabilities[row].tolist(), ends)
