"""vLLM's asynchronous engine in a thread of its own: any thread asks it, and pages share its batch.

Pages are admitted in the order of their calls, a few more than the batch has places: their pictures
are decoded and prepared on threads beside the engine. A page that ends gives its place to the next,
whichever call that is of. The engine core is another process; where it ends, all calls do.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import multiprocessing
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

from schemas.errors import EngineDied
from workers.loop_thread import LoopThread

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from vllm import AsyncEngineArgs, RequestOutput, SamplingParams

Chat = Sequence[Mapping[str, Any]]
"""The messages of a chat, as vLLM takes them."""

_AHEAD = 32
"""Pages that are prepared while the batch is full: each holds its picture, about 10 MB."""


@dataclass(frozen=True, slots=True)
class Question:
    """What vLLM is asked: a `Chat`, which the checkpoint's template makes a prompt of, or a prompt
    as it is. `prompt` makes it, in a thread, when the page is admitted. `settings` are those of the
    image processor."""

    prompt: Callable[[], Chat | Mapping[str, Any]]
    params: SamplingParams
    settings: Mapping[str, Any] = field(default_factory=dict)


class Stream:
    """A loaded engine. `processes` are vLLM's, children of this one."""

    def __init__(self, arguments: AsyncEngineArgs) -> None:
        from vllm.v1.engine.async_llm import AsyncLLM

        before = set(multiprocessing.active_children())
        self.llm = AsyncLLM.from_engine_args(arguments)
        self.processes: Sequence[BaseProcess] = [
            child for child in multiprocessing.active_children() if child not in before
        ]
        self._numbers: Iterator[int] = itertools.count()
        self._thread = LoopThread("vllm-loop")
        self._ended = self._thread.loop.create_future()
        batch_pages = self.llm.vllm_config.scheduler_config.max_num_seqs
        self._places = asyncio.Semaphore(batch_pages + _AHEAD)
        threading.Thread(target=self._watch, name="vllm-watch", daemon=True).start()
        atexit.register(self.close)

    def ask(self, questions: Sequence[Question]) -> list[RequestOutput | Exception]:
        """The last output of each question, or why it has none, in the order of the questions.

        Raises EngineDied where the engine core has ended.
        """
        return self._thread.submit(self._ask_all(questions)).result()

    def close(self) -> None:
        """End vLLM's processes and our thread; nothing can be asked any more.

        Done at the end of this process by itself: vLLM's own end comes too late then, and prints.
        """
        if self._thread.loop.is_closed():
            return
        context = self.llm.engine_core.resources.ctx
        self._thread.submit(self._shut_down()).result()
        self._thread.end()
        context.destroy(linger=0)
        del self.llm
        atexit.unregister(self.close)

    async def _shut_down(self) -> None:
        self.llm.shutdown()

    def _watch(self) -> None:
        connection.wait([process.sentinel for process in self.processes])
        with suppress(RuntimeError):  # `close` has ended the loop
            self._thread.loop.call_soon_threadsafe(self._ended.set_result, None)

    async def _ask_all(self, questions: Sequence[Question]) -> list[RequestOutput | Exception]:
        answers = asyncio.gather(*map(self._ask, questions), return_exceptions=True)
        await asyncio.wait([answers, self._ended], return_when=asyncio.FIRST_COMPLETED)
        if self._ended.done():
            # What vLLM still awaits of its core never comes; the process ends with these tasks.
            raise EngineDied("vLLM's engine core has ended; its log says why")
        return [_told(answer) for answer in answers.result()]

    async def _ask(self, question: Question) -> RequestOutput:
        async with self._places:
            prompt = await self._rendered(question)
            number = str(next(self._numbers))
            outputs = [out async for out in self.llm.generate(prompt, question.params, number)]
            return outputs[-1]

    async def _rendered(self, question: Question) -> Any:
        """The prompt's tokens and its processed picture, as vLLM's own `LLM` makes them."""
        from vllm.renderers import ChatParams
        from vllm.renderers.inputs.preprocess import parse_model_prompt

        renderer = self.llm.renderer
        settings = dict(question.settings) or None
        extras = {"mm_processor_kwargs": settings} if settings else None
        prompt = await asyncio.to_thread(question.prompt)
        if isinstance(prompt, Mapping):
            parsed = parse_model_prompt(self.llm.model_config, prompt)
            [rendered] = await renderer.render_cmpl_async([parsed], prompt_extras=extras)
            return rendered
        template = {"add_generation_prompt": True, "continue_final_message": False}
        _, [rendered] = await renderer.render_chat_async(
            [list(prompt)],
            ChatParams(chat_template_kwargs=template, mm_processor_kwargs=settings),
            renderer.default_chat_tok_params.with_kwargs(add_special_tokens=False),
            prompt_extras=extras,
        )
        return rendered


def _told(answer: RequestOutput | BaseException) -> RequestOutput | Exception:
    """The answer; an exception that no page can cause is raised."""
    from vllm.v1.engine.exceptions import EngineDeadError

    if isinstance(answer, EngineDeadError):
        raise EngineDied("vLLM's engine core died; its log says why") from answer
    if isinstance(answer, BaseException) and not isinstance(answer, Exception):
        raise answer
    return answer
