"""A model of random weights through the transformers engine: its check, its speed, its floor."""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from typing import Any

import torch

from tests.benchmarks.drawn_pages import drawn_page
from tests.benchmarks.gpu.device import DAY_S, BusySampler, synchronise
from tests.benchmarks.gpu.floors import Ceilings, network_of
from workers.engines.batches import Page, collate
from workers.engines.plan import Plan
from workers.engines.profiles.profile import Guard
from workers.engines.transformers import TransformersEngine

Figures = dict[str, Any]

CLAIMED_PAGES_PER_DAY = 200_000  # of DeepSeek-OCR, on one A100-40G
_WARM_UP_PAGES, _WARM_UP_TOKENS = 16, 64


def check(engine: TransformersEngine, pages: int) -> Figures:
    """The scores of each page's first token against the same weights in fp32 on the CPU."""
    model = engine._loaded.model
    truth_model = copy.deepcopy(model).to("cpu", torch.float32)
    likeness, same = [], 0
    for number in range(pages):
        inputs = page_inputs(engine, number)
        scores, truth = (first_scores(side, inputs) for side in (model, truth_model))
        likeness.append(float(torch.cosine_similarity(scores, truth, dim=0)))
        same += int(scores.argmax() == truth.argmax())
    return {
        "checked_pages": pages,
        "lowest_cosine_to_fp32": min(likeness),
        "same_first_token_pages": same,
    }


def page_inputs(engine: TransformersEngine, number: int) -> dict[str, Any]:
    """What the model takes for one drawn page, on the CPU."""
    page = Page(0, drawn_page(number))
    page.prepared = engine._prepare(page.image)
    return collate([page], engine._loaded.pad_id)[0]


def on_device(inputs: dict[str, Any], model: Any) -> dict[str, Any]:
    """`inputs` where `model` is, in its precision."""
    return {
        key: value.to(model.device, model.dtype if value.is_floating_point() else None)
        if isinstance(value, torch.Tensor)
        else value
        for key, value in inputs.items()
    }


@torch.inference_mode()
def first_scores(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """The scores of the first answer token: float32 (vocabulary,) on the CPU."""
    scores: torch.Tensor = model(**on_device(inputs, model)).logits[0, -1].float().cpu()
    return scores


def plan_with(engine: TransformersEngine, mode: str, answer_tokens: int) -> Plan:
    """The engine's plan in `mode`, for answers of exactly so many tokens.

    A random model soon repeats itself, which would end the page: its guard forbids repeats of 3
    tokens in a row, and costs more than the usual one.
    """
    plan = engine._plan
    chosen = next(known for known in plan.profile.modes if known.name == mode)
    return replace(plan, mode=chosen, guard=Guard(3, 1024), max_new_tokens=answer_tokens)


def speed(
    engine: TransformersEngine,
    mode: str,
    pages: int,
    batch_pages: int,
    answer_tokens: int,
    ceilings: Ceilings,
    records: bool = False,
) -> tuple[Figures, list[str]]:
    """Read a shard of drawn pages whose answers are all of `answer_tokens`: figures and texts.

    `records`: steps are replayed as CUDA graphs.
    """
    loaded, on_gpu = engine._loaded, torch.cuda.is_available()
    loaded.batch_pages, loaded.records_steps = batch_pages, records
    images = [drawn_page(number) for number in range(pages)]
    warm = TransformersEngine(loaded, plan_with(engine, mode, min(_WARM_UP_TOKENS, answer_tokens)))
    warm.read(images[:_WARM_UP_PAGES])
    synchronise()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    reader = TransformersEngine(loaded, plan_with(engine, mode, answer_tokens))
    with BusySampler() as sampler:
        started_s = time.perf_counter()
        readings = reader.read(images)
        wall_s = time.perf_counter() - started_s
    failed = [r.error for r in readings if r.error and r.error.reason == "engine_error"]
    assert not failed, failed[0]
    tokens = sum(reading.output_tokens for reading in readings)
    inputs = on_device(page_inputs(reader, 0), loaded.model)
    prompt = inputs["input_ids"].numel()
    network = network_of(loaded.model, inputs)
    floor_s = network.page_s(loaded.batch_pages, prompt, tokens // pages, ceilings)
    figures = {
        "mode": mode,
        "records_steps": records,
        "batch_pages": loaded.batch_pages,  # fewer than asked for if memory was too small
        "pages": pages,
        "prompt_tokens_per_page": prompt,
        "output_tokens_per_page": tokens / pages,
        "pages_per_s": pages / wall_s,
        "pages_per_day": pages / wall_s * DAY_S,
        "of_the_claim": pages / wall_s * DAY_S / CLAIMED_PAGES_PER_DAY,
        "output_tokens_per_s": tokens / wall_s,
        "busy_share": sampler.share,
        "device_memory_gib": torch.cuda.max_memory_reserved() / 2**30 if on_gpu else None,
        "floor_pages_per_s": 1 / floor_s,
        "of_the_floor": floor_s / (wall_s / pages),
        "prompt_share_of_floor": network.prompt_flops / ceilings.flops_per_s / floor_s,
    }
    return figures, [reading.text for reading in readings]
