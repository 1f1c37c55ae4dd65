"""The `transformers` engine: any `AutoModelForImageTextToText` checkpoint, by its profile.

Generation goes in rounds of `Loaded.round_tokens`: after each, pages that have ended leave the
batch and waiting ones take their places, so that a device does not finish long pages with most of
a batch idle. transformers' own continuous batching takes no images (5.23), and `generate` ends a
batch with its longest page. A round costs seeing the page, and reading its prompt and answer, once
more.

Pages are prepared on another thread while the model generates. They are read shape by shape, and of
each shape the longest first, so that little of a batch is padding.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, LogitsProcessorList, StoppingCriteriaList

from schemas.errors import EngineDied, ModelError, NoEngineError
from schemas.lines import first_line
from schemas.pages import PageImage, Reading
from schemas.recipe import EngineSpec
from workers.engines import Engine
from workers.engines.answers import failed, finished, miscount, page_picture, spent, token_ids
from workers.engines.batches import Page, PagesAhead, Prepared, collate
from workers.engines.checkpoint import find_checkpoint
from workers.engines.decoding import Confidence, LoopCut, NgramGuard
from workers.engines.loaded import Loaded, prompt_text
from workers.engines.plan import Plan, make_plan
from workers.engines.processors import load_processor

log = logging.getLogger(__name__)

_BATCH_ON_GPU = 64
_BATCH_ON_CPU = 4


def load_transformers(
    spec: EngineSpec, threads: int | None = None, batch_pages: int | None = None
) -> TransformersEngine:
    """Load the checkpoint that `spec` names: bfloat16 on a GPU, float32 on a CPU.

    Raises NoEngineError where it is no such checkpoint, or cannot be asked what the recipe asks;
    ModelError where it cannot be loaded.
    """
    checkpoint = find_checkpoint(spec)
    plan = make_plan(spec, checkpoint)
    on_gpu = torch.cuda.is_available()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        model = AutoModelForImageTextToText.from_pretrained(
            checkpoint.location,
            revision=checkpoint.commit,
            dtype=torch.bfloat16 if on_gpu else torch.float32,
        )
        processor = load_processor(checkpoint.location, checkpoint.model_type, checkpoint.commit)
    except (OSError, ValueError, ImportError, RuntimeError) as exc:
        # The Hub may answer later, and a device may have room; a folder's files stay what they are.
        from_hub = isinstance(exc, OSError) and checkpoint.commit is not None
        kind = ModelError if from_hub or isinstance(exc, RuntimeError) else NoEngineError
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
        """The stronger guard, then the next larger mode."""
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
        # One thread: a tokenizer is not to be called from two.
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
        """Fill the batch's free places; False when nothing is left to read."""
        while len(active) < self._loaded.batch_pages and (taken := queue.take()) is not None:
            page, error = taken
            if error is not None:
                readings[page.place] = failed(page.image, f"{type(error).__name__}: {error}")
            else:
                active.append(page)
        return bool(active)

    def _round(self, queue: PagesAhead, active: list[Page], readings: dict[int, Reading]) -> None:
        """Go on with all pages of the batch, or find the one that it fails on."""
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
        """Make a page's inputs. Raises ValueError where the profile's formula miscounts it."""
        plan, loaded = self._plan, self._loaded
        made = self._process(page_picture(image, plan.mode))
        # The processor also gives what only it needs itself.
        inputs = {
            key: value.to(loaded.model.dtype)
            if isinstance(value, torch.Tensor) and value.is_floating_point()
            else value
            for key, value in made.items()
        }
        placeholders = int((inputs["input_ids"] == loaded.image_token_id).sum())
        wrong = miscount(image, plan, placeholders, "the checkpoint's processor")
        if wrong is not None:
            raise ValueError(wrong)
        return Prepared(inputs, inputs["input_ids"].shape[1], placeholders)

    def _process(self, picture: Image.Image) -> Any:
        plan, processor = self._plan, self._loaded.processor
        settings = dict(plan.mode.image_settings)
        if plan.profile.template == "got" and plan.prompt in plan.profile.prompts.values():
            is_formatted = plan.task == "markdown"
            return processor(images=[picture], return_tensors="pt", format=is_formatted, **settings)
        text = prompt_text(plan, processor)
        return processor(images=[picture], text=[text], return_tensors="pt", **settings)

    def _generate(self, active: Sequence[Page]) -> None:
        """One round: up to `round_tokens` more of each page's answer."""
        loaded, plan = self._loaded, self._plan
        inputs, starts = collate(active, loaded.pad_id)
        inputs = {
            key: value.to(loaded.model.device) if isinstance(value, torch.Tensor) else value
            for key, value in inputs.items()
        }
        width = inputs["input_ids"].shape[1]
        most = max(self._tokens_left(page) for page in active)
        steps = min(loaded.round_tokens, most) if plan.profile.resumable else most
        exempt = token_ids(loaded.tokenizer, (plan.guard or plan.profile.stronger).exempt)
        processors = LogitsProcessorList()
        if plan.guard is not None:
            at = {"device": loaded.model.device}
            guard = NgramGuard(plan.guard, torch.tensor(starts, **at), torch.tensor(exempt, **at))
            processors.append(guard)
        ends = loaded.end_ids(plan.profile.stop)
        confidence, loop_cut = Confidence(), LoopCut(starts, frozenset(exempt), ends)
        processors.append(confidence)
        with torch.inference_mode():
            made = loaded.model.generate(
                **inputs,
                generation_config=loaded.generation_config(plan.profile.stop, steps),
                logits_processor=processors,
                stopping_criteria=StoppingCriteriaList([loop_cut]),
            )
        made = made[:, width:].cpu()
        sure = torch.stack(confidence.chosen, dim=1).cpu()
        for row, page in enumerate(active):
            cut = loop_cut.lengths.get(row)
            page.answer.loop = loop_cut.loops.get(row, -1)
            length = made.shape[1] if cut is None else cut - width
            self._extend(page, made[row, :length].tolist(), sure[row].tolist())

    def _extend(self, page: Page, tokens: Sequence[int], sure: Sequence[float]) -> None:
        """Add a round's tokens to a page's answer, up to its end token or its limit."""
        ends = self._loaded.end_ids(self._plan.profile.stop)
        tokens = tokens[: self._tokens_left(page)]
        end = next((place for place, token in enumerate(tokens) if token in ends), None)
        page.answer.ended = end is not None
        page.answer.tokens += tokens[:end]
        page.answer.sure += sure[: len(tokens[:end])]

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
    """Sorts pages by shape, large ones first, and then by how long they will take.

    The bytes of a picture stand for the letters on it.
    """
    return -page.width * page.height, page.width, -len(page.data)
