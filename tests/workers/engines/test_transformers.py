"""The transformers engine: order, rounds, loops, failures, on scripted and on random models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw
from transformers import AutoProcessor, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from schemas.errors import EngineDied
from schemas.ids import page_id
from schemas.pages import PageImage, Reading
from schemas.recipe import EngineSpec, Quality, Raster
from tests.builders import PROSE, make_doc_id
from tests.checkpoints import shared_checkpoint
from workers.engines import Engine
from workers.engines.checkpoint import Checkpoint
from workers.engines.grammars.parsed import Parsed
from workers.engines.loaded import Loaded
from workers.engines.plan import make_plan
from workers.engines.profiles.known import PROFILES
from workers.engines.transformers import TransformersEngine, load_transformers
from workers.rasterising import pictures
from workers.reading import LadderSettings
from workers.reading.ladder import climb

RASTER = Raster(format="png")
EOS = 2
FIRST, LOOP, VOCABULARY = 1000, 3000, 4096
PAGE_TOKENS, SHORT_TOKENS = 700, 50
WHITE, LIGHT, DARK = 255, 190, 40


def page(index: int, grey: int = 255, size: tuple[int, int] = (224, 320)) -> PageImage:
    picture = Image.new("RGB", size, (grey, grey, grey))
    ImageDraw.Draw(picture).text((20, 20), f"page {index} " * 3, fill="black")
    return PageImage(page_id(make_doc_id(1), index), pictures.encode(picture, RASTER), *size)


class Script(PreTrainedModel, GenerationMixin):
    """A model that follows a script: each token depends only on the last one.

    A white page gives `PAGE_TOKENS` tokens and then the end, a light page `SHORT_TOKENS`. A dark
    page falls into a loop of 40 tokens after 301; if a guard bans its next token, the end comes.
    """

    config_class = PretrainedConfig
    main_input_name = "input_ids"
    _supports_cache_class = True
    _is_stateful = True  # nothing to hand on: a token follows from the last

    def __init__(self) -> None:
        super().__init__(
            PretrainedConfig(
                vocab_size=VOCABULARY,
                eos_token_id=EOS,
                num_hidden_layers=1,
                max_position_embeddings=8192,
            )
        )
        self.register_parameter("one", torch.nn.Parameter(torch.zeros(1)))
        self.rows_run = 0
        self.tokens_run = 0
        self.images_seen = 0
        self.most_images = 0
        self.most_rows = 0
        self.fails: Any = None

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        pixel_values: torch.Tensor | None = None,
        image_sizes: torch.Tensor | None = None,
        **_: Any,
    ) -> CausalLMOutputWithPast:
        rows = len(input_ids)
        if self.fails is not None:
            self.fails(rows, pixel_values)
        self.rows_run += rows
        self.tokens_run += input_ids.numel()
        images = 0 if pixel_values is None else len(pixel_values)
        self.images_seen += images
        self.most_images = max(self.most_images, images)
        self.most_rows = max(self.most_rows, rows)
        last = input_ids[:, -1].tolist()
        if pixel_values is not None:
            self.greys = ((pixel_values.amax(dim=(1, 2, 3)) + 2) * 100).round().int().tolist()
        logits = torch.zeros(rows, 1, VOCABULARY)
        for row, token in enumerate(last):
            logits[row, 0, self.next(token, row)] = 9
            logits[row, 0, EOS] = max(5.0, float(logits[row, 0, EOS]))
        return CausalLMOutputWithPast(logits=logits)

    def next(self, token: int, row: int) -> int:
        if token == EOS:  # what comes after the end is not looked at
            return EOS
        if token < FIRST:
            if self.greys[row] > 380:
                return FIRST
            return FIRST + PAGE_TOKENS - SHORT_TOKENS if self.greys[row] > 250 else 2000
        if token >= LOOP:
            return LOOP if token == LOOP + 39 else token + 1
        if token == 2300:
            return LOOP
        return EOS if token == FIRST + PAGE_TOKENS - 1 else token + 1

    def prepare_inputs_for_generation(
        self, input_ids: torch.Tensor, is_first_iteration: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        pixels = kwargs["pixel_values"] if is_first_iteration else None
        return {"input_ids": input_ids, "pixel_values": pixels}


@pytest.fixture(scope="module")
def folder() -> Path:
    return shared_checkpoint("lighton-ocr")


@pytest.fixture
def engine(folder: Path) -> TransformersEngine:
    """The engine over the scripted model, with a real processor."""
    checkpoint = Checkpoint(str(folder), "r1", None, "lighton_ocr", ())
    plan = make_plan(EngineSpec(name="transformers", model=str(folder)), checkpoint)
    # The script's tokens are in no vocabulary.
    profile = replace(plan.profile, parse=lambda _: Parsed(PROSE))
    plan = replace(plan, profile=profile)
    return TransformersEngine(
        Loaded(checkpoint, Script(), AutoProcessor.from_pretrained(folder), 4), plan
    )


def loaded(engine: TransformersEngine) -> Loaded:
    return engine._loaded


def test_readings_come_in_the_order_of_their_pages(engine: TransformersEngine) -> None:
    pages = [page(index, grey=40 if index in (1, 5) else 255) for index in range(7)]
    readings = engine.read(pages)
    assert [reading.page_id for reading in readings] == [p.page_id for p in pages]
    reasons = [reading.error and reading.error.reason for reading in readings]
    assert reasons == [None, "loop", None, None, None, "loop", None]
    assert loaded(engine).model.most_rows == 4
    for reading in readings:
        assert reading.output_tokens == PAGE_TOKENS or reading.error
        assert reading.vision_tokens == 8 * 11  # 224 x 320 in patches of 28


def test_a_page_that_ends_long_before_its_batch_is_no_loop(
    engine: TransformersEngine, caplog: pytest.LogCaptureFixture
) -> None:
    readings = engine.read([page(index, grey) for index, grey in enumerate((WHITE, LIGHT, DARK))])
    assert [r.error and r.error.reason for r in readings] == [None, None, "loop"]
    assert [r.output_tokens for r in readings[:2]] == [PAGE_TOKENS, SHORT_TOKENS]
    assert "read alone" not in caplog.text


def test_a_loop_is_cut_within_200_tokens_of_its_start(engine: TransformersEngine) -> None:
    [reading] = engine.read([page(0, grey=40)])
    assert reading.error is not None
    assert reading.error.reason == "loop"
    assert "from 301 on" in reading.error.detail
    assert 301 < reading.output_tokens < 301 + 200
    assert loaded(engine).model.rows_run < 301 + 200


def call(engine: Engine, images: Sequence[PageImage]) -> list[Reading]:
    return engine.read(images)


def test_looping_pages_cost_little(engine: TransformersEngine) -> None:
    """If a tenth of the pages loop, they and their retries add less than 30 %."""
    model = loaded(engine).model
    settings = LadderSettings(Quality(), RASTER, rotate=True)
    costs, attempts = [], []
    for looping in (0, 1):
        pages = [page(index, grey=40 if index % 10 < looping else 255) for index in range(20)]
        model.rows_run = 0
        done = climb([(image, 0.1) for image in pages], [engine], settings, call)
        costs.append(model.rows_run)
        attempts.append(sum(len(one.attempts) for one in done))
    assert attempts == [20, 22]
    assert costs[1] < 1.3 * costs[0]
    assert costs[0] < 1.1 * 20 * PAGE_TOKENS


def test_the_stronger_guard_ends_the_loop(engine: TransformersEngine) -> None:
    stronger = engine.retries[0]
    [reading] = stronger.read([page(0, grey=40)])
    assert reading.error is None
    assert reading.output_tokens < 301 + 2 * 40
    assert (engine.guard, stronger.guard) == ("", "12/1024")


def test_a_page_without_an_end_says_so(engine: TransformersEngine) -> None:
    short = TransformersEngine(loaded(engine), replace(engine._plan, max_new_tokens=600))
    [reading] = short.read([page(0)])
    assert reading.error is not None
    assert (reading.error.reason, reading.output_tokens) == ("no_end", 600)


@pytest.mark.parametrize("round_tokens", [64, 5000])
def test_rounds_change_nothing_but_the_batch(engine: TransformersEngine, round_tokens: int) -> None:
    pages = [page(index) for index in range(3)]
    expected = engine.read(pages)
    loaded(engine).cache, loaded(engine).round_tokens = "dynamic", round_tokens
    assert engine.read(pages) == expected


@pytest.mark.parametrize("batch_pages", [1, 2, 7])
def test_a_reading_is_the_same_in_every_batch(engine: TransformersEngine, batch_pages: int) -> None:
    """Where a loop is found, too: it stands in the error."""
    pages = [page(index, (WHITE, LIGHT, DARK)[index % 3]) for index in range(7)]
    expected = engine.read(pages)
    loaded(engine).batch_pages = batch_pages
    assert engine.read(pages) == expected


def test_a_batch_too_large_for_the_device_is_halved(engine: TransformersEngine) -> None:
    def out_of_memory(rows: int, _: object) -> None:
        if rows > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    pages = [page(index) for index in range(5)]
    expected = engine.read(pages)
    loaded(engine).model.fails = out_of_memory
    assert engine.read(pages) == expected
    assert loaded(engine).batch_pages == 1


def test_a_page_too_large_for_the_device_fails_alone(engine: TransformersEngine) -> None:
    def out_of_memory(rows: int, pixels: torch.Tensor | None) -> None:
        if pixels is not None and pixels.shape[-1] > 400:
            raise torch.OutOfMemoryError("CUDA out of memory")

    loaded(engine).model.fails = out_of_memory
    readings = engine.read([page(0), page(1, size=(640, 224)), page(2)])
    assert [r.error and r.error.reason for r in readings] == [None, "engine_error", None]
    assert "memory" in readings[1].error.detail  # type: ignore[union-attr]


def test_a_page_that_the_model_fails_on_harms_no_other(engine: TransformersEngine) -> None:
    def fail(rows: int, pixels: torch.Tensor | None) -> None:
        if pixels is not None and pixels.shape[-1] > 400:
            raise ValueError("no such shape")

    loaded(engine).model.fails = fail
    bad = PageImage(page_id(make_doc_id(1), 3), b"no picture", 10, 10)
    readings = engine.read([page(0), page(1, size=(640, 224)), page(2), bad])
    reasons = [r.error and r.error.reason for r in readings]
    assert reasons == [None, "engine_error", None, "engine_error"]
    assert "no such shape" in readings[1].error.detail  # type: ignore[union-attr]


def test_a_failed_device_is_no_fault_of_a_page(engine: TransformersEngine) -> None:
    def fail(rows: int, _: object) -> None:
        raise torch.AcceleratorError("device-side assert triggered")

    loaded(engine).model.fails = fail
    with pytest.raises(EngineDied, match="device-side assert"):
        engine.read([page(0)])


def test_a_formula_that_miscounts_the_processor_is_an_error(engine: TransformersEngine) -> None:
    plan = engine._plan
    one_more = replace(
        plan.mode, tokens=lambda w, h: plan.mode.tokens(w, h)._replace(placeholders=7)
    )
    [reading] = TransformersEngine(loaded(engine), replace(plan, mode=one_more)).read([page(0)])
    assert reading.error is not None
    assert "makes 7 image tokens of 224 x 320 pixels" in reading.error.detail


def test_a_prompt_that_fills_the_context_is_an_error(engine: TransformersEngine) -> None:
    loaded(engine).model.config.max_position_embeddings = 100
    readings = engine.read([page(0), page(1, LIGHT, size=(140, 140))])
    assert readings[0].error is not None
    assert "leaves no room" in readings[0].error.detail
    assert readings[1].error is None


def spent_by(engine: TransformersEngine, pages: Sequence[PageImage]) -> tuple[int, float]:
    """The images that the model sees, and its tokens computed over those needed."""
    model = loaded(engine).model
    model.images_seen = model.tokens_run = 0
    prompts = [engine._prepare(image).prompt_tokens for image in pages]
    answers = [reading.output_tokens for reading in engine.read(pages)]
    return model.images_seen, model.tokens_run / (sum(prompts) + sum(answers))


def test_each_page_is_paid_for_once(engine: TransformersEngine) -> None:
    """Answers of 50 and of 700 tokens, more pages than places."""
    pages = [page(index, LIGHT if index % 3 == 0 else WHITE) for index in range(20)]
    images, share = spent_by(engine, pages)
    assert images == len(pages)
    assert 1 <= share <= 1.05
    loaded(engine).cache = "dynamic"
    images, share = spent_by(engine, pages)
    assert images > 1.5 * len(pages)
    assert share > 1.5


def test_a_large_batch_sees_its_pages_in_small_groups(engine: TransformersEngine) -> None:
    loaded(engine).batch_pages = 20
    pages = [page(index, LIGHT) for index in range(20)]
    assert all(reading.error is None for reading in engine.read(pages))
    model = loaded(engine).model
    assert (model.most_rows, model.most_images, model.images_seen) == (20, 8, 20)


@pytest.mark.parametrize(
    "family",
    [
        *("deepseek-ocr", "unlimited-ocr", "glm-ocr", "lighton-ocr", "hunyuan-ocr", "qianfan-ocr"),
        *("mineru-2.5", "chandra-2"),
    ],
)
def test_answers_do_not_depend_on_rounds_or_cache(family: str) -> None:
    """Confidences show it: a token's probability depends on the page, the prompt and the answer."""
    folder = shared_checkpoint(family)
    mode = PROFILES[family].modes[0].name
    spec = EngineSpec(
        name="transformers", model=str(folder), profile=family, mode=mode, max_new_tokens=24
    )
    reader = load_transformers(spec, batch_pages=2)
    # Of one tile or two, where a family has tiles.
    square = (224, 224)
    pages = [page(0, size=square), page(1, size=(320, 160)), page(2, grey=200, size=square)]
    expected = reader.read(pages)
    sure = [reading.confidence for reading in expected]
    assert len({round(share or 0, 6) for share in sure}) > 1
    loaded(reader).round_tokens = 9
    for cache in ("dynamic", "static"):
        loaded(reader).cache = cache
        found = reader.read(pages)
        assert [r.output_tokens for r in found] == [24, 24, 24]
        assert [r.confidence for r in found] == pytest.approx(sure, rel=1e-5)
