"""Pages that join and leave a running batch are read as if each were alone."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import DynamicCache

from schemas.recipe import EngineSpec
from tests.checkpoints import shared_checkpoint
from tests.workers.engines.profiles.test_known import IN_TRANSFORMERS
from tests.workers.engines.test_transformers import page
from workers.engines.batches import Page
from workers.engines.caches import can_keep
from workers.engines.profiles.known import PROFILES
from workers.engines.profiles.profile import Guard
from workers.engines.room import bytes_a_token
from workers.engines.slots import Slots
from workers.engines.transformers import TransformersEngine, load_transformers

ROUNDS = ["unlimited-ocr", "chandra-2"]
KEPT = [name for name in IN_TRANSFORMERS if name not in ROUNDS]
# Their encoders see every picture large, and their decoders' states are of LightOnOCR's kind.
LIKE_LIGHTON = ["got-ocr-2", "granite-docling", "deepseek-ocr-2", "qianfan-ocr"]
TRIED = [name for name in KEPT if name not in LIKE_LIGHTON]
SIZES = [(224, 320), (320, 224), (224, 320), (420, 300)]


def open_engine(family: str) -> TransformersEngine:
    folder = shared_checkpoint(family)
    mode = PROFILES[family].modes[0].name
    spec = EngineSpec(
        name="transformers", model=str(folder), profile=family, mode=mode, max_new_tokens=64
    )
    engine = load_transformers(spec)
    # Nonsense soon repeats itself; a guard that forbids it also makes the answers differ.
    return TransformersEngine(engine._loaded, replace(engine._plan, guard=Guard(2, 40)))


def prepared(engine: TransformersEngine) -> list[Page]:
    pages = [Page(n, page(n, 255 - 20 * n, size)) for n, size in enumerate(SIZES)]
    for each in pages:
        each.prepared = engine._prepare(each.image)
    return pages


def new_slots(engine: TransformersEngine) -> Slots:
    return Slots(engine._loaded, engine._plan)


def read_alone(engine: TransformersEngine) -> list[Page]:
    pages = prepared(engine)
    for each in pages:
        slots = new_slots(engine)
        slots.join([each])
        while not each.is_done:
            slots.advance()
    return pages


@pytest.mark.parametrize(
    ("family", "has_spare_rows"),
    [*((family, False) for family in TRIED), ("deepseek-ocr", True), ("olmocr-2", True)],
)
def test_joining_and_leaving_changes_no_answer(family: str, has_spare_rows: bool) -> None:
    engine = open_engine(family)
    expected = read_alone(engine)
    engine._loaded.has_spare_rows = has_spare_rows
    first, second, third, fourth = pages = prepared(engine)
    slots = new_slots(engine)
    slots.join([first])
    slots.advance()
    slots.join([second])
    slots.advance()
    slots.advance()
    slots.leave([first])  # before its end: it goes on later
    slots.join([third])
    slots.join([fourth])
    slots.advance()
    slots.advance()
    slots.leave([second])
    # Its answer is part of its prompt then. Nonsense may have image tokens, which none may have.
    if engine._loaded.image_token_id not in first.answer.tokens:
        slots.join([first])
    while slots.pages:
        slots.advance()
        slots.leave([each for each in slots.pages if each.is_done])
    assert len({tuple(each.answer.tokens) for each in expected}) > 1
    for found, alone in zip(pages, expected, strict=True):
        count = len(found.answer.tokens)
        assert count >= 48
        assert found.answer.tokens == alone.answer.tokens[:count]
        sure = alone.answer.probabilities[:count]
        assert found.answer.probabilities == pytest.approx(sure, rel=1e-4)
    assert all(each.is_done for each in (second, third, fourth))


def test_with_spare_rows_shapes_stay_while_pages_change() -> None:
    engine = open_engine("lighton-ocr")
    engine._loaded.has_spare_rows = True
    first, second, third, fourth = prepared(engine)
    slots = new_slots(engine)
    for each in (first, second, third):
        slots.join([each])
    state = slots._state
    assert state is not None
    addresses = [layer.keys.data_ptr() for layer in state.cache.layers]
    slots.advance()
    slots.leave([second])
    slots.join([fourth])
    slots.advance()
    assert [each.place for each in slots.pages] == [0, 3, 2]
    assert slots._state is state
    assert [layer.keys.data_ptr() for layer in state.cache.layers] == addresses
    slots.leave([first, third])
    slots.advance()
    assert state.rows == 1


@pytest.mark.parametrize("family", KEPT)
def test_the_bytes_of_a_token_are_those_of_its_keys_and_values(family: str) -> None:
    model = open_engine(family)._loaded.model
    text = model.config.get_text_config()
    heads = text.num_key_value_heads
    features = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    expected = text.num_hidden_layers * 2 * heads * features * 4  # float32
    assert bytes_a_token(model) == expected


def kind_of_state(model: Any) -> dict[str, object]:
    """All that `Slots` knows of what a model keeps from one step to the next."""
    takes = inspect.signature(model.forward).parameters
    return {
        "layers": {type(layer) for layer in DynamicCache(config=model.config).layers},
        "leaves its positions behind": hasattr(model.model, "rope_deltas"),
        "takes positions": "position_ids" in takes or "kwargs" in takes,
        "computes the last token only": "logits_to_keep" in takes,
    }


@pytest.mark.parametrize("family", LIKE_LIGHTON)
def test_what_is_not_tried_keeps_its_state_as_lighton_ocr_does(family: str) -> None:
    model, tried = (open_engine(name)._loaded.model for name in (family, "lighton-ocr"))
    assert kind_of_state(model) == kind_of_state(tried)
    assert not kind_of_state(model)["leaves its positions behind"]


@pytest.mark.parametrize("family", ROUNDS)
def test_a_window_that_slides_or_a_state_is_not_kept(family: str) -> None:
    assert not can_keep(open_engine(family)._loaded.model)


class Calls(TorchDispatchMode):
    """Counts the operations whose results the host waits for."""

    WAITS = ("aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero", "aten::equal")

    def __init__(self) -> None:
        super().__init__()
        self.waits: Counter[str] = Counter()
        self.all = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.all += 1
        if func.name().partition(".")[0] in self.WAITS:
            self.waits[func.name()] += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("family", ["lighton-ocr", "deepseek-ocr", "olmocr-2"])
def test_the_host_waits_for_no_step(family: str) -> None:
    """Rows of several lengths, so that there is padding. `tolist` at the end is not counted."""
    engine = open_engine(family)
    slots = new_slots(engine)
    for each in prepared(engine):
        slots.join([each])
    with Calls() as calls:
        slots.advance()
    assert calls.all > 16 * 100
    assert not calls.waits


def counted(engine: TransformersEngine, read: Callable[[], object]) -> Counter[str]:
    """The tokens that the decoder computes, and the pictures that the encoder sees."""
    seen: Counter[str] = Counter()
    model = engine._loaded.model

    def decoder(_: Any, args: Any, kwargs: Any) -> None:
        seen["tokens"] += kwargs["inputs_embeds"].shape[:2].numel()

    def encoder(_: Any, args: Any) -> None:
        seen["pictures"] += len(args[0])

    hooks = [
        model.model.language_model.register_forward_pre_hook(decoder, with_kwargs=True),
        model.model.vision_tower.register_forward_pre_hook(encoder),
    ]
    read()
    for hook in hooks:
        hook.remove()
    return seen


def test_deepseek_ocr_sees_a_page_once_and_computes_its_tokens_once() -> None:
    engine = open_engine("deepseek-ocr")
    engine = TransformersEngine(engine._loaded, replace(engine._plan, max_new_tokens=150))
    images = [each.image for each in prepared(engine)] * 2
    prompts = sum(engine._prepare(image).prompt_tokens for image in images)
    seen = counted(engine, lambda: engine.read(images))
    assert seen["pictures"] == len(images)
    assert seen["tokens"] <= 1.05 * (prompts + 150 * len(images))


def test_a_page_goes_on_where_it_was() -> None:
    """As after a failure: its answer so far is part of its prompt."""
    engine = open_engine("lighton-ocr")
    [whole, *_] = read_alone(engine)
    [again, *_] = prepared(engine)
    slots = new_slots(engine)
    slots.join([again])
    slots.advance()
    assert slots.clear() == [again]
    slots.join([again])
    while not again.is_done:
        slots.advance()
    assert again.answer.tokens == whole.answer.tokens
    assert torch.tensor(again.answer.probabilities).allclose(
        torch.tensor(whole.answer.probabilities), rtol=1e-4
    )
