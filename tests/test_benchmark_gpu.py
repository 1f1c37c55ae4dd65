"""The GPU benchmark: its floors are arithmetic, and one part's failure costs no other part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from schemas.recipe import EngineSpec
from tests.benchmarks.gpu import __main__ as benchmark
from tests.benchmarks.gpu.floors import Ceilings, Network, network_of
from tests.benchmarks.gpu.models import on_device, page_inputs
from tests.checkpoint_deepseek import TINY_TEXT
from tests.checkpoints import make_checkpoint
from workers.engines.transformers import load_transformers

DENSE = Network(
    prompt_flops=1e12,
    dense_weights=1_000_000,
    expert_weights=0,
    experts=0,
    experts_per_token=0,
    cache_bytes=1000,
    weight_bytes=2,
)


def test_a_step_takes_as_long_as_its_bytes_or_its_operations() -> None:
    # 2 MB of weights and 4 pages x 100 tokens x 1 kB; 2 x 4 x 1,000,000 operations.
    assert DENSE.step_s(4, 100, Ceilings(1e6, 1e12)) == pytest.approx(2.4)
    assert DENSE.step_s(4, 100, Ceilings(1e12, 1e6)) == pytest.approx(8)


def test_a_page_pays_for_its_prompt_alone_and_shares_its_steps() -> None:
    # 1 s for the prompt; 10 steps of 2 MB and 4 x 105 kB, shared by 4 pages.
    assert DENSE.page_s(4, 100, 10, Ceilings(1e6, 1e12)) == pytest.approx(1 + 10 * 2.42 / 4)


def test_of_the_experts_only_those_that_tokens_choose_are_read() -> None:
    network = Network(0, 0, 64, 64, 6, 0, 1)
    ceilings = Ceilings(1, 1e12)
    assert network.step_s(1, 0, ceilings) == pytest.approx(6)
    assert network.step_s(256, 0, ceilings) == pytest.approx(64)


def test_a_model_is_counted(tmp_path: Path) -> None:
    spec = EngineSpec(
        name="transformers", model=str(make_checkpoint("deepseek-ocr", tmp_path)), mode="tiny"
    )
    engine = load_transformers(spec, threads=1)
    model = engine._loaded.model
    inputs = on_device(page_inputs(engine, 0), model)
    way = model.get_experts_implementation()
    network = network_of(model, inputs)
    assert model.get_experts_implementation() == way
    text = TINY_TEXT
    hidden, expert, layers = text["hidden_size"], text["moe_intermediate_size"], 2
    assert network.expert_weights == text["n_routed_experts"] * 3 * hidden * expert
    vocabulary = model.get_output_embeddings().weight.shape[0]
    # Attention of both layers, one dense feed-forward, one gate with shared experts, the head.
    products = (
        layers * 4 * hidden**2
        + 3 * hidden * text["intermediate_size"]
        + hidden * text["n_routed_experts"]
        + text["n_shared_experts"] * 3 * hidden * expert
        + vocabulary * hidden
    )
    norms = (2 * layers + 1) * hidden
    assert network.dense_weights == products + norms
    assert network.cache_bytes == layers * 2 * hidden * 4
    tokens = inputs["input_ids"].numel()
    least = 2 * tokens * (products + network.expert_weights / 2 - vocabulary * hidden)
    assert network.prompt_flops > least


def test_a_model_is_checked_and_timed() -> None:
    sizes = benchmark.Sizes(True, pages=2, batch_pages=2, answer_tokens=4, checked_pages=1)
    found = dict(benchmark.run_model("DeepSeek-OCR", ("tiny",), sizes, Ceilings(1e9, 1e9)))
    checked, timed = found["DeepSeek-OCR, checked"], found["DeepSeek-OCR tiny"]
    assert checked["lowest_cosine_to_fp32"] == pytest.approx(1)
    assert timed["output_tokens_per_page"] == 4
    assert timed["of_the_floor"] == pytest.approx(timed["pages_per_s"] / timed["floor_pages_per_s"])
    assert found["DeepSeek-OCR tiny, recorded"]["same_texts_share"] == 1
    assert timed["busy_share"] is None or torch.cuda.is_available()


def _works(*_: object) -> Iterator[tuple[str, benchmark.Figures]]:
    yield "works", {"pages_per_s": 1.0}


def _lacks(*_: object) -> Iterator[tuple[str, benchmark.Figures]]:
    yield "half", {"pages_per_s": 2.0}
    raise ModuleNotFoundError("No module named 'pymupdf'")


def _breaks(*_: object) -> Iterator[tuple[str, benchmark.Figures]]:
    raise RuntimeError("out of luck")
    yield


def test_parts_that_cannot_run_say_why_and_the_others_run() -> None:
    parts = [
        benchmark.Part("lacks", 0, _lacks),
        benchmark.Part("breaks", 0, _breaks),
        benchmark.Part("long", 3600, _works),
        benchmark.Part("works", 0, _works),
    ]
    found = dict(benchmark.results(parts, benchmark.SMALL, minutes=8))
    assert found["half"] == {"pages_per_s": 2.0}
    assert "No module named 'pymupdf'" in found["lacks"]["not_run"]
    assert found["breaks"]["failed"] == "RuntimeError: out of luck"
    assert "it takes 3600" in found["long"]["not_run"]
    assert found["works"] == {"pages_per_s": 1.0}
    assert found["device"]["matrix_flops_per_s"] > 0


def test_a_run_that_is_cut_off_has_written_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_cut_off(*_: object) -> Iterator[tuple[str, benchmark.Figures]]:
        yield "before", {"pages": 1}
        raise KeyboardInterrupt

    part = benchmark.Part("ppocr", 0, is_cut_off)
    monkeypatch.setattr(benchmark, "PARTS", (part,))
    with pytest.raises(KeyboardInterrupt):
        benchmark.main(["--small", "--json", str(tmp_path / "figures.json")])
    assert json.loads((tmp_path / "figures.json").read_text())["before"] == {"pages": 1}


def test_the_parts_come_in_the_order_of_their_worth() -> None:
    assert [part.name for part in benchmark.PARTS][:2] == ["ppocr", "deepseek-ocr"]
    assert sum(part.least_s for part in benchmark.PARTS) <= 8 * 60
