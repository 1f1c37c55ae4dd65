"""The `transformers` engine: any checkpoint that transformers has a class for, by its profile.

Generation goes in rounds of `Loaded.round_tokens` tokens. After each round the finished pages leave
the batch and waiting pages take their places, so that the batch stays full. `generate` alone would
run a batch until its longest page ends, and transformers' own continuous batching takes no images
(5.23). The price: each round encodes the page's image, prompt and answer again.

Another thread prepares pages while the model generates. Pages are sorted by shape, and within a
shape by length, longest first, so that batches hold little padding.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from PIL import Image
from transformers import (
    BatchFeature,
    LogitsProcessorList,
    StoppingCriteriaList,
)

from schemas.errors import EngineDied, ModelError, NoEngineError
from schemas.lines import first_line
from schemas.pages import PageImage, Reading
from schemas.recipe import EngineSpec
from workers.engines.answers import failed, finished, miscount, page_picture, spent, token_ids
from workers.engines.batches import Page, PagesAhead, Prepared, collate
from workers.engines.checkpoint import find_checkpoint
from workers.engines.decoding import Confidence, LoopCut, NgramGuard
from workers.engines.engine import Engine
from workers.engines.loaded import Loaded, prompt_text
from workers.engines.models import load_model
from workers.engines.plan import Plan, make_plan
from workers.engines.processors import load_processor

log = logging.getLogger(__name__)

_BATCH_ON_GPU = 64
_BATCH_ON_CPU = 4


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
    batch_pages = batch_pages or (_BATCH_ON_GPU if on_gpu else _BATCH_ON_CPU)
    return TransformersEngine(Loaded(checkpoint, model, processor, batch_pages), plan)


class TransformersEngine:
    """One way to read with a loaded checkpoint; see `workers.engines.Engine`."""

    name = "transformers"

    def __init__(self, loaded: Loaded, plan: Plan, is_retry: bool = False) -> None:
        self._loaded = loaded
        self._plan = plan
        self._is_retry = is_retry
        self.model = loaded.checkpoint.location
        self.revision = loaded.checkpoint.revision
        self.mode = plan.mode.name
        self.task: str = plan.task
        self.guard = str(plan.guard or "")

    @functools.cached_property
    def retries(self) -> Sequence[Engine]:
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
        # One thread: a tokenizer must not be called from two.
        with ThreadPoolExecutor(1, "prepare") as pool:
            queue = PagesAhead(todo, self._prepare, pool, self._loaded.batch_pages)
            active: list[Page] = []
            while self._admit(queue, active, readings):
                self._round(queue, active, readings)
                for page in [page for page in active if self._is_done(page)]:
                    active.remove(page)
                    readings[page.place] = self._reading(page)
        return [readings[place] for place in range(len(pages))]

    def _admit(self, queue: PagesAhead, active: list[Page], readings: dict[int, Reading]) -> bool:
        """Fill the batch's free places. False: no page is left to read."""
        while len(active) < self._loaded.batch_pages and (taken := queue.take()) is not None:
            page, error = taken
            if error is not None:
                readings[page.place] = failed(page.image, f"{type(error).__name__}: {error}")
            else:
                active.append(page)
        return bool(active)

    def _round(self, queue: PagesAhead, active: list[Page], readings: dict[int, Reading]) -> None:
        """Generate a round for all pages of the batch.

        A batch that does not fit the device is halved; of one that fails, each page is read alone.
        """
        try:
            self._generate(active)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if len(active) == 1:
                page = active.pop()
                readings[page.place] = failed(page.image, "the device's memory is too small for it")
                return
            self._loaded.batch_pages = len(active) // 2
            log.warning("out of device memory: batches of %d from here on", len(active) // 2)
            queue.put_back(active[self._loaded.batch_pages :])
            del active[self._loaded.batch_pages :]
        except torch.AcceleratorError as exc:
            raise EngineDied(f"the device failed: {first_line(exc)}") from exc
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
            if len(active) > 1:
                log.warning(
                    "a batch of %d pages failed, so each is read alone: %r", len(active), exc
                )
                for page in tuple(active):
                    alone = [page]
                    self._round(queue, alone, readings)
                    if not alone:
                        active.remove(page)
                return
            page = active.pop()
            readings[page.place] = failed(page.image, f"{type(exc).__name__}: {first_line(exc)}")

    def _prepare(self, image: PageImage) -> Prepared:
        """A page's inputs. Raises ValueError if its image tokens are not the formula's."""
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
        return Prepared(inputs, inputs["input_ids"].shape[1], placeholders)

    def _process(self, picture: Image.Image) -> BatchFeature:
        """The processor's output for one picture and the plan's prompt."""
        plan, processor = self._plan, self._loaded.processor
        settings = dict(plan.mode.image_settings)
        if plan.profile.template == "got" and plan.prompt in plan.profile.prompts.values():
            is_formatted = plan.task == "markdown"
            return processor(images=[picture], return_tensors="pt", format=is_formatted, **settings)
        text = prompt_text(plan, processor)
        return processor(images=[picture], text=[text], return_tensors="pt", **settings)

    def _generate(self, active: Sequence[Page]) -> None:
        """One round: up to `round_tokens` more tokens of each page's answer."""
        loaded, plan = self._loaded, self._plan
        device, stop = loaded.model.device, plan.profile.stop
        batch, starts = collate(active, loaded.pad_id)
        inputs = {
            key: value.to(device) if isinstance(value, torch.Tensor) else value
            for key, value in batch.items()
        }
        prompts = inputs["input_ids"]
        assert isinstance(prompts, torch.Tensor)
        width = prompts.shape[1]
        limit = max(self._tokens_left(page) for page in active)
        steps = min(loaded.round_tokens, limit) if plan.profile.resumable else limit
        exempt = token_ids(loaded.tokenizer, (plan.guard or plan.profile.stronger).exempt)
        loop_cut = LoopCut(starts, frozenset(exempt), loaded.end_ids(stop))
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
        for row, page in enumerate(active):
            cut = loop_cut.lengths.get(row)
            page.answer.loop = loop_cut.loops.get(row, -1)
            length = tokens.shape[1] if cut is None else cut - width
            self._extend(page, tokens[row, :length].tolist(), probabilities[row].tolist())

    def _extend(self, page: Page, tokens: Sequence[int], probabilities: Sequence[float]) -> None:
        """Add a round's tokens to a page's answer, up to its end token or its limit."""
        ends = self._loaded.end_ids(self._plan.profile.stop)
        tokens = tokens[: self._tokens_left(page)]
        end = next((place for place, token in enumerate(tokens) if token in ends), None)
        page.answer.ended = end is not None
        page.answer.tokens += tokens[:end]
        page.answer.probabilities += probabilities[: len(tokens[:end])]

    def _tokens_left(self, page: Page) -> int:
        assert page.prepared is not None
        room = self._loaded.context_tokens - page.prepared.prompt_tokens
        return min(self._plan.max_new_tokens, room) - len(page.answer.tokens)

    def _is_done(self, page: Page) -> bool:
        return page.answer.ended or page.answer.loop >= 0 or self._tokens_left(page) <= 0

    def _reading(self, page: Page) -> Reading:
        assert page.prepared is not None
        cost = spent(page.image, self._plan, page.prepared.placeholders, page.answer)
        return finished(cost, self._plan, page.answer, self._loaded.tokenizer)


def _shape_and_length(page: PageImage) -> tuple[int, int, int]:
    """Sorts pages by shape, large ones first, and then by expected length, longest first.

    The size of a picture's file stands for the amount of text on it.
    """
    return -page.width * page.height, page.width, -len(page.data)
