"""vLLM itself, on the CPU, with a tiny checkpoint: token counts, guard, loop cut, refusals."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from schemas import tokens
from schemas.errors import EngineDied, ModelError
from schemas.pages import PageImage, Reading
from schemas.recipe import EngineSpec
from schemas.tokens import VisionTokens
from tests.checkpoints import make_checkpoint

if find_spec("vllm") is None:
    pytest.skip("needs vLLM, which `make test-vllm` installs", allow_module_level=True)

import psutil

from workers.engines.checkpoint import find_checkpoint
from workers.engines.profiles.profile import Guard
from workers.engines.vllm.core import Loaded, load_core, prove_guard
from workers.engines.vllm.engine import VllmEngine, load_vllm, plan_for_vllm
from workers.engines.vllm.stream import Question, Stream

if TYPE_CHECKING:
    from vllm import SamplingParams

# vLLM's own imports warn.
pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

ANSWER = "Each bowl took two days to dry before it could be trimmed and stacked."
REPOSITORY = Path(__file__).resolve().parents[2]
OWNER = """
import os, sys
import psutil
from schemas.recipe import EngineSpec
from workers.engines.vllm.engine import load_vllm

if __name__ == "__main__":
    engine = load_vllm(EngineSpec(name="vllm", model=sys.argv[1]))
    [core] = engine.loaded.stream.processes
    print(core.pid, *(child.pid for child in psutil.Process(core.pid).children()), flush=True)
    os._exit(9)  # as Ray ends an actor, and as a replica ends itself
"""
PLACES = 4  # of the batch
SIZES = [(300, 420), (905, 1280), (1280, 905), (1700, 2200), (100, 30)]


def make_page(number: int, width: int, height: int) -> PageImage:
    grey = np.random.default_rng(number).integers(0, 255, (height, width), np.uint8)
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "JPEG")
    return PageImage(f"page {number}", out.getvalue(), width, height)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that repeats its answer for ever."""
    return make_checkpoint("lighton-ocr", tmp_path_factory.mktemp("looping"), ANSWER, ends=False)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[VllmEngine]:
    spec = EngineSpec(name="vllm", model=str(folder), max_new_tokens=600)
    checkpoint = find_checkpoint(spec)
    plan = plan_for_vllm(spec, checkpoint)
    loaded = load_core(checkpoint, plan.mode, PLACES, has_stats=True)
    yield VllmEngine(loaded, plan)
    loaded.stream.close()


def is_alive(process: psutil.Process) -> bool:
    """Whether the process runs. It may stay as a zombie if no process waits for it."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def answer(engine: VllmEngine, guard: Guard | None, exempt: Sequence[int] = ()) -> list[int]:
    """An answer of 90 tokens, which is too short to be cut as a loop."""
    from vllm import SamplingParams

    from workers.engines.vllm.guard import guard_arguments

    params = SamplingParams(
        temperature=0,
        max_tokens=90,
        extra_args=guard_arguments(guard, exempt, engine.loaded.end),
    )
    prompt = {"prompt_token_ids": engine.loaded.tokenizer.encode("Read.")}
    [output] = engine.loaded.stream.ask([Question(lambda: prompt, params)])
    assert not isinstance(output, Exception), output
    return list(output.outputs[0].token_ids)


def repeats(tokens: Sequence[int], size: int, window: int) -> list[int]:
    """The n-grams, by number, that also occur in the `window` tokens before their last token."""
    grams = [tuple(tokens[i - size + 1 : i + 1]) for i in range(size - 1, len(tokens))]
    reach = window - size + 1
    return [i for i, gram in enumerate(grams) if gram in grams[max(0, i - reach) : i]]


def test_image_tokens_are_those_of_the_formula(engine: VllmEngine) -> None:
    pages = [make_page(number, *size) for number, size in enumerate(SIZES)]
    readings = engine.read(pages)
    assert [reading.page_id for reading in readings] == [page.page_id for page in pages]
    expected = [tokens.pixtral(1540, *size).valid for size in SIZES]
    assert [reading.vision_tokens for reading in readings] == expected
    # Any other error would mean that vLLM's count differs from the formula's.
    assert {reading.error and reading.error.reason for reading in readings} == {"loop"}


def test_a_raw_prompt_holds_the_image_as_well(engine: VllmEngine) -> None:
    profile = replace(engine.plan.profile, template="raw")
    raw = VllmEngine(engine.loaded, replace(engine.plan, profile=profile, prompt="Free OCR."))
    [reading] = raw.read([make_page(0, 905, 1280)])
    assert reading.vision_tokens == tokens.pixtral(1540, 905, 1280).valid
    assert reading.error is not None
    assert reading.error.reason == "loop"


def test_a_formula_that_miscounts_is_an_error_of_the_page(engine: VllmEngine) -> None:
    mode = replace(engine.plan.mode, tokens=lambda width, height: VisionTokens(1, 1))
    wrong = VllmEngine(engine.loaded, replace(engine.plan, mode=mode))
    [reading] = wrong.read([make_page(0, 300, 420)])
    assert reading.error is not None
    assert "makes 1 image tokens of 300 x 420 pixels, vLLM 165" in reading.error.detail


def test_the_guard_acts(engine: VllmEngine) -> None:
    free, guarded = answer(engine, None), answer(engine, Guard(3, 40))
    assert repeats(free, 3, 40), "the checkpoint was made to repeat itself"
    assert not repeats(guarded, 3, 40)
    assert answer(engine, Guard(3, 40), exempt=sorted(set(free))) == free


def test_a_loop_is_cut_early_and_the_stronger_guard_breaks_it(engine: VllmEngine) -> None:
    pages = [make_page(0, 300, 420)]
    [reading] = engine.read(pages)
    assert reading.error is not None
    assert reading.error.reason == "loop"
    assert reading.output_tokens <= 200
    [stronger] = engine.retries
    [second] = stronger.read(pages)
    assert stronger.guard == "12/1024"
    assert second.output_tokens > 200
    assert second.error is None or second.error.reason != "loop"


def test_a_page_that_is_no_image_costs_no_other(engine: VllmEngine) -> None:
    pages = [
        make_page(0, 300, 420),
        PageImage("broken", b"not an image", 9, 9),
        make_page(2, 90, 90),
    ]
    first, broken, last = engine.read(pages)
    assert broken.page_id == "broken"
    assert broken.error is not None
    assert broken.error.reason == "engine_error"
    assert [first.vision_tokens, last.vision_tokens] == [165, tokens.pixtral(1540, 90, 90).valid]


class Dictated(VllmEngine):
    """Reads a page named `<number> <tokens>` as that many tokens; other pages as it does."""

    def _question(self, page: PageImage) -> Question:
        from workers.engines.vllm.guard import guard_arguments

        question = super()._question(page)
        _, _, count = page.page_id.partition(" ")
        if count.isdigit():
            script = [*itertools.islice(itertools.cycle(range(3, 200)), int(count))]
            question.params.extra_args = guard_arguments(
                None, (), self.loaded.end, [*script, self.loaded.end]
            )
        return question

    @property
    def _params(self) -> SamplingParams:
        return VllmEngine._params.func(self)  # each page has its own


def shard(tokens: Sequence[int | str]) -> list[PageImage]:
    return [
        replace(make_page(number, 90, 90), page_id=f"{number} {count}")
        for number, count in enumerate(tokens)
    ]


def running_share(engine: VllmEngine, read: Callable[[], object]) -> float:
    """The mean share of the batch that runs, over the steps from the first page to the last."""
    running: list[int] = []
    outputs = engine.loaded.stream.llm.output_processor
    before = outputs.update_scheduler_stats

    def count(stats: Any) -> None:
        if stats is not None:
            running.append(stats.num_running_reqs)
        before(stats)

    outputs.update_scheduler_stats = count
    try:
        read()
    finally:
        outputs.update_scheduler_stats = before
    busy = [number for number in running if number]
    return sum(busy) / len(busy) / PLACES


def test_shards_side_by_side_keep_the_batch_full(engine: VllmEngine) -> None:
    """The last pages of the first shard are long, and so are the first of the second."""
    dictated = Dictated(engine.loaded, engine.plan)
    shards = [shard([20] * 26 + [250] * 2), shard([250] * 2 + [20] * 26)]
    readings: list[list[Reading]] = []

    def one_after_the_other() -> None:
        for pages in shards:
            dictated.read(pages)

    def side_by_side() -> None:
        with ThreadPoolExecutor(2) as threads:
            readings.extend(threads.map(dictated.read, shards))

    drained = running_share(engine, one_after_the_other)
    fed = running_share(engine, side_by_side)
    print(f"running over the batch's limit: {drained:.3f} a shard at a time, {fed:.3f} fed")
    for pages, read in zip(shards, readings, strict=True):
        lengths = [int(page.page_id.partition(" ")[2]) for page in pages]
        assert [reading.output_tokens for reading in read] == lengths
    assert drained < 0.85
    assert fed >= 0.9


def test_a_page_that_loops_ends_early_and_costs_the_others_nothing(engine: VllmEngine) -> None:
    dictated = Dictated(engine.loaded, engine.plan)
    readings = dictated.read(shard([20, 60, "loop", 30, 20, 90]))
    assert [reading.output_tokens for reading in readings[:2] + readings[3:]] == [
        20,
        60,
        30,
        20,
        90,
    ]
    assert readings[2].error is not None
    assert readings[2].error.reason == "loop"
    assert readings[2].output_tokens <= 200


class Deaf:
    """A vLLM that ignores the guard, since it drops `SamplingParams.extra_args`."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def ask(self, questions: Sequence[Question]) -> Any:
        for question in questions:
            question.params.extra_args = None
        return self._stream.ask(questions)


def test_a_vllm_that_ignores_the_guard_is_refused(engine: VllmEngine) -> None:
    prove_guard(engine.loaded)
    deaf: Loaded = replace(engine.loaded, stream=Deaf(engine.loaded.stream))
    with pytest.raises(ModelError, match="leaves out the n-gram guard"):
        prove_guard(deaf)


def test_an_engine_core_that_was_killed_is_noticed(folder: Path) -> None:
    """The core is killed during an answer of 4,000 tokens; vLLM alone would wait for ever."""
    engine = load_vllm(EngineSpec(name="vllm", model=str(folder), max_new_tokens=4000))
    [core] = engine.loaded.stream.processes
    workers = psutil.Process(core.pid).children()
    [guarded] = engine.retries
    timer = Timer(3, core.kill)
    timer.start()
    with pytest.raises(EngineDied):
        guarded.read([make_page(0, 300, 420)])
    timer.join()
    with pytest.raises(EngineDied):
        guarded.read([make_page(0, 300, 420)])
    engine.loaded.stream.close()
    psutil.wait_procs(workers, timeout=30)
    assert not [worker for worker in workers if is_alive(worker)]


def test_the_engine_core_ends_with_its_owner(folder: Path, tmp_path: Path) -> None:
    """Otherwise it would hold the GPU's memory, which the next replica needs."""
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    command = [sys.executable, str(script), str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    *_, line = done.stdout.split("\n")[:-1]
    processes = [psutil.Process(int(pid)) for pid in line.split() if psutil.pid_exists(int(pid))]
    psutil.wait_procs(processes, timeout=30)
    assert done.returncode == 9
    assert len(line.split()) == 2
    assert not [process for process in processes if is_alive(process)]
