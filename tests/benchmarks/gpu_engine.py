"""The model engines on one accelerator: no Ray, no network, no corpus, no weights to fetch.

    python -m tests.benchmarks.gpu_engine [--part deepseek|ppocr|both] [--pages N] [--modes M,M]
                                          [--batches B,B] [--cache static] [--layers N]

DeepSeek-OCR-2 has its real dimensions (arXiv 2601.20552; decoder as arXiv 2510.18234, section
3.2.1; encoder of Qwen2-0.5B) and random weights, and answers with 1,050 tokens a page, the mean
behind the claim of 200,000 pages a day. A random model soon repeats itself, so its guard forbids
repeats of 3 tokens in a row, which costs more than the usual guard. A first batch warms up and is
not counted. PP-OCRv6 has its real weights: see `tests.benchmarks.gpu_ppocr`.

The check compares the scores of the first answer token with those of the same weights in fp32 on
the CPU. `--layers 2` makes the model small enough to try the script without a GPU.

Needs torch, transformers, rapidocr, onnx, Pillow and rapidfuzz, and the folders `schemas`,
`workers` and `tests` beside each other.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers

from schemas.recipe import EngineSpec
from tests.benchmarks.gpu_ppocr import BusySampler, bench_ppocr, drawn_page, show
from tests.checkpoints import make_checkpoint
from workers.engines.batches import Page, collate
from workers.engines.checkpoint import Checkpoint
from workers.engines.loaded import Loaded
from workers.engines.plan import Plan, make_plan
from workers.engines.processors import load_processor
from workers.engines.profiles.profile import Guard
from workers.engines.transformers import TransformersEngine

ANSWER_TOKENS = 1050
DAY_S = 86_400
CLAIMED_PAGES_PER_DAY = 200_000  # on one A100-40G; 500,000 is the aim on one H100


def make_model(image_token_id: int, layers: int | None) -> Any:
    """DeepSeek-OCR-2 with random weights and all its layers, or `layers` of each part."""
    config = transformers.DeepseekOcr2Config(
        vision_config={
            "sam_config": {
                "num_hidden_layers": layers or 12,
                "initializer_range": 0.02,
                "downsample_channels": [512, 896],
                "global_attn_indexes": [2, 5, 8, 11] if layers is None else [layers - 1],
            },
            "encoder_config": {
                "hidden_size": 896,
                "intermediate_size": 4864,
                "num_hidden_layers": layers or 24,
                "num_attention_heads": 14,
                "num_key_value_heads": 2,
            },
        },
        text_config={
            "vocab_size": 129_280,
            "hidden_size": 1280,
            "intermediate_size": 6848,
            "num_hidden_layers": layers or 12,
            "num_attention_heads": 10,
            "num_key_value_heads": 10,
            "max_position_embeddings": 8192,
            "mlp_layer_types": ["dense"] + ["sparse"] * ((layers or 12) - 1),
            "n_routed_experts": 64,
            "n_shared_experts": 2,
            "num_experts_per_tok": 6,
            "moe_intermediate_size": 896,
            "n_group": 1,
            "topk_group": 1,
        },
        image_token_id=image_token_id,
    )
    return transformers.DeepseekOcr2ForConditionalGeneration(config)


def make_engine(layers: int | None) -> TransformersEngine:
    """The engine over a random model, on the GPU in bf16 if there is one, else the CPU in fp32."""
    on_gpu = torch.cuda.is_available()
    checkpoint = Checkpoint("random weights", "none", None, "deepseek_ocr2", ())
    with TemporaryDirectory() as folder:
        made = make_checkpoint("deepseek-ocr-2", Path(folder))
        processor = load_processor(str(made), "deepseek_ocr2")
    torch.manual_seed(0)
    with torch.device("cuda" if on_gpu else "cpu"):
        model = make_model(processor.image_token_id, layers).eval()
    model = model.to(torch.bfloat16 if on_gpu else torch.float32)
    spec = EngineSpec(name="transformers", model="random")
    return TransformersEngine(Loaded(checkpoint, model, processor, 1), make_plan(spec, checkpoint))


def bench_deepseek(
    engine: TransformersEngine, mode: str, batch_pages: int, pages: int, answer_tokens: int
) -> dict[str, Any]:
    """Read a shard of drawn pages; return figures of speed and memory."""
    loaded = engine._loaded
    loaded.batch_pages = batch_pages
    reader = TransformersEngine(loaded, plan_for(engine, mode, answer_tokens))
    images = [drawn_page(number) for number in range(pages)]
    on_gpu = loaded.model.device.type == "cuda"
    reader.read(images[:batch_pages])
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    with BusySampler(on_gpu) as sampler:
        started_s = time.perf_counter()
        readings = reader.read(images)
        wall_s = time.perf_counter() - started_s
    spent = [reading.output_tokens for reading in readings]
    failed = [r.error for r in readings if r.error and r.error.reason == "engine_error"]
    assert not failed, failed[0]
    return {
        "mode": mode,
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "parameters": sum(weight.numel() for weight in loaded.model.parameters()),
        "batch_pages": batch_pages,
        "batch_pages_after": loaded.batch_pages,  # fewer if memory was too small
        "cache": loaded.cache or "dynamic",
        "pages": pages,
        "vision_tokens_per_page": readings[0].vision_tokens,
        "output_tokens_per_page": sum(spent) / pages,
        "pages_per_s": pages / wall_s,
        "pages_per_day": pages / wall_s * DAY_S,
        "of_the_claim": pages / wall_s * DAY_S / CLAIMED_PAGES_PER_DAY if on_gpu else None,
        "output_tokens_per_s": sum(spent) / wall_s,
        "busy_share": sampler.share(),
        "device_memory_mib": torch.cuda.max_memory_reserved() >> 20 if on_gpu else None,
    }


def plan_for(engine: TransformersEngine, mode: str, answer_tokens: int) -> Plan:
    plan = engine._plan
    chosen = next(known for known in plan.profile.modes if known.name == mode)
    return replace(plan, mode=chosen, guard=Guard(3, 1024), max_new_tokens=answer_tokens)


def check(engine: TransformersEngine, mode: str, pages: int) -> dict[str, Any]:
    """Compare first-token scores of some pages with the same weights in fp32 on the CPU."""
    reader = TransformersEngine(engine._loaded, plan_for(engine, mode, 1))
    model = engine._loaded.model
    truth_model = copy.deepcopy(model).to("cpu", torch.float32)
    likeness, same = [], 0
    for number in range(pages):
        page = Page(0, drawn_page(number))
        page.prepared = reader._prepare(page.image)
        inputs, _ = collate([page], engine._loaded.pad_id)
        scores = [first_scores(side, inputs) for side in (model, truth_model)]
        likeness.append(float(torch.cosine_similarity(*scores, dim=0)))
        same += int(scores[0].argmax() == scores[1].argmax())
    return {
        "mode": mode,
        "checked_pages": pages,
        "lowest_cosine_of_first_scores": min(likeness),
        "same_first_token_pages": same,
    }


@torch.inference_mode()
def first_scores(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """The scores of the first answer token: float32 (vocabulary,) on the CPU."""
    moved = {
        key: value.to(model.device, model.dtype if value.is_floating_point() else None)
        if isinstance(value, torch.Tensor)
        else value
        for key, value in inputs.items()
    }
    scores: torch.Tensor = model(**moved).logits[0, -1].float().cpu()
    return scores


def run(args: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    if args.part in ("deepseek", "both"):
        engine = make_engine(args.layers)
        engine._loaded.cache = args.cache
        for mode in args.modes.split(","):
            for batch in map(int, args.batches.split(",")):
                figures = bench_deepseek(engine, mode, batch, args.pages, args.answer_tokens)
                yield "DeepSeek-OCR-2, random weights", figures
            if args.check_pages:
                yield (
                    "the same weights, against fp32 on the CPU",
                    check(engine, mode, args.check_pages),
                )
        del engine
    if args.part in ("ppocr", "both"):
        pages = args.ppocr_pages
        yield "PP-OCRv6, real weights", bench_ppocr(pages=pages, check_pages=min(4, pages))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=["deepseek", "ppocr", "both"], default="both")
    parser.add_argument("--pages", type=int, default=256)
    parser.add_argument("--ppocr-pages", type=int, default=2048)
    parser.add_argument("--modes", default="base,gundam")
    parser.add_argument("--batches", default="64,128")
    parser.add_argument("--answer-tokens", type=int, default=ANSWER_TOKENS)
    parser.add_argument("--cache", choices=["static"], help="default: a cache that grows")
    parser.add_argument("--layers", type=int, help="layers of each part; default: all")
    parser.add_argument("--check-pages", type=int, default=2)
    for title, figures in run(parser.parse_args(arguments)):
        print(f"\n{title}")
        show(figures)


if __name__ == "__main__":
    main()
