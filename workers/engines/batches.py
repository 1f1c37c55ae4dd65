"""Pages in work: prepared for a model one by one, put together into batches, and their answers.

The checkpoint's own processor prepares a page once. A batch's prompts also have what was generated
so far, so that a page can go on in another batch than it began in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

import torch
from torch.nn.functional import pad

from schemas.pages import PageImage
from workers.engines.answers import Answer

_ALONG_PROMPTS = ("input_ids", "attention_mask", "mm_token_type_ids", "token_type_ids")
"""Inputs with a value for each token of the prompt."""

Input = torch.Tensor | list[object]
"""One input of a model: a tensor whose first axis is the pages, or a list with an item a page."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page as the model takes it: `inputs` is the processor's output for this page alone.

    `placeholders` counts the image tokens among its `prompt_tokens`; `most_tokens` is what an
    answer may have.
    """

    inputs: Mapping[str, Input]
    prompt_tokens: int
    placeholders: int
    most_tokens: int

    @property
    def shapes(self) -> tuple[object, ...]:
        """Equal for pages whose inputs need no padding to share a batch, their prompts apart."""
        return tuple(
            (key, tuple(value.shape[1:]))
            for key, value in self.inputs.items()
            if isinstance(value, torch.Tensor) and key not in _ALONG_PROMPTS
        )


@dataclass(slots=True)
class Page:
    """A page in work: its index in the call, its picture, and its answer so far."""

    place: int
    image: PageImage
    prepared: Prepared | None = None
    answer: Answer = field(default_factory=Answer)

    @property
    def tokens(self) -> int:
        """The tokens of its prompt and its answer so far."""
        assert self.prepared is not None
        return self.prepared.prompt_tokens + len(self.answer.tokens)

    @property
    def tokens_left(self) -> int:
        """How many tokens may follow."""
        assert self.prepared is not None
        return self.prepared.most_tokens - len(self.answer.tokens)

    @property
    def is_done(self) -> bool:
        """Whether its answer has ended, loops, or may not become longer."""
        return self.answer.ended or self.answer.loop >= 0 or self.tokens_left <= 0

    def extend(
        self, tokens: Sequence[int], probabilities: Sequence[float], ends: frozenset[int]
    ) -> None:
        """Add tokens to the answer, up to one of the tokens `ends` or its limit."""
        tokens = tokens[: self.tokens_left]
        end = next((place for place, token in enumerate(tokens) if token in ends), None)
        self.answer.ended = end is not None
        self.answer.tokens += tokens[:end]
        self.answer.probabilities += probabilities[: len(tokens[:end])]


class PagesAhead:
    """A queue of pages in reading order, whose next ones are prepared on another thread.

    At most `ahead` pages are prepared in advance: one can hold 30 MB of pixels.
    """

    def __init__(
        self,
        pages: Sequence[Page],
        prepare: Callable[[PageImage], Prepared],
        pool: Executor,
        ahead: int,
    ) -> None:
        self._waiting = deque(pages)
        self._prepare = prepare
        self._pool = pool
        self._ahead = max(1, ahead)
        self._preparing: deque[tuple[Page, Future[Prepared]]] = deque()
        self._returned: deque[Page] = deque()

    def take(self) -> tuple[Page, Exception | None] | None:
        """The next page, prepared, or with the error that stopped this; None when all are taken."""
        if self._returned:
            return self._returned.popleft(), None
        while self._waiting and len(self._preparing) < self._ahead:
            page = self._waiting.popleft()
            self._preparing.append((page, self._pool.submit(self._prepare, page.image)))
        if not self._preparing:
            return None
        page, future = self._preparing.popleft()
        error = future.exception()
        if isinstance(error, Exception):
            return page, error
        page.prepared = future.result()
        return page, None

    @property
    def is_empty(self) -> bool:
        """Whether all pages are taken."""
        return not (self._waiting or self._preparing or self._returned)

    def put_back(self, pages: Sequence[Page]) -> None:
        """Put `pages`, with their answers so far, first in the queue."""
        self._returned.extendleft(reversed(pages))


def collate(active: Sequence[Page], pad_id: int) -> tuple[dict[str, Input], list[int]]:
    """A batch of left-padded prompts and answers so far, and the columns where answers begin.

    Other tensors, of pages of different sizes, are padded with zeros at their ends, as the
    processors themselves do in a batch.
    """
    pages = [page.prepared for page in active if page.prepared]
    answers = [page.answer for page in active]
    lengths = [p.prompt_tokens + len(a.tokens) for p, a in zip(pages, answers, strict=True)]
    width = max(lengths)
    batch: dict[str, Input] = {}
    for key in dict.fromkeys(key for page in pages for key in page.inputs):
        values = [page.inputs[key] for page in pages if key in page.inputs]
        tensors = [value for value in values if isinstance(value, torch.Tensor)]
        if not tensors:
            batch[key] = [item for value in values for item in value]
        elif key == "input_ids":
            rows = [
                torch.cat([tensor[0], torch.tensor(answer.tokens, dtype=tensor.dtype)])
                for tensor, answer in zip(tensors, answers, strict=True)
            ]
            batch[key] = _left_padded(rows, width, pad_id)
        elif key in _ALONG_PROMPTS:
            fill = 1 if key == "attention_mask" else 0
            rows = [
                pad(tensor[0], (0, len(answer.tokens)), value=fill)
                for tensor, answer in zip(tensors, answers, strict=True)
            ]
            batch[key] = _left_padded(rows, width, 0)
        else:
            batch[key] = _concatenated(tensors)
    return batch, [
        width - length + page.prompt_tokens for page, length in zip(pages, lengths, strict=True)
    ]


def _left_padded(rows: Sequence[torch.Tensor], width: int, fill: int) -> torch.Tensor:
    return torch.stack([pad(row, (width - len(row), 0), value=fill) for row in rows])


def _concatenated(values: Sequence[torch.Tensor]) -> torch.Tensor:
    """Joined along the first axis; the other axes are padded to the largest."""
    sizes = torch.tensor([value.shape[1:] for value in values])
    if sizes.numel() and not bool((sizes == sizes[0]).all()):
        largest = sizes.amax(dim=0).tolist()
        values = [_padded(value, largest) for value in values]
    return torch.cat(list(values))


def _padded(value: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """`value` with zeros at its ends, so that all axes but the first have `sizes`."""
    missing = [size - length for size, length in zip(sizes, value.shape[1:], strict=True)]
    # `pad` takes the last axis first, and of each axis the amounts before and after it.
    return pad(value, [amount for axis in reversed(missing) for amount in (0, axis)])
