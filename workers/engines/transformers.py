"""The `transformers` engine: any checkpoint that transformers has a class for, by its profile.

Pages are generated side by side, and a page that ends gives its place to the next, so that the
batch stays full: `generate` alone would run a batch until its longest page ends, and transformers'
own continuous batching takes no images (5.23). See `workers.engines.slots`, and for families whose
cache cannot be kept `workers.engines.rounds`.

Another thread prepares pages while the model generates. Pages are sorted by shape, and within a
shape by length, longest first, so that batches hold little padding.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import torch
from PIL import Image
from transformers import BatchFeature

from schemas.engine_spec import EngineSpec
from schemas.errors import EngineDied, ModelError, NoEngineError
from schemas.lines import first_line
from schemas.pages import PageImage, Reading
from workers.engines.answers import failed, finished, miscount, page_picture, spent
from workers.engines.batches import Page, PagesAhead, Prepared
from workers.engines.caches import can_keep
from workers.engines.checkpoint import find_checkpoint
from workers.engines.engine import Engine
from workers.engines.loaded import Loaded, prompt_text
from workers.engines.models import load_model
from workers.engines.plan import Plan, make_plan
from workers.engines.processors import load_processor
from workers.engines.room import pages_that_fit
from workers.engines.rounds import Rounds
from workers.engines.slots import Slots

log = logging.getLogger(__name__)

_BATCH_OF_ROUNDS = 64
_BATCH_ON_CPU = 4
_JOIN_PAGES = 8
"""The pages whose images are seen at once. More would not be faster: 8 pages of Gundam are 56
pictures. They would need memory that the caches of a larger batch can have: the bias of SAM's
global attention takes 400 MB for a picture of 1,024 pixels (12 heads x 4,096 x 4,096 x 2 bytes)."""
_TOO_LARGE = "the device's memory is too small for it"

Work = Slots | Rounds
"""A batch of pages in work, of either kind."""


def load_transformers(
    spec: EngineSpec, threads: int | None = None, batch_pages: int | None = None
) -> TransformersEngine:
    """Load the checkpoint that `spec` names: bfloat16 on a GPU, float32 on a CPU.

    Raises NoEngineError where there is no such checkpoint, or it cannot do what the recipe asks;
    ModelError where it cannot be loaded now.
    """
    checkpoint = find_checkpoint(spec)
    plan = make_plan(spec, checkpoint)
    on_gpu = torch.cuda.is_available()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        processor = load_processor(checkpoint.location, checkpoint.model_type, checkpoint.commit)
        model = load_model(checkpoint, processor, torch.bfloat16 if on_gpu else torch.float32)
    except (OSError, ValueError, ImportError, RuntimeError) as exc:
        # The Hub may answer later and a device may get free memory; a folder stays as it is.
        is_from_hub = isinstance(exc, OSError) and checkpoint.commit is not None
        kind = ModelError if is_from_hub or isinstance(exc, RuntimeError) else NoEngineError
        raise kind(f"{checkpoint.location} cannot be loaded: {first_line(exc)}") from exc
    model = model.to("cuda" if on_gpu else "cpu").eval()
    loaded = Loaded(
        checkpoint, model, processor, batch_pages or _BATCH_ON_CPU, has_spare_rows=on_gpu
    )
    if on_gpu and batch_pages is None:
        loaded.batch_pages = pages_that_fit(loaded, plan) if can_keep(model) else _BATCH_OF_ROUNDS
    return TransformersEngine(loaded, plan)


class TransformersEngine:
    """One way to read with a loaded checkpoint; see `workers.engines.Engine`."""

    name = "transformers"
    is_continuous = False

    def __init__(self, loaded: Loaded, plan: Plan, is_retry: bool = False) -> None:
        self._loaded = loaded
        self._plan = plan
        self._is_retry = is_retry
        self.model = loaded.checkpoint.location
        self.revision = loaded.checkpoint.revision
        self.mode = plan.mode.name
        self.task: str = plan.task
        self.guard = str(plan.guard or "")

    @property
    def plan(self) -> Plan:
        """How pages are asked for."""
        return self._plan

    def asking(self, plan: Plan) -> Engine:
        """An engine over the same weights that reads with `plan`."""
        return TransformersEngine(self._loaded, plan, is_retry=True)

    @functools.cached_property
    def retries(self) -> Sequence[TransformersEngine]:
        """First the stronger guard, then the next larger mode."""
        if self._is_retry:
            return ()
        return tuple(
            TransformersEngine(self._loaded, plan, is_retry=True) for plan in self._plan.retries()
        )

    @functools.cached_property
    def figure(self) -> Engine | None:
        """The engine for regions cut out of pages."""
        plan = self._plan.figure()
        return TransformersEngine(self._loaded, plan, is_retry=True) if plan else None

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        Raises EngineDied where the device itself has failed.
        """
        readings: dict[int, Reading] = {}
        order = sorted(range(len(pages)), key=lambda place: _shape_and_length(pages[place]))
        todo = [Page(place, pages[place]) for place in order]
        work = self._new_work()
        # One thread: a tokenizer must not be called from two.
        with ThreadPoolExecutor(1, "prepare") as pool:
            queue = PagesAhead(todo, self._prepare, pool, self._loaded.batch_pages)
            while work.pages or not queue.is_empty:
                self._admit(queue, work, readings)
                if work.pages:
                    self._advance(queue, work, readings)
                self._finish(work, readings)
        return [readings[place] for place in range(len(pages))]

    def _new_work(self) -> Work:
        """A batch without pages."""
        loaded = self._loaded
        keeps = loaded.cache is None and can_keep(loaded.model)
        return (Slots if keeps else Rounds)(loaded, self._plan)

    def _admit(self, queue: PagesAhead, work: Work, readings: dict[int, Reading]) -> None:
        """Fill the batch's free places, with pages of the same shapes at a time."""
        taken: list[Page] = []
        while len(work.pages) + len(taken) < self._loaded.batch_pages:
            if (next_one := queue.take()) is None:
                break
            page, error = next_one
            if error is None:
                taken.append(page)
            else:
                readings[page.place] = failed(page.image, f"{type(error).__name__}: {error}")
        left: list[Page] = []
        for group in _groups(taken, work.key):
            left += group if left else self._join(group, work, readings)
        queue.put_back(left)

    def _join(self, group: list[Page], work: Work, readings: dict[int, Reading]) -> list[Page]:
        """Let a group into the batch; return those pages for which there is no memory now."""
        try:
            work.join(group)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if work.pages or len(group) > 1:
                self._halve(len(work.pages) + len(group))
                return [*work.clear(), *group]  # a cache may have moved by half
            readings[group[0].place] = failed(group[0].image, _TOO_LARGE)
        except torch.AcceleratorError as exc:
            raise EngineDied(f"the device failed: {first_line(exc)}") from exc
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
            if len(group) > 1:
                _warn_alone(len(group), exc)
                return [left for page in group for left in self._join([page], work, readings)]
            readings[group[0].place] = failed(group[0].image, _named(exc))
        return []

    def _advance(self, queue: PagesAhead, work: Work, readings: dict[int, Reading]) -> None:
        """Add to the answers of all pages.

        A batch that does not fit the device is halved; of one that fails, each page is read alone.
        """
        try:
            work.advance()
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            pages = work.clear()
            if len(pages) == 1:
                readings[pages[0].place] = failed(pages[0].image, _TOO_LARGE)
                return
            self._halve(len(pages))
            queue.put_back(pages)
        except torch.AcceleratorError as exc:
            raise EngineDied(f"the device failed: {first_line(exc)}") from exc
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
            pages = work.clear()
            if len(pages) == 1:
                readings[pages[0].place] = failed(pages[0].image, _named(exc))
                return
            _warn_alone(len(pages), exc)
            for page in pages:
                alone = self._new_work()
                self._join([page], alone, readings)
                if alone.pages:
                    self._advance(queue, alone, readings)
                self._finish(alone, readings)
                queue.put_back(alone.pages)

    def _finish(self, work: Work, readings: dict[int, Reading]) -> None:
        """Take the pages out of the batch whose answers are done."""
        done = [page for page in work.pages if page.is_done]
        work.leave(done)
        readings |= {page.place: self._reading(page) for page in done}

    def _halve(self, pages: int) -> None:
        self._loaded.batch_pages = max(1, pages // 2)
        log.warning("out of device memory: batches of %d from here on", self._loaded.batch_pages)

    def _prepare(self, image: PageImage) -> Prepared:
        """A page's inputs.

        Raises ValueError if its image tokens are not the formula's, or fill the model's context.
        """
        plan, loaded = self._plan, self._loaded
        features = self._process(page_picture(image, plan.mode))
        inputs = {
            key: value.to(loaded.model.dtype)
            if isinstance(value, torch.Tensor) and value.is_floating_point()
            else value
            for key, value in features.items()
        }
        placeholders = int((inputs["input_ids"] == loaded.image_token_id).sum())
        error = miscount(image, plan, placeholders, "the checkpoint's processor")
        if error is not None:
            raise ValueError(error)
        prompt_tokens = inputs["input_ids"].shape[1]
        room = loaded.context_tokens - prompt_tokens
        if room <= 0:
            raise ValueError(
                f"a prompt of {prompt_tokens} tokens leaves no room for an answer in the model's "
                f"context of {loaded.context_tokens}"
            )
        return Prepared(inputs, prompt_tokens, placeholders, min(plan.max_new_tokens, room))

    def _process(self, picture: Image.Image) -> BatchFeature:
        """The processor's output for one picture and the plan's prompt."""
        plan, processor = self._plan, self._loaded.processor
        settings = dict(plan.mode.image_settings)
        if plan.profile.template == "got" and plan.prompt in plan.profile.prompts.values():
            is_formatted = plan.task == "markdown"
            return processor(images=[picture], return_tensors="pt", format=is_formatted, **settings)
        text = prompt_text(plan, processor)
        return processor(images=[picture], text=[text], return_tensors="pt", **settings)

    def _reading(self, page: Page) -> Reading:
        assert page.prepared is not None
        cost = spent(page.image, self._plan, page.prepared.placeholders, page.answer)
        return finished(page.image, cost, self._plan, page.answer, self._loaded.tokenizer)


def _groups(pages: Sequence[Page], key: Callable[[Page], object]) -> list[list[Page]]:
    """Neighbours with equal keys, at most `_JOIN_PAGES` of them together."""
    whole = [list(group) for _, group in groupby(pages, key)]
    return [
        group[first : first + _JOIN_PAGES]
        for group in whole
        for first in range(0, len(group), _JOIN_PAGES)
    ]


def _warn_alone(pages: int, exc: Exception) -> None:
    log.warning("a batch of %d pages failed, so each is read alone: %r", pages, exc)


def _named(exc: Exception) -> str:
    return f"{type(exc).__name__}: {first_line(exc)}"


def _shape_and_length(page: PageImage) -> tuple[int, int, int]:
    """Sorts pages by shape, large ones first, and then by expected length, longest first.

    The size of a picture's file stands for the amount of text on it.
    """
    return -page.width * page.height, page.width, -len(page.data)
