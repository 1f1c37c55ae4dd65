"""What engines that read with a checkpoint share: from a page to its picture, from an answer to
its reading.

Does not: load a model or generate; each engine does that itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from PIL import Image

from schemas.lines import MAX_DETAIL_CHARS
from schemas.pages import PageError, PageImage, Reading
from schemas.tokens import reduced
from workers.engines.grammars.parsed import placed
from workers.engines.plan import Plan
from workers.engines.profiles.profile import Mode
from workers.rasterising import pictures

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(slots=True)
class Answer:
    """What the model has generated for a page so far.

    `tokens` lacks the end token, and `ended` says that it came; `probabilities` has one for each
    token. `loop` is the index in `tokens` at which a loop starts, -1 for none.
    """

    tokens: list[int] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    loop: int = -1
    ended: bool = False


def page_picture(page: PageImage, mode: Mode) -> Image.Image:
    """The picture for the mode's image processor. Raises OSError where the image is broken."""
    picture = pictures.decode(page.data)
    longest_px = mode.longest_edge_px
    if longest_px is None or max(picture.size) <= longest_px:
        return picture
    return picture.resize(reduced(*picture.size, longest_px), Image.Resampling.LANCZOS)


def token_ids(tokenizer: PreTrainedTokenizerBase, strings: Iterable[str]) -> list[int]:
    """The ids of those `strings` that are one token each."""
    encoded = [tokenizer.encode(text, add_special_tokens=False) for text in strings]
    return [ids[0] for ids in encoded if len(ids) == 1]


def miscount(page: PageImage, plan: Plan, placeholders: int, counted_by: str) -> str | None:
    """The error where a page has no image tokens, or not as many as the formula counts."""
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
    """What a page cost, and the model's confidence: a reading without its text.

    `placeholders` counts the image tokens in the prompt; it is the cost where the mode has no
    formula. The confidence is the mean probability of the answer's tokens.
    """
    formula, probabilities = plan.mode.tokens, answer.probabilities
    mean = sum(probabilities) / len(probabilities) if probabilities else None
    return Reading(
        page.page_id,
        vision_tokens=formula(page.width, page.height).valid if formula else placeholders,
        output_tokens=len(answer.tokens),
        confidence=None if mean is None else min(mean, 1.0),
    )


def finished(
    page: PageImage,
    cost: Reading,
    plan: Plan,
    answer: Answer,
    tokenizer: PreTrainedTokenizerBase,
) -> Reading:
    """`cost` with the text and blocks of the answer, or with its error: `loop` or `no_end`."""
    error = ending_error(answer)
    if error is not None:
        return replace(cost, error=error)
    text = tokenizer.decode(
        answer.tokens,
        skip_special_tokens=not plan.profile.special_tokens,
        clean_up_tokenization_spaces=False,
    )
    return parsed(page, cost, plan, text)


def ending_error(answer: Answer) -> PageError | None:
    """The error of an answer that is a `loop` or has `no_end`; None for one that ended."""
    if answer.loop >= 0:
        detail = f"{len(answer.tokens)} tokens, the same again and again from {answer.loop} on"
        return PageError("loop", detail)
    if not answer.ended:
        return PageError("no_end", f"no end within {len(answer.tokens)} tokens")
    return None


def parsed(page: PageImage, cost: Reading, plan: Plan, text: str) -> Reading:
    """`cost` with the text and blocks of the output `text`."""
    found = plan.profile.parse(text)
    if plan.mode.seen_px is not None:
        found = placed(found, plan.mode.seen_px(page.width, page.height))
    return replace(cost, text=found.text, blocks=found.blocks, turn=found.turn)


def failed(page: PageImage, detail: str) -> Reading:
    """The reading of a page that its engine failed on."""
    return Reading(page.page_id, error=PageError("engine_error", detail[:MAX_DETAIL_CHARS]))
