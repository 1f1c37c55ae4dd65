"""Pages made ready for a model one by one, and put together into batches.

A page is prepared once, by the checkpoint's own processor, and takes part in as many rounds of
generation as it needs: its prompt is then longer by what was generated before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.functional import pad

from schemas.pages import PageImage
from workers.engines.answers import Answer


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page as its model takes it: `inputs` are the processor's, for a batch of this page alone.

    `placeholders` are the image tokens among its `prompt_tokens`.
    """

    inputs: Mapping[str, Any]
    prompt_tokens: int
    placeholders: int


@dataclass(slots=True)
class Page:
    """A page under way: its place in the call, its picture, and what it has become so far."""

    place: int
    image: PageImage
    prepared: Prepared | None = None
    answer: Answer = field(default_factory=Answer)


class PagesAhead:
    """Pages in the order in which they are to be read, the next ones prepared on another thread.

    Only `ahead` pages are prepared at a time: one can hold 30 MB of pixels.
    """

    def __init__(
        self,
        pages: Sequence[Page],
        prepare: Callable[[PageImage], Prepared],
        pool: Executor,
        ahead: int,
    ) -> None:
        self._later = deque(pages)
        self._prepare = prepare
        self._pool = pool
        self._ahead = max(1, ahead)
        self._soon: deque[tuple[Page, Future[Prepared]]] = deque()
        self._back: deque[Page] = deque()

    def take(self) -> tuple[Page, Exception | None] | None:
        """The next page, prepared, or why it cannot be; None where none is left."""
        if self._back:
            return self._back.popleft(), None
        while self._later and len(self._soon) < self._ahead:
            page = self._later.popleft()
            self._soon.append((page, self._pool.submit(self._prepare, page.image)))
        if not self._soon:
            return None
        page, future = self._soon.popleft()
        error = future.exception()
        if isinstance(error, Exception):
            return page, error
        page.prepared = future.result()
        return page, None

    def put_back(self, pages: Sequence[Page]) -> None:
        """Pages that come first again, with what they have been answered so far."""
        self._back.extendleft(reversed(pages))


def collate(active: Sequence[Page], pad_id: int) -> tuple[dict[str, Any], list[int]]:
    """A batch of left-padded prompts, each with its answer so far; and where answers begin.

    Of the tensors that are no tokens, those of pages of other sizes are filled up with zeros at
    their ends, which is how the processors fill up a batch of their own.
    """
    pages = [page.prepared for page in active if page.prepared]
    answers = [page.answer for page in active]
    lengths = [p.prompt_tokens + len(a.tokens) for p, a in zip(pages, answers, strict=True)]
    width = max(lengths)
    batch: dict[str, Any] = {}
    for key in dict.fromkeys(key for page in pages for key in page.inputs):
        values = [page.inputs[key] for page in pages if key in page.inputs]
        if not isinstance(values[0], torch.Tensor):
            batch[key] = [item for value in values for item in value]
        elif key == "input_ids":
            rows = [
                torch.cat([value[0], torch.tensor(answer.tokens, dtype=value.dtype)])
                for value, answer in zip(values, answers, strict=True)
            ]
            batch[key] = _left_padded(rows, width, pad_id)
        elif key in ("attention_mask", "mm_token_type_ids", "token_type_ids"):
            fill = 1 if key == "attention_mask" else 0
            rows = [
                pad(value[0], (0, len(answer.tokens)), value=fill)
                for value, answer in zip(values, answers, strict=True)
            ]
            batch[key] = _left_padded(rows, width, 0)
        else:
            batch[key] = _concatenated(values)
    return batch, [
        width - length + page.prompt_tokens for page, length in zip(pages, lengths, strict=True)
    ]


def _left_padded(rows: Sequence[torch.Tensor], width: int, fill: int) -> torch.Tensor:
    return torch.stack([pad(row, (width - len(row), 0), value=fill) for row in rows])


def _concatenated(values: Sequence[torch.Tensor]) -> torch.Tensor:
    """Along the first axis; the others are filled up to the largest."""
    sizes = torch.tensor([value.shape[1:] for value in values])
    if sizes.numel() and not bool((sizes == sizes[0]).all()):
        largest = sizes.amax(dim=0).tolist()
        values = [_filled(value, largest) for value in values]
    return torch.cat(list(values))


def _filled(value: torch.Tensor, largest: Sequence[int]) -> torch.Tensor:
    missing = [want - have for want, have in zip(largest, value.shape[1:], strict=True)]
    # `pad` takes the last axis first, and for each axis what comes before and after it.
    return pad(value, [amount for axis in reversed(missing) for amount in (0, axis)])
