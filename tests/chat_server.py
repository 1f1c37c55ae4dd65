"""A server of OpenAI's chat protocol for tests, as vLLM's: it "reads" an image by looking it up.

It counts what a test asserts on: requests in progress, refusals, answers of each image, aborts.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tests.loopback import Exchange, LoopbackServer

MODEL = "test/reader"
WRAPPING = 2
"""Tokens that the chat template writes around an image."""


def mark(image: bytes) -> str:
    """A word that stands for an image's bytes."""
    return hashlib.sha256(image).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Script:
    """What the model says: its tokens, and whether it then ends."""

    tokens: Sequence[str]
    ends: bool = True


Says = Callable[[bytes, Mapping[str, Any]], Script]


def says_mark(image: bytes, request: Mapping[str, Any]) -> Script:
    """A few words, the first of which is the image's mark."""
    return Script([mark(image), " was", " read", " here", "."])


class ChatServer(LoopbackServer):
    """Args:
    says: from an image's bytes and the request to the answer.
    image_tokens: from the width and height in pixels to the image's tokens in the prompt.
    at_once: requests beyond these in progress get 429; None for any number.
    queue: requests beyond `at_once` wait for their turn in silence instead.
    token_s: seconds between two tokens.
    interval: tokens of an event, as by vLLM's `--stream-interval`.
    software: the `owned_by` of its model.
    key: the key that requests must carry.
    has_guard: it runs vLLM's n-gram guard, which refuses an n-gram of no token.
    takes_logprobs: without, a request for them is refused.
    """

    def __init__(
        self,
        says: Says = says_mark,
        image_tokens: Callable[[int, int], int] = lambda width, height: 256,
        at_once: int | None = None,
        queue: bool = False,
        token_s: float = 0.0,
        interval: int = 1,
        software: str = "vllm",
        key: str | None = None,
        context_tokens: int | None = 32768,
        has_guard: bool = False,
        takes_logprobs: bool = True,
        model: str = MODEL,
    ) -> None:
        super().__init__()
        self.says = says
        self.image_tokens = image_tokens
        self.at_once = at_once
        self.queue = queue
        self.token_s = token_s
        self.interval = interval
        self.software = software
        self.key = key
        self.context_tokens = context_tokens
        self.has_guard = has_guard
        self.takes_logprobs = takes_logprobs
        self.model = model
        self.in_progress = 0
        self.most_in_progress = 0
        self.refused = 0
        self.aborted = 0
        self.tokens_made = 0
        self.finished: Counter[str] = Counter()
        self.requests: list[dict[str, Any]] = []
        self.levels: list[int] = []
        self._turns: asyncio.Semaphore | None = None

    def __enter__(self) -> ChatServer:
        super().__enter__()
        return self

    async def answer(self, exchange: Exchange) -> None:
        told = exchange.request.headers.get("authorization")
        if self.key is not None and told != f"Bearer {self.key}":
            # As OpenAI does, it repeats what it was given.
            await _refuse(exchange, 401, f"Incorrect API key provided: {told}")
        elif exchange.request.path == "/v1/models":
            await self._list(exchange)
        elif exchange.request.path == "/v1/chat/completions":
            await self._chat(exchange)
        else:
            await _refuse(exchange, 404, "Not Found")

    async def _list(self, exchange: Exchange) -> None:
        told = {"id": self.model, "object": "model", "owned_by": self.software}
        if self.context_tokens is not None:
            told["max_model_len"] = self.context_tokens  # type: ignore[assignment]
        await exchange.send(200, json.dumps({"object": "list", "data": [told]}).encode())

    async def _chat(self, exchange: Exchange) -> None:
        request = json.loads(exchange.request.body)
        problem = self._problem(request)
        if problem:
            await _refuse(exchange, 400, problem)
            return
        if self.at_once is not None and not self.queue and self.in_progress >= self.at_once:
            self.refused += 1
            await _refuse(exchange, 429, "too many requests")
            return
        self.in_progress += 1
        self.most_in_progress = max(self.most_in_progress, self.in_progress)
        self.levels.append(self.in_progress)
        self.requests.append(request)
        try:
            if self.queue:
                assert self.at_once is not None
                self._turns = self._turns or asyncio.Semaphore(self.at_once)
                async with self._turns:
                    await self._speak(exchange, request)
            else:
                await self._speak(exchange, request)
        except (asyncio.CancelledError, ConnectionError):
            self.aborted += 1
            raise
        finally:
            self.in_progress -= 1

    def _problem(self, request: Mapping[str, Any]) -> str:
        if request["model"] != self.model:
            return f"The model {request['model']} does not exist."
        if request.get("logprobs") and not self.takes_logprobs:
            return "logprobs are not supported"
        size = request.get("vllm_xargs", {}).get("ngram_size")
        if self.has_guard and size is not None and size <= 0:
            return f"`ngram_size` has to be a strictly positive integer, got {size}."
        needed = self._prompt_tokens(request) + request["max_tokens"]
        if self.context_tokens is not None and needed > self.context_tokens:
            return f"This model's maximum context length is {self.context_tokens} tokens."
        return ""

    async def _speak(self, exchange: Exchange, request: Mapping[str, Any]) -> None:
        images = list(_images(request))
        script = self.says(images[0], request) if images else Script(["Yes"])
        tokens = list(script.tokens)[: request["max_tokens"]]
        ends = script.ends and len(tokens) == len(script.tokens)
        await exchange.begin_stream()
        await self._send(exchange, {"role": "assistant", "content": ""}, None)
        for first in range(0, len(tokens), self.interval):
            group = tokens[first : first + self.interval]
            if self.token_s:
                await asyncio.sleep(self.token_s * len(group))
            self.tokens_made += len(group)
            listed = [{"token": token, "logprob": -0.1, "bytes": None} for token in group]
            told = {"content": listed} if request.get("logprobs") else None
            await self._send(exchange, {"content": "".join(group)}, told)
        await self._send(exchange, {"content": ""}, None, "stop" if ends else "length")
        if request.get("stream_options", {}).get("include_usage"):
            usage = {
                "prompt_tokens": self._prompt_tokens(request),
                "completion_tokens": len(tokens) + ends,
            }
            await exchange.send_chunk(_event({"choices": [], "usage": usage}))
        await exchange.send_chunk(b"data: [DONE]\n\n")
        if images and request["max_tokens"] > 1:
            self.finished[mark(images[0])] += 1
        await exchange.end_stream()

    async def _send(
        self,
        exchange: Exchange,
        delta: dict[str, str],
        logprobs: dict[str, Any] | None,
        finish: str | None = None,
    ) -> None:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        await exchange.send_chunk(_event({"choices": [choice], "usage": None}))

    def _prompt_tokens(self, request: Mapping[str, Any]) -> int:
        tokens = text_tokens(prompt_of(request))
        for image in _images(request):
            with Image.open(io.BytesIO(image)) as picture:
                tokens += self.image_tokens(*picture.size) + WRAPPING
        return tokens


def text_tokens(prompt: str) -> int:
    """A token a word, and three of the template."""
    return len(prompt.split()) + 3


def prompt_of(request: Mapping[str, Any]) -> str:
    """All text of the request, that of a system message too."""
    texts: list[str] = []
    for message in request["messages"]:
        content = message["content"]
        if isinstance(content, str):
            texts.append(content)
        else:
            texts += [part["text"] for part in content if part["type"] == "text"]
    return " ".join(texts)


def _images(request: Mapping[str, Any]) -> Iterator[bytes]:
    for part in request["messages"][-1]["content"]:
        if part["type"] == "image_url":
            yield base64.b64decode(part["image_url"]["url"].partition("base64,")[2])


def _event(told: Mapping[str, Any]) -> bytes:
    # Like pydantic's, this JSON escapes nothing that need not be: U+2028 stands as it is.
    return b"data: " + json.dumps(told, ensure_ascii=False).encode() + b"\n\n"


async def _refuse(exchange: Exchange, status: int, message: str) -> None:
    body = json.dumps({"error": {"message": message, "type": "error", "code": status}}).encode()
    headers = {"Retry-After": "0"} if status == 429 else {}
    await exchange.send(status, body, headers)
