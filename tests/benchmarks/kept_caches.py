"""The transformers engine with kept caches against rounds that compute everything again.

    python -m tests.benchmarks.kept_caches [--pages 12] [--batch 4] [--mode base] [--median 700]

Both read the same drawn pages with the same mid-size DeepSeek-OCR of random weights: about a
quarter of the real widths and a third of the layers, so that encoder and decoder have nearly their
real proportions. A random model never ends, so each page has a limit in its place: lengths from a
log-normal distribution of the given median, of which 1 % would be over 6,000 tokens. Pages a second
are by CPU time: other processes on the machine do not count.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from schemas.pages import PageImage
from schemas.recipe import EngineSpec
from tests.benchmarks.drawn_pages import drawn_page
from tests.checkpoint_deepseek import (
    REAL_CLIP,
    REAL_SAM,
    REAL_TEXT,
    Sizes,
    original_config,
    original_shapes,
    random_weights,
    save_original,
)
from tests.checkpoints import make_checkpoint
from workers.engines.batches import Prepared
from workers.engines.processors import load_processor
from workers.engines.profiles.profile import Guard
from workers.engines.transformers import TransformersEngine, load_transformers

_TEXT = {
    **REAL_TEXT,
    "hidden_size": 320,
    "intermediate_size": 1712,
    "moe_intermediate_size": 224,
    "n_routed_experts": 16,
    "num_attention_heads": 5,
    "num_key_value_heads": 5,
    "num_experts_per_tok": 4,
    "num_hidden_layers": 4,
}
_SAM = {
    **REAL_SAM,
    "downsample_channels": [128, 256],
    "global_attn_indexes": [1, 3],
    "heads": 3,
    "layers": 4,
    "width": 192,
}
_CLIP = {**REAL_CLIP, "heads": 4, "layers": 8, "width": 256}
_LONG_TOKENS, _LONG_DEVIATIONS = 6000, 2.326  # the 99th percentile


class Measured(TransformersEngine):
    """The engine, with a limit of its own for each page, and a count of what it computes."""

    limits: dict[str, int]

    def _prepare(self, image: PageImage) -> Prepared:
        return replace(super()._prepare(image), most_tokens=self.limits[image.page_id])


def make_engine(folder: Path, mode: str, batch_pages: int) -> Measured:
    processor = load_processor(str(make_checkpoint("deepseek-ocr", folder)), "deepseek_vl_v2")
    config = original_config(Sizes(_TEXT, _SAM, _CLIP), vocab_size=len(processor.tokenizer))
    weights = random_weights(original_shapes(config), seed=0, embedding=1.0)
    save_original(folder, config, weights, processor.tokenizer)
    spec = EngineSpec(name="transformers", model=str(folder), mode=mode)
    loaded = load_transformers(spec, threads=1, batch_pages=batch_pages)
    # A random model repeats itself, which would be cut as a loop.
    return Measured(loaded._loaded, replace(loaded._plan, guard=Guard(3, 1024)))


def lengths(pages: int, median: int) -> list[int]:
    deviation = np.log(_LONG_TOKENS / 700) / _LONG_DEVIATIONS
    drawn = np.random.default_rng(0).lognormal(np.log(median), deviation, pages)
    return [int(tokens) for tokens in drawn.clip(16, 5 * median)]


def measure(engine: Measured, images: Sequence[PageImage], cache: str | None) -> dict[str, Any]:
    """Read all pages with kept caches (`cache` None), or in rounds."""
    engine._loaded.cache = cache
    model = engine._loaded.model
    seen: Counter[str] = Counter()

    def decoder(_: Any, args: Any, kwargs: Any) -> None:
        seen["tokens"] += kwargs["inputs_embeds"].shape[:2].numel()

    def encoder(_: Any, args: Any) -> None:
        seen["pictures"] += len(args[0])

    hooks = [
        model.model.language_model.register_forward_pre_hook(decoder, with_kwargs=True),
        model.model.vision_tower.register_forward_pre_hook(encoder),
    ]
    started_s = time.process_time()
    readings = engine.read(images)
    spent_s = time.process_time() - started_s
    for hook in hooks:
        hook.remove()
    failed = [r.error for r in readings if r.error and r.error.reason == "engine_error"]
    assert not failed, failed[0]
    prompts = sum(TransformersEngine._prepare(engine, image).prompt_tokens for image in images)
    answers = sum(reading.output_tokens for reading in readings)
    return {
        "pages_per_cpu_s": len(images) / spent_s,
        "tokens_computed_over_needed": seen["tokens"] / (prompts + answers),
        "pictures_seen_per_page": seen["pictures"] / len(images),
        "answer_tokens": answers,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--mode", default="base")
    parser.add_argument("--median", type=int, default=700, help="tokens of an answer")
    args = parser.parse_args(arguments)
    images = [drawn_page(number) for number in range(args.pages)]
    with TemporaryDirectory() as folder:
        engine = make_engine(Path(folder), args.mode, args.batch)
        engine.limits = {
            image.page_id: tokens
            for image, tokens in zip(images, lengths(args.pages, args.median), strict=True)
        }
        result = {
            name: measure(engine, images, cache)
            for name, cache in (("kept", None), ("rounds", "dynamic"))
        }
    kept, rounds = (result[name]["pages_per_cpu_s"] for name in ("kept", "rounds"))
    print(json.dumps({**result, "times_as_fast": kept / rounds}, indent=2))


if __name__ == "__main__":
    main()
