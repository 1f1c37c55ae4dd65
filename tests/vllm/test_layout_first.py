"""Pages in two passes with vLLM itself, whose calls for several prompts run side by side.

vLLM's own Qwen2-VL needs torchvision, which has no build for the CPU. So LightOnOCR's network is
asked as MinerU2.5 is: the passes are the same, whatever the network.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from schemas.recipe import EngineSpec
from tests.checkpoints import make_checkpoint

if find_spec("vllm") is None:
    pytest.skip("needs vLLM, which `make test-vllm` installs", allow_module_level=True)

from tests.vllm.test_engine import make_page
from workers.engines.checkpoint import find_checkpoint
from workers.engines.layout_first import in_passes
from workers.engines.profiles.known import PROFILES
from workers.engines.vllm.core import load_core
from workers.engines.vllm.engine import VllmEngine, plan_for_vllm

pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SAYS = "The kiln was fired twice."
PLACES = {"title": "0 0 1000 100", "table": "0 100 1000 500", "text": "0 500 1000 1000"}


def test_pages_are_read_in_two_passes(tmp_path: Path) -> None:
    """The model gives the same answer to every picture: a layout, and as a region's text `SAYS`."""
    layout = "".join(
        f"<|box_start|>{place}<|box_end|><|ref_start|>{kind}<|ref_end|><|rotate_up|>"
        for kind, place in PLACES.items()
    )
    folder = make_checkpoint("lighton-ocr", tmp_path, layout + SAYS)
    spec = EngineSpec(name="vllm", model=str(folder), max_new_tokens=400)
    checkpoint = find_checkpoint(spec)
    plan = plan_for_vllm(spec, checkpoint)
    mineru = PROFILES["mineru-2.5"]
    profile = replace(plan.profile, layout_first=mineru.layout_first, parse=mineru.parse)
    loaded = load_core(checkpoint, plan.mode, 4)
    try:
        engine = in_passes(VllmEngine(loaded, replace(plan, profile=profile)))
        pages = [make_page(number, 600, 800) for number in range(3)]
        readings = engine.read(pages)
    finally:
        loaded.stream.close()
    tokens = plan.mode.tokens
    assert tokens is not None
    for page, reading in zip(pages, readings, strict=True):
        assert (reading.page_id, reading.error) == (page.page_id, None)
        assert [block.label for block in reading.blocks] == ["heading", "table", "paragraph"]
        assert all(block.text.endswith(SAYS) for block in reading.blocks)
        sizes = [(1036, 1036), (600, 80), (600, 320), (600, 400)]
        assert reading.vision_tokens == sum(tokens(*size).valid for size in sizes)
        assert reading.confidence is not None
