"""What runs inside vLLM's own processes: the n-gram guard, the loop cut, the watch on their owner.

vLLM imports `PageGuard` by its name in the process that samples. It acts on requests whose
`SamplingParams.extra_args` has the key `ARGUMENT`, made by `guard_arguments`. The rules themselves
are in `workers.engines.guards` and `workers.engines.loops`.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from vllm import SamplingParams
from vllm.v1.sample.logits_processor import AdapterLogitsProcessor

from workers.engines.guards import banned_tokens
from workers.engines.loops import CHECK_EVERY, find_loop
from workers.engines.profiles.profile import Guard

if TYPE_CHECKING:
    from vllm.config import VllmConfig

NAME = f"{__name__}:PageGuard"
"""The class's name for `vllm.LLM(logits_processors=...)`."""
ARGUMENT = "pagefoundry"
OWNER_PID = "PAGEFOUNDRY_ENGINE_OWNER"
"""The environment variable with the id of the process that vLLM's processes work for."""


def guard_arguments(
    guard: Guard | None, exempt: Iterable[int], end: int, script: Sequence[int] = ()
) -> dict[str, object]:
    """`SamplingParams.extra_args` for a page.

    `exempt` are tokens that may repeat freely, `end` is the token that ends an answer. The answer
    begins with the tokens of `script`, whatever the model would generate.
    """
    size, window = (guard.size, guard.window) if guard else (0, 0)
    values = {"size": size, "window": window, "exempt": sorted(exempt)}
    return {ARGUMENT: {**values, "end": end, "script": list(script)}}


@dataclass(frozen=True, slots=True)
class _Row:
    """The rules for one request; a `size` of 0 means no guard."""

    size: int
    window: int
    exempt: frozenset[int]
    end: int
    script: Sequence[int]

    def __call__(self, tokens: list[int], logits: torch.Tensor) -> torch.Tensor:
        """Change the `logits` (vocabulary,) of the token after `tokens`, the answer so far.

        Raises RuntimeError where vLLM hides the sampled tokens.
        """
        count = len(tokens)
        if count and tokens[-1] < 0:
            raise RuntimeError("vLLM hides sampled tokens from logits processors")
        if count < len(self.script):
            return _only(logits, self.script[count])
        if count and count % CHECK_EVERY == 0 and find_loop(tokens, self.exempt) >= 0:
            return _only(logits, self.end)
        if self.size and (banned := banned_tokens(tokens, self.size, self.window, self.exempt)):
            logits[list(banned)] = -float("inf")
        return logits


def _only(logits: torch.Tensor, token: int) -> torch.Tensor:
    logits.fill_(-float("inf"))
    logits[token] = 0
    return logits


class PageGuard(AdapterLogitsProcessor):  # type: ignore[misc]  # vLLM is not installed for mypy
    """The logits processor of all pages."""

    def __init__(self, vllm_config: VllmConfig, device: torch.device, is_pin_memory: bool) -> None:
        super().__init__(vllm_config, device, is_pin_memory)
        if OWNER_PID in os.environ:
            _end_with(int(os.environ[OWNER_PID]))

    def is_argmax_invariant(self) -> bool:
        """False: vLLM leaves invariant ones out of greedy decoding (its pull request 28617)."""
        return False

    def new_req_logits_processor(self, params: SamplingParams) -> _Row | None:
        """The rules for a request; None for one without `guard_arguments`."""
        values = (params.extra_args or {}).get(ARGUMENT)
        return None if values is None else _Row(**{**values, "exempt": frozenset(values["exempt"])})


def _end_with(owner: int) -> None:
    """End this process, and the engine core that it works for, as soon as `owner` has ended.

    vLLM's engine core outlives an owner that was killed. It would hold the GPU's memory, which the
    next replica needs.
    """
    if os.getpid() == owner:
        return
    core = os.getppid()
    watch = os.pidfd_open(owner)

    def wait() -> None:
        select.select([watch], [], [])
        if core != owner:
            os.kill(core, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=wait, name="owner-watch", daemon=True).start()
