"""What is sent for a page: one request of OpenAI's chat protocol, and what each server adds to it.

Pure but for the codecs of pictures. Fields beyond the protocol go only to servers that are known to
take them: others refuse a request with a field that they do not know.
"""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from typing import Any

from PIL import Image

from schemas.pages import PageImage
from workers.engines.answers import page_picture
from workers.engines.plan import Plan
from workers.engines.profiles.profile import Guard, Mode

_MEDIA_TYPES = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png", b"RI": "image/webp"}
_OWN_SIZES = frozenset(
    {"deepseek-ocr", "deepseek-ocr-2", "unlimited-ocr", "lighton-ocr", "qianfan-ocr"}
)
"""Profiles whose image sizes are no settings of vLLM's image processor. Settings of another mode
would end its engine core, so none are sent; the count of vision tokens tells if the mode is another
one."""

_KNOWN = frozenset({"vllm", "sglang", "lmdeploy"})
"""Servers that take the fields of `_GREEDY`, and `skip_special_tokens`."""

# Servers take the defaults of a checkpoint's generation_config.json, such as Qwen2.5-VL's
# repetition penalty of 1.05. Pages are read greedily and without it, as the other engines do.
_GREEDY: dict[str, Any] = {"repetition_penalty": 1.0}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the servers of an endpoint are and can do, as `handshake` found it.

    Args:
        software: by the `owned_by` of their models, such as `vllm`; it may be any word.
        context_tokens: the most tokens of a prompt and its answer; None where they do not tell.
        gives_logprobs: whether they take a request for the tokens' probabilities.
        has_guard: whether they apply an n-gram guard that a request names.
    """

    software: str = ""
    context_tokens: int | None = None
    gives_logprobs: bool = True
    has_guard: bool = False


def guard_of(plan: Plan, dialect: Dialect) -> Guard | None:
    """The plan's n-gram guard, if the servers apply it."""
    return plan.guard if dialect.has_guard else None


def takes_sizes(plan: Plan, dialect: Dialect) -> bool:
    """Whether a request can choose the mode; else the server's settings decide."""
    return dialect.software == "vllm" and plan.profile.name not in _OWN_SIZES


def body(
    model: str,
    plan: Plan,
    dialect: Dialect,
    max_tokens: int,
    image_url: str | None = None,
    **others: object,
) -> bytes:
    """The JSON of a request; without an image it asks for the prompt alone."""
    messages: list[dict[str, object]] = [
        {"role": "user", "content": [{"type": "text", "text": plan.prompt}]}
    ]
    if image_url is not None:
        messages = plan.messages({"type": "image_url", "image_url": {"url": image_url}})
    request: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "max_tokens": max_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if dialect.software in _KNOWN:
        request |= _GREEDY | {"skip_special_tokens": not plan.profile.special_tokens}
    if dialect.gives_logprobs:
        request["logprobs"] = True
    if plan.profile.stop:
        request["stop"] = list(plan.profile.stop)
    if image_url is not None and takes_sizes(plan, dialect) and plan.mode.image_settings:
        request["mm_processor_kwargs"] = dict(plan.mode.image_settings)
    guard = guard_of(plan, dialect)
    if guard is not None:
        request["vllm_xargs"] = guard_arguments(guard)
    return json.dumps(request | others).encode()


def guard_arguments(guard: Guard) -> dict[str, object]:
    """The guard as vLLM's `NGramPerReqLogitsProcessor` takes it."""
    exempt = {"whitelist_token_ids": list(guard.exempt_ids)} if guard.exempt_ids else {}
    return {"ngram_size": guard.size, "window_size": guard.window, **exempt}


def page_url(page: PageImage, mode: Mode) -> str:
    """The page's image as a `data:` URL: its own bytes, or a PNG where the mode takes a smaller
    one. Raises OSError where the image is broken."""
    longest_px = mode.longest_edge_px
    if longest_px is None or max(page.width, page.height) <= longest_px:
        return _data_url(page.data)
    out = io.BytesIO()
    page_picture(page, mode).save(out, "PNG", compress_level=1)
    return _data_url(out.getvalue())


def blank_url(side_px: int = 448) -> str:
    """A white square: the smallest page that shows that a server takes images."""
    out = io.BytesIO()
    Image.new("RGB", (side_px, side_px), "white").save(out, "PNG")
    return _data_url(out.getvalue())


def _data_url(data: bytes) -> str:
    media_type = _MEDIA_TYPES.get(data[:2])
    if media_type is None:
        raise OSError(f"no JPEG, PNG or WebP: it begins with {data[:2]!r}")
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
