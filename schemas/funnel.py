"""The funnel of a version: what is left of its sources after each step of publishing."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class FunnelStep(TypedDict):
    """What is left after a step.

    `step` is `inventory`, `read`, `rights`, `limits`, `dedup`, `semantic`, the name of a policy, or
    `mix`. `documents` and `document_tokens` are those of the table `documents`, `pages` and
    `tokens` those of `pages` and `conversations`. Tokens are None before anything is read.
    Documents do not take part in a mix. The last step also says both in the trainer's own tokens,
    where a recipe has a tokenizer.
    """

    step: str
    documents: int
    document_tokens: int | None
    pages: int
    tokens: int | None
    trainer_tokens: NotRequired[int]
    document_trainer_tokens: NotRequired[int]
