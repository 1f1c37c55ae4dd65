"""Generates for pages side by side, and computes each page's image and prompt once.

A page takes a slot, generates, and gives the slot to the next page when it ends: `Slots.join` sees
its image and computes its prompt, `Slots.advance` adds up to `CHECK_EVERY` tokens to all pages,
`Slots.leave` frees slots. The cache of the other pages stays. A page that joins with an answer, as
after a failure, goes on from there.

Between two steps nothing is copied to the host, so that a GPU never waits for it: ends and loops
are found after `CHECK_EVERY` tokens. Those are counted from the beginning of each page's answer, so
an answer is the same whatever pages are beside it.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import Cache

from workers.engines import caches
from workers.engines.answers import token_ids
from workers.engines.batches import Page, collate
from workers.engines.decoding import NgramGuard
from workers.engines.loaded import Loaded
from workers.engines.loops import CHECK_EVERY, find_loop
from workers.engines.plan import Plan


@dataclass(slots=True)
class _State:
    """What is kept of the pages in work, on the device.

    Args:
        cache: keys and values of all tokens so far.
        hidden: added to the scores of attention, (rows, columns): -inf where a row is padded.
        positions: of the next token, (rows,).
        scores: of the next token, float32 (rows, vocabulary).
        recent: the last tokens that a guard looks at, (rows, window), and `starts` (rows,), the
            column where the answer begins in it.
    """

    cache: Cache
    hidden: torch.Tensor
    positions: torch.Tensor
    scores: torch.Tensor
    recent: torch.Tensor
    starts: torch.Tensor


class Slots:
    """The pages in work, one a row; `pages` are in the order of the rows."""

    def __init__(self, loaded: Loaded, plan: Plan) -> None:
        self.pages: list[Page] = []
        self._loaded = loaded
        self._plan = plan
        self._state: _State | None = None
        exempt = token_ids(loaded.tokenizer, (plan.guard or plan.profile.stronger).exempt)
        self._exempt = frozenset(exempt)
        self._may_repeat = torch.tensor(exempt, dtype=torch.int64, device=loaded.model.device)
        self._ends = loaded.end_ids(plan.profile.stop)
        takes = inspect.signature(loaded.model.forward).parameters
        self._last_only = {"logits_to_keep": 1} if "logits_to_keep" in takes else {}

    @staticmethod
    def key(page: Page) -> object:
        """Equal for pages that may join together, as none of them needs padding."""
        assert page.prepared is not None
        return page.tokens, page.prepared.shapes

    @torch.inference_mode()
    def join(self, pages: Sequence[Page]) -> None:
        """Compute the prompts of `pages`, which have inputs of the same shapes, and let them in."""
        new = self._computed(pages)
        old = self._state
        if old is None:
            self._state = new
        else:
            caches.join(old.cache, new.cache)
            lowest = -torch.inf
            self._state = _State(
                old.cache,
                torch.cat(caches.left_padded([old.hidden, new.hidden], -1, lowest)),
                torch.cat([old.positions, new.positions]),
                torch.cat([old.scores, new.scores]),
                torch.cat([old.recent, new.recent]),
                torch.cat([old.starts, new.starts]),
            )
        self.pages += pages

    @torch.inference_mode()
    def leave(self, pages: Sequence[Page]) -> None:
        """Free the slots of `pages`."""
        rows = [row for row, page in enumerate(self.pages) if page not in pages]
        self.pages = [self.pages[row] for row in rows]
        if not rows:
            self._state = None
        elif self._state is not None and pages:
            self._keep(self._state, torch.tensor(rows, device=self._loaded.model.device))

    def clear(self) -> list[Page]:
        """Free all slots; return the pages."""
        pages, self.pages, self._state = self.pages, [], None
        return pages

    @torch.inference_mode()
    def advance(self) -> None:
        """Add up to `CHECK_EVERY` tokens to the answers, and look for their ends and loops."""
        steps = min(CHECK_EVERY, max(page.tokens_left for page in self.pages))
        tokens, probabilities = self._generated(steps)
        for page, ids, shares in zip(self.pages, tokens, probabilities, strict=True):
            page.extend(ids, shares, self._ends)
            if not page.answer.ended:
                page.answer.loop = find_loop(page.answer.tokens, self._exempt)

    def _generated(self, steps: int) -> tuple[list[list[int]], list[list[float]]]:
        """The next tokens of each page and their probabilities: (pages, steps).

        What comes after an end token has no meaning.
        """
        assert self._state is not None
        state, guard = self._state, self._plan.guard
        ban = NgramGuard(guard, state.starts, self._may_repeat) if guard else None
        tokens, probabilities = [], []
        for _ in range(steps):
            scores = state.scores if ban is None else ban(state.recent, state.scores)
            probabilities.append(scores.softmax(dim=-1).amax(dim=-1))
            tokens.append(scores.argmax(dim=-1))
            self._step(state, tokens[-1])
        # The one place where the host waits for the device.
        return torch.stack(tokens, 1).tolist(), torch.stack(probabilities, 1).tolist()

    def _step(self, state: _State, chosen: torch.Tensor) -> None:
        """Compute the scores that follow the tokens `chosen` (rows,)."""
        if state.recent.shape[1]:
            state.recent = torch.cat([state.recent[:, 1:], chosen[:, None]], dim=1)
            state.starts.sub_(1).clamp_(min=0)
        state.hidden = torch.cat([state.hidden, state.hidden.new_zeros(len(chosen), 1)], dim=1)
        out = self._loaded.model(
            input_ids=chosen[:, None],
            attention_mask=state.hidden[:, None, None],
            # A model with positions in several dimensions gives all of them the same one.
            position_ids=state.positions[:, None],
            past_key_values=state.cache,
            use_cache=True,
            **self._last_only,
        )
        state.positions = state.positions + 1
        state.scores = out.logits[:, -1].float()

    def _computed(self, pages: Sequence[Page]) -> _State:
        """The state of pages by themselves. Their images are seen here, and nowhere else."""
        loaded = self._loaded
        model, device = loaded.model, loaded.model.device
        batch, starts = collate(pages, loaded.pad_id)
        inputs = {
            key: value.to(device) if isinstance(value, torch.Tensor) else value
            for key, value in batch.items()
        }
        ids = inputs["input_ids"]
        assert isinstance(ids, torch.Tensor)
        cache = caches.new_cache(model)
        out = model(**inputs, past_key_values=cache, use_cache=True, **self._last_only)
        rows, length = ids.shape
        positions = torch.full((rows,), length, device=device)
        if (deltas := self._rope_deltas()) is not None:
            positions = positions + deltas.view(-1).to(device)
        window = self._plan.guard.window if self._plan.guard else 0
        recent = caches.left_padded([ids, ids.new_zeros(1, window)], -1)[0]
        begins = torch.tensor(starts, device=device) - length + window
        return _State(
            cache,
            torch.zeros(rows, length, dtype=model.dtype, device=device),
            positions,
            out.logits[:, -1].float(),
            recent[:, recent.shape[1] - window :],
            begins.clamp(min=0),
        )

    def _keep(self, state: _State, rows: torch.Tensor) -> None:
        """Keep `rows`, without the columns that are padding in all of them."""
        columns = max(page.tokens for page in self.pages)
        caches.keep_rows(state.cache, rows, columns)
        state.hidden = state.hidden[rows, -columns:]
        state.positions, state.scores = state.positions[rows], state.scores[rows]
        state.recent, state.starts = state.recent[rows], state.starts[rows]

    def _rope_deltas(self) -> torch.Tensor | None:
        """By how much a row's positions differ from its number of tokens, (rows, 1).

        Models with positions in three dimensions (Qwen2-VL and its relatives) leave this behind.
        """
        inner = getattr(self._loaded.model, "model", None)
        deltas: torch.Tensor | None = getattr(inner, "rope_deltas", None)
        return deltas
