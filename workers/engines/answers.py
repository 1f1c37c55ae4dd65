"""What engines that read with a checkpoint share: a page's picture, and its answer as a reading.

How an answer is generated is each engine's own; nothing here loads a model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from schemas.lines import MAX_DETAIL_CHARS
from schemas.pages import PageError, PageImage, Reading
from schemas.tokens import reduced
from workers.engines.plan import Plan
from workers.engines.profiles.profile import Mode
from workers.rasterising import pictures


@dataclass(slots=True)
class Answer:
    """What a page's model has said so far.

    `tokens` are the generated ones without the end token, `sure` the probability of each. `loop`
    is where a loop starts in them, -1 for none; `ended` that an end token came.
    """

    tokens: list[int] = field(default_factory=list)
    sure: list[float] = field(default_factory=list)
    loop: int = -1
    ended: bool = False


def page_picture(page: PageImage, mode: Mode) -> Image.Image:
    """The picture that the mode's image processor is given. Raises OSError for no whole image."""
    picture = pictures.decode(page.data)
    longest_px = mode.longest_edge_px
    if longest_px is None or max(picture.size) <= longest_px:
        return picture
    return picture.resize(reduced(*picture.size, longest_px), Image.Resampling.LANCZOS)


def token_ids(tokenizer: Any, strings: Iterable[str]) -> list[int]:
    """Those of `strings` that are one token each."""
    encoded = [tokenizer.encode(text, add_special_tokens=False) for text in strings]
    return [ids[0] for ids in encoded if len(ids) == 1]


def miscount(page: PageImage, plan: Plan, placeholders: int, counted_by: str) -> str | None:
    """What to say where a page's image tokens are none, or not as many as the formula makes."""
    if plan.mode.tokens is None:
        return None
    expected = plan.mode.tokens(page.width, page.height).placeholders
    if expected == 0:
        return (
            f"{page.width} x {page.height} pixels are too few for mode {plan.mode.name} of profile "
            f"{plan.profile.name}: the model would see nothing"
        )
    if placeholders == expected:
        return None
    return (
        f"mode {plan.mode.name} of profile {plan.profile.name} makes {expected} image tokens of "
        f"{page.width} x {page.height} pixels, {counted_by} {placeholders}"
    )


def spent(page: PageImage, plan: Plan, placeholders: int, answer: Answer) -> Reading:
    """What a page cost, and how sure the model was: a reading without its text.

    `placeholders` are the image tokens of its prompt, which count where the mode has no formula.
    Its confidence is the mean probability of its tokens.
    """
    formula, sure = plan.mode.tokens, answer.sure
    return Reading(
        page.page_id,
        vision_tokens=formula(page.width, page.height).valid if formula else placeholders,
        output_tokens=len(answer.tokens),
        confidence=min(sum(sure) / len(sure), 1.0) if sure else None,
    )


def finished(cost: Reading, plan: Plan, answer: Answer, tokenizer: Any) -> Reading:
    """`cost` with the text and blocks of the answer, or with the error that it ended in."""
    if answer.loop >= 0:
        detail = f"{len(answer.tokens)} tokens, the same again and again from {answer.loop} on"
        return replace(cost, error=PageError("loop", detail))
    if not answer.ended:
        detail = f"no end within {len(answer.tokens)} tokens"
        return replace(cost, error=PageError("no_end", detail))
    text = tokenizer.decode(
        answer.tokens,
        skip_special_tokens=not plan.profile.special_tokens,
        clean_up_tokenization_spaces=False,
    )
    parsed = plan.profile.parse(text)
    return replace(cost, text=parsed.text, blocks=parsed.blocks, turn=parsed.turn)


def failed(page: PageImage, detail: str) -> Reading:
    """The reading of a page that its engine failed on."""
    return Reading(page.page_id, error=PageError("engine_error", detail[:MAX_DETAIL_CHARS]))
