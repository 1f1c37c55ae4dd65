"""Pages read in two passes: what is asked of which picture, what it costs, and what goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from PIL import Image

from schemas.pages import PageError, PageImage, Reading
from schemas.recipe import EngineSpec, Quality, Raster
from tests.builders import PROSE
from workers.engines import Engine
from workers.engines.answers import parsed
from workers.engines.checkpoint import Checkpoint
from workers.engines.layout_first import LayoutFirstEngine, in_passes
from workers.engines.plan import Plan, make_plan
from workers.engines.profiles.profile import Guard
from workers.rasterising import pictures
from workers.reading import LadderSettings
from workers.reading.ladder import ToRead, climb

LAYOUT, TEXT = "\nLayout Detection:", "\nText Recognition:"
TABLE, FORMULA = "\nTable Recognition:", "\nFormula Recognition:"
SIZE = (600, 800)
SURE = {LAYOUT: 0.5, TEXT: 0.75, TABLE: 1.0, FORMULA: 1.0}

Answer = Callable[[str, Image.Image, Guard | None], str | PageError]


@dataclass(eq=False)
class Fake:
    """Answers each picture as `answer` says by prompt, picture and guard; ten tokens each."""

    plan: Plan
    answer: Answer
    is_continuous: bool = False
    seen: list[tuple[str, list[tuple[int, int]]]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    name: str = "fake"
    model: str = "fake-1"
    revision: str = "r1"
    mode: str = "native"
    task: str = "markdown"
    figure: Engine | None = None

    @property
    def guard(self) -> str:
        return str(self.plan.guard or "")

    @property
    def retries(self) -> Sequence[Fake]:
        return [replace(self, plan=plan) for plan in self.plan.retries()]

    def asking(self, plan: Plan) -> Engine:
        return replace(self, plan=plan)

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        self.seen.append((self.plan.prompt, [(page.width, page.height) for page in pages]))
        self.threads.add(threading.get_ident())
        return [self._reading(page) for page in pages]

    def _reading(self, page: PageImage) -> Reading:
        prompt, formula = self.plan.prompt, self.plan.mode.tokens
        assert formula is not None
        cost = Reading(
            page.page_id,
            vision_tokens=formula(page.width, page.height).valid,
            output_tokens=10,
            confidence=SURE[prompt],
        )
        answer = self.answer(prompt, pictures.decode(page.data), self.plan.guard)
        if isinstance(answer, PageError):
            return replace(cost, error=answer)
        return parsed(page, cost, self.plan, answer)


def region(kind: str, places: str, turn: str = "up") -> str:
    return f"<|box_start|>{places}<|box_end|><|ref_start|>{kind}<|ref_end|><|rotate_{turn}|>\n"


def fake(answer: Answer, **fields: bool) -> Fake:
    checkpoint = Checkpoint("folder", "", None, "qwen2_vl", ())
    spec = EngineSpec(name="transformers", model="folder", profile="mineru-2.5")
    return Fake(make_plan(spec, checkpoint), answer, **fields)


def page(name: str = "a", size: tuple[int, int] = SIZE) -> PageImage:
    data = pictures.encode(Image.new("RGB", size, "white"), Raster(format="png"))
    return PageImage(name, data, *size)


def answering(layout: str, **answers: str) -> Answer:
    by_prompt = {LAYOUT: layout, TEXT: "A text.", TABLE: "<fcel>1<nl>", FORMULA: r"\[x\]"}
    by_prompt |= {f"\n{kind} Recognition:": answer for kind, answer in answers.items()}
    return lambda prompt, picture, guard: by_prompt[prompt]


MIXED = (
    region("title", "100 100 900 150")
    + region("table", "100 200 900 400")
    + region("image", "100 410 900 500")
    + region("equation", "100 510 900 550")
    + region("text", "100 600 900 700")
)


def test_each_region_is_read_by_its_prompt_and_the_page_is_in_order() -> None:
    inner = fake(answering(MIXED, Text="It was\nfired."))
    [reading] = in_passes(inner).read([page()])
    assert [(block.label, block.text) for block in reading.blocks] == [
        ("heading", "## It was fired."),
        ("table", "<table><tr><td>1</td></tr></table>"),
        ("figure", ""),
        ("formula", "$$x$$"),
        ("paragraph", "It was\nfired."),
    ]
    assert reading.text.startswith("## It was fired.\n\n<table>")
    assert reading.error is None
    # The page is a square for the layout; regions keep their pixels.
    assert inner.seen == [
        (LAYOUT, [(1036, 1036)]),
        (TEXT, [(480, 40), (480, 80)]),
        (TABLE, [(480, 160)]),
        (FORMULA, [(480, 32)]),
    ]


def test_both_passes_are_paid_for() -> None:
    inner = fake(answering(region("text", "0 0 1000 500")))
    [reading] = in_passes(inner).read([page()])
    # 37 x 37 tokens for the layout; 600 x 400 pixels in tokens of 28.
    assert reading.vision_tokens == 1369 + 21 * 14
    assert reading.output_tokens == 20
    assert reading.confidence == pytest.approx((0.5 + 0.75) / 2)


@pytest.mark.parametrize("layout", ["The kiln was fired.", region("text", "5 5 5 5")])
def test_a_page_whose_layout_has_no_regions_is_read_whole(layout: str) -> None:
    inner = fake(answering(layout, Text="All of it."))
    [reading] = in_passes(inner).read([page()])
    assert (reading.text, reading.blocks) == ("All of it.", ())
    assert inner.seen[-1] == (TEXT, [SIZE])
    assert reading.vision_tokens == 1369 + 21 * 29


def test_a_page_with_an_empty_layout_is_empty() -> None:
    inner = fake(answering(""))
    [reading] = in_passes(inner).read([page()])
    assert (reading.text, reading.error, reading.vision_tokens) == ("", None, 1369)
    assert [prompt for prompt, _ in inner.seen] == [LAYOUT]


def test_a_region_that_fails_is_the_pages_error_and_its_tokens_count() -> None:
    def answer(prompt: str, picture: Image.Image, guard: Guard | None) -> str | PageError:
        if prompt == TABLE and picture.width > 250:
            return PageError("loop", "again and again")
        return answering(region("table", "0 0 1000 500"))(prompt, picture, guard)

    pages = [page("a"), page("b", (240, 800))]
    bad, good = in_passes(fake(answer)).read(pages)
    assert bad.error == PageError("loop", "again and again")
    assert (bad.text, bad.blocks, bad.output_tokens) == ("", (), 20)
    assert (good.error, good.text) == (None, "<table><tr><td>1</td></tr></table>")


def test_a_page_whose_layout_fails_is_read_no_further() -> None:
    def answer(prompt: str, picture: Image.Image, guard: Guard | None) -> str | PageError:
        return PageError("no_end", "no end") if prompt == LAYOUT else "A text."

    inner = fake(answer)
    [reading] = in_passes(inner).read([page()])
    assert reading.error == PageError("no_end", "no end")
    assert len(inner.seen) == 1


def test_a_broken_image_fails_alone() -> None:
    broken = PageImage("b", b"no picture", 10, 10)
    first, second, third = in_passes(fake(answering(MIXED))).read([page("a"), broken, page("c")])
    assert [first.page_id, second.page_id, third.page_id] == ["a", "b", "c"]
    assert second.error is not None
    assert second.error.reason == "engine_error"
    assert first.text == third.text != ""


@pytest.mark.parametrize(
    ("turn", "corner"),
    [("up", (0, 0)), ("right", (299, 0)), ("down", (299, 199)), ("left", (0, 199))],
)
def test_a_region_is_turned_until_it_is_upright(turn: str, corner: tuple[int, int]) -> None:
    """The black corner is where the first letter of a region lies that points to `turn`."""
    picture = Image.new("RGB", (300, 200), "white")
    for x in range(20):
        for y in range(20):
            picture.putpixel((abs(corner[0] - x), abs(corner[1] - y)), (0, 0, 0))
    data = pictures.encode(picture, Raster(format="png"))
    read: list[Image.Image] = []

    def answer(prompt: str, cut: Image.Image, guard: Guard | None) -> str:
        if prompt == LAYOUT:
            return region("text", "0 0 1000 1000", turn)
        read.append(cut)
        return "A text."

    [reading] = in_passes(fake(answer)).read([PageImage("a", data, 300, 200)])
    assert read[0].getpixel((5, 5)) == (0, 0, 0)
    assert read[0].size == ((300, 200) if turn in ("up", "down") else (200, 300))
    assert reading.turn == {"up": 0, "right": 270, "down": 180, "left": 90}[turn]


@pytest.mark.parametrize(
    ("places", "size"),
    [
        ("0 0 1000 1000", [(600, 800)]),
        ("0 0 1000 20", [(1050, 28)]),  # 600 x 16, enlarged
        ("0 0 1000 10", [(1400, 28)]),  # 600 x 8, padded to 600 x 12 and enlarged
        ("0 0 10 1000", [(28, 1400)]),  # 6 x 800, padded to 16 x 800 and enlarged
        ("501 0 502 1000", []),  # from 300.6 to 301.2: no pixel
    ],
)
def test_thin_regions_get_a_shape_that_the_model_takes(
    places: str, size: list[tuple[int, int]]
) -> None:
    inner = fake(answering(region("text", places)))
    in_passes(inner).read([page()])
    assert [each for prompt, sizes in inner.seen if prompt == TEXT for each in sizes] == size


def test_regions_of_all_pages_are_read_together() -> None:
    inner = fake(answering(MIXED))
    in_passes(inner).read([page("a"), page("b"), page("c")])
    assert [(prompt, len(sizes)) for prompt, sizes in inner.seen] == [
        (LAYOUT, 3),
        (TEXT, 6),
        (TABLE, 3),
        (FORMULA, 3),
    ]


def test_calls_run_side_by_side_only_where_the_engine_takes_them() -> None:
    gate = threading.Barrier(3, timeout=20)

    def answer(prompt: str, picture: Image.Image, guard: Guard | None) -> str:
        if prompt != LAYOUT:
            gate.wait()  # for the calls of all three prompts
        return answering(MIXED.replace("title", "image"))(prompt, picture, guard)  # type: ignore[return-value]

    inner = fake(answer, is_continuous=True)
    engine = in_passes(inner)
    assert engine.is_continuous
    [reading] = engine.read([page()])
    assert reading.error is None
    assert len(inner.threads) == 4
    alone = fake(answering(MIXED))
    in_passes(alone).read([page()])
    assert len(alone.threads) == 1


def test_a_page_in_two_passes_climbs_the_ladder() -> None:
    """Its table loops until the stronger guard; the page is then read well, in two passes."""

    def answer(prompt: str, picture: Image.Image, guard: Guard | None) -> str | PageError:
        if prompt == TABLE and guard is not None and guard.size > 12:
            return PageError("loop", "again and again")
        return answering(MIXED, Text=PROSE)(prompt, picture, guard)

    engine = in_passes(fake(answer))
    settings = LadderSettings(Quality(), Raster(format="png"), rotate=False)
    [done] = climb([ToRead(page(), 0.1)], [engine], settings, lambda each, some: each.read(some))
    assert [(one.outcome, one.guard) for one in done.attempts] == [
        ("loop", "100/1000"),
        ("ok", "12/1024"),
    ]
    assert done.best is not None
    assert "<td>1</td>" in done.best.reading.text


def test_a_plan_of_one_pass_is_read_in_one() -> None:
    inner = fake(answering(MIXED))
    in_one = replace(inner, plan=replace(inner.plan, prompt=TEXT))
    assert in_passes(in_one) is in_one
    assert isinstance(in_passes(inner), LayoutFirstEngine)
