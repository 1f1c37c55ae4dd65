"""Generates for pages side by side, and computes each page's image and prompt once.

A page takes a slot, generates, and gives the slot to the next page when it ends: `Slots.join` sees
its image and computes its prompt, `Slots.advance` adds up to `CHECK_EVERY` tokens to all pages,
`Slots.leave` frees slots. The cache of the other pages stays where it is. A page that joins with an
answer, as after a failure, goes on from there.

Between two steps nothing is copied to the host, so that a GPU never waits for it: ends and loops
are found after `CHECK_EVERY` tokens. Those are counted from the beginning of each page's answer, so
an answer is the same whatever pages are beside it.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from transformers import DynamicCache

from workers.engines import caches
from workers.engines.answers import token_ids
from workers.engines.batches import Page, collate
from workers.engines.decoding import NgramGuard
from workers.engines.loaded import Loaded
from workers.engines.loops import CHECK_EVERY, find_loop
from workers.engines.plan import Plan
from workers.engines.replay import Replay
from workers.engines.slot_state import Joining, State

_COLUMNS_STEP = 256
"""Columns are allocated in steps of this many, so that shapes change seldom."""


class Slots:
    """The pages in work, one a row."""

    def __init__(self, loaded: Loaded, plan: Plan) -> None:
        self._loaded = loaded
        self._plan = plan
        self._in_rows: list[Page | None] = []  # the page of each row; None where it is free
        self._state: State | None = None
        self._step: Replay | None = None
        exempt = token_ids(loaded.tokenizer, (plan.guard or plan.profile.stronger).exempt)
        self._exempt = frozenset(exempt)
        self._may_repeat = torch.tensor(exempt, dtype=torch.int64, device=loaded.model.device)
        self._ends = loaded.end_ids(plan.profile.stop)
        takes = inspect.signature(loaded.model.forward).parameters
        self._last_only = {"logits_to_keep": 1} if "logits_to_keep" in takes else {}

    @property
    def pages(self) -> list[Page]:
        """The pages in work, in the order of their rows."""
        return [page for page in self._in_rows if page is not None]

    @staticmethod
    def key(page: Page) -> object:
        """Equal for pages that may join together, as none of them needs padding."""
        assert page.prepared is not None
        return page.tokens, page.prepared.shapes

    @torch.inference_mode()
    def join(self, pages: Sequence[Page]) -> None:
        """Compute the prompts of `pages`, which have inputs of the same shapes, and let them in."""
        joining = self._computed(pages)
        together = [*self.pages, *pages]
        state = self._fit(len(together), max(page.tokens for page in together) + CHECK_EVERY)
        free = [row for row, page in enumerate(self._in_rows) if page is None][: len(pages)]
        state.put(torch.tensor(free, device=state.positions.device), joining)
        for row, page in zip(free, pages, strict=True):
            self._in_rows[row] = page

    def leave(self, pages: Sequence[Page]) -> None:
        """Free the slots of `pages`."""
        self._in_rows = [None if page in pages else page for page in self._in_rows]
        if not self.pages:
            self.clear()

    def clear(self) -> list[Page]:
        """Free all slots; return the pages."""
        pages, self._in_rows, self._state, self._step = self.pages, [], None, None
        return pages

    @torch.inference_mode()
    def advance(self) -> None:
        """Add up to `CHECK_EVERY` tokens to the answers, and look for their ends and loops."""
        steps = min(CHECK_EVERY, max(page.tokens_left for page in self.pages))
        self._fit(len(self.pages), max(page.tokens for page in self.pages) + steps)
        tokens, probabilities = self._generated(steps)
        for page, ids, shares in zip(self._in_rows, tokens, probabilities, strict=True):
            if page is None:
                continue
            page.extend(ids, shares, self._ends)
            if not page.answer.ended:
                page.answer.loop = find_loop(page.answer.tokens, self._exempt)

    def _generated(self, steps: int) -> tuple[list[list[int]], list[list[float]]]:
        """The next tokens of each row and their probabilities: (rows, steps).

        What comes after an end token, and in a free row, has no meaning.
        """
        assert self._state is not None
        state, guard = self._state, self._plan.guard
        if self._step is None:
            ban = NgramGuard(guard, state.starts, self._may_repeat) if guard else None
            self._step = Replay(lambda: self._stepped(state, ban), self._loaded.records_steps)
        tokens, probabilities = [], []
        for _ in range(steps):
            self._step()
            tokens.append(state.chosen.clone())
            probabilities.append(state.shares.clone())
        # The one place where the host waits for the device.
        return torch.stack(tokens, 1).tolist(), torch.stack(probabilities, 1).tolist()

    def _stepped(self, state: State, ban: NgramGuard | None) -> None:
        """Choose each row's next token, and compute the scores of the one after it; in place."""
        state.choose(state.scores if ban is None else ban(state.recent, state.scores))
        out = self._loaded.model(
            input_ids=state.chosen[:, None],
            attention_mask=state.hidden[:, None, None],
            # A model with positions in several dimensions gives all of them the same one.
            position_ids=state.positions[:, None],
            past_key_values=state.cache,
            use_cache=True,
            **self._last_only,
        )
        state.move_on(out.logits[:, -1])

    # ---- rows and columns -------------------------------------------------------------------

    def _fit(self, rows: int, columns: int) -> State:
        """The state, with memory for so many rows and columns; where it has other, all moves."""
        if self._loaded.has_spare_rows:
            rows = 1 << (rows - 1).bit_length()
        columns = -(-columns // _COLUMNS_STEP) * _COLUMNS_STEP
        state, model = self._state, self._loaded.model
        if state is None:
            window = self._plan.guard.window if self._plan.guard else 0
            state = State(model, rows, columns, window)
        elif (rows, columns) != (state.rows, state.columns):
            kept = [row for row, page in enumerate(self._in_rows) if page is not None]
            state.resize(torch.tensor(kept, device=model.device), rows, columns)
        else:
            return state
        self._in_rows = [*self.pages, *[None] * (rows - len(self.pages))]
        self._state, self._step = state, None  # what was recorded has the old addresses
        return state

    # ---- prompts ----------------------------------------------------------------------------

    def _computed(self, pages: Sequence[Page]) -> Joining:
        """What the model says of pages by themselves. Their images are seen here, nowhere else."""
        loaded = self._loaded
        model, device = loaded.model, loaded.model.device
        batch, starts = collate(pages, loaded.pad_id)
        inputs = {
            key: value.to(device) if isinstance(value, torch.Tensor) else value
            for key, value in batch.items()
        }
        ids = inputs["input_ids"]
        assert isinstance(ids, torch.Tensor)
        cache = DynamicCache(config=model.config)
        out = model(**inputs, past_key_values=cache, use_cache=True, **self._last_only)
        rows, length = ids.shape
        positions = torch.full((rows,), length, device=device)
        if (deltas := self._rope_deltas()) is not None:
            positions = positions + deltas.view(-1).to(device)
        window = self._plan.guard.window if self._plan.guard else 0
        recent = caches.left_padded([ids, ids.new_zeros(1, window)], -1)[0]
        begins = torch.tensor(starts, device=device) - length + window
        return Joining(
            cache,
            length,
            positions,
            out.logits[:, -1].float(),
            recent[:, recent.shape[1] - window :],
            begins.clamp(min=0),
        )

    def _rope_deltas(self) -> torch.Tensor | None:
        """By how much a row's positions differ from its number of tokens, (rows, 1).

        Models with positions in three dimensions (Qwen2-VL and its relatives) leave this behind.
        """
        inner = getattr(self._loaded.model, "model", None)
        deltas: torch.Tensor | None = getattr(inner, "rope_deltas", None)
        return deltas
