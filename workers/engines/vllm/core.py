"""A checkpoint in vLLM: which releases are fit, how it is started, watched and ended.

vLLM 0.32 leaves two things to us. A call waits for ever for an engine core that was killed, so
`Loaded.watched` waits for the core's end too. And the core outlives a process that was killed, so
it is told whom it works for (`workers.engines.vllm.guard`). Settings are those that DeepSeek-OCR's
recipe in vLLM's documentation gives: no prefix cache and no cache of processed pictures, as no
page comes twice.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

from packaging.version import Version

from schemas.errors import EngineDied, ModelError, NoEngineError
from schemas.lines import first_line
from workers.engines.answers import token_ids
from workers.engines.checkpoint import Checkpoint

_OLDEST = Version("0.11.1")
"""The first release with pull request 28617; 0.11.0 does not know DeepSeek-OCR at all."""

_PROOF = (5, 3, 5, 5, 3)
"""Tokens that no model says of itself."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint in vLLM, shared by all engines that read with it.

    `processes` are vLLM's own, children of this one; `end` is a token that ends an answer.
    """

    checkpoint: Checkpoint
    llm: Any
    tokenizer: Any
    processes: Sequence[Any]
    end: int

    @property
    def image_token(self) -> int | None:
        """The placeholder of an image's tokens; None where the checkpoint does not say."""
        config = self.llm.model_config.hf_config
        for name in ("image_token_id", "image_token_index"):
            if isinstance(token := getattr(config, name, None), int):
                return token
        return next(iter(token_ids(self.tokenizer, ["<image>"])), None)

    def watched(self, call: Callable[[], Any]) -> Any:
        """The result of `call`, which waits for vLLM. Raises EngineDied once its core is gone."""
        from vllm.v1.engine.exceptions import EngineDeadError

        reader, writer = multiprocessing.Pipe(duplex=False)
        results: list[Any] = []
        errors: list[Exception] = []

        def run() -> None:
            try:
                results.append(call())
            except Exception as exc:  # noqa: BLE001 - raised again by the thread that waits
                errors.append(exc)
            finally:
                writer.close()

        thread = threading.Thread(target=run, name="vllm-call", daemon=True)
        thread.start()
        ends = [process.sentinel for process in self.processes]
        ready = connection.wait([reader, *ends])
        if reader not in ready:
            # The thread waits in vLLM for what will never come; it ends with this process.
            raise EngineDied("vLLM's engine core is gone")
        thread.join()
        reader.close()
        if not errors:
            return results[0]
        # A core that dies while it is given pages also shows as a socket that is closed.
        if isinstance(errors[0], EngineDeadError) or connection.wait(ends, timeout=0):
            raise EngineDied(f"vLLM's engine core is dead: {first_line(errors[0])}") from errors[0]
        raise errors[0]


def load_core(checkpoint: Checkpoint) -> Loaded:
    """Load `checkpoint` into a vLLM whose processes end with this one.

    Raises NoEngineError where vLLM is missing or unfit, ModelError where it cannot load it.
    """
    # The second model runner refuses logits processors of the first one's interface.
    os.environ["VLLM_USE_V2_MODEL_RUNNER"] = "0"
    os.environ["VLLM_NO_USAGE_STATS"] = "1"  # nothing is sent anywhere
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    try:
        import vllm
    except ImportError as exc:
        raise NoEngineError(
            f"engine.name: vllm is not installed ({exc}); install pagefoundry[vllm]"
        ) from exc
    check_version(vllm.__version__)
    return _start(checkpoint)


def _start(checkpoint: Checkpoint) -> Loaded:
    from vllm import LLM
    from vllm.platforms import current_platform

    from workers.engines.vllm import guard

    on_cpu = current_platform.is_cpu()
    os.environ[guard.OWNER_PID] = str(os.getpid())
    before = set(multiprocessing.active_children())
    try:
        llm = LLM(
            model=checkpoint.location,
            revision=checkpoint.commit,
            tokenizer_revision=checkpoint.commit,
            enable_prefix_caching=False,
            mm_processor_cache_gb=0,
            limit_mm_per_prompt={"image": 1, "video": 0},  # else memory is kept for a video
            logits_processors=[guard.NAME],
            seed=0,
            dtype="float32" if on_cpu else "bfloat16",  # as the transformers engine
            enforce_eager=on_cpu,  # compiling pays on a GPU only
        )
    except Exception as exc:
        raise ModelError(f"{checkpoint.location}: vLLM cannot load it: {first_line(exc)}") from exc
    tokenizer = llm.get_tokenizer()
    end = tokenizer.eos_token_id
    if end is None:
        raise NoEngineError(f"{checkpoint.location}: its tokenizer names no end token (eos_token)")
    processes = [one for one in multiprocessing.active_children() if one not in before]
    return Loaded(checkpoint, llm, tokenizer, processes, end)


def check_version(version: str) -> None:
    """Raises NoEngineError for a vLLM that would ignore the guard under greedy decoding."""
    if Version(version) < _OLDEST:
        raise NoEngineError(
            f"vLLM {version} ignores the n-gram guard at temperature 0; install {_OLDEST} or later"
        )


def prove_guard(loaded: Loaded) -> None:
    """Have the guard's class dictate an answer.

    So a release that calls it no longer, or hides what was sampled from it, is refused whatever
    its number is. Raises NoEngineError where vLLM says something else, ModelError where it says
    nothing.
    """
    from vllm import SamplingParams, __version__

    from workers.engines.vllm.guard import guard_arguments

    params = SamplingParams(
        temperature=0,
        max_tokens=len(_PROOF),
        ignore_eos=True,
        detokenize=False,
        extra_args=guard_arguments(None, (), loaded.end, _PROOF),
    )
    prompt = {"prompt_token_ids": [loaded.end]}
    try:
        [output] = loaded.watched(lambda: loaded.llm.generate([prompt], params, use_tqdm=False))
    except EngineDied as exc:
        raise ModelError(
            f"{loaded.checkpoint.location}: vLLM {__version__} ended at its first token; its log "
            "says why (VLLM_LOGGING_LEVEL=INFO)"
        ) from exc
    if tuple(output.outputs[0].token_ids) != _PROOF:
        raise NoEngineError(
            f"vLLM {__version__} leaves out the n-gram guard; install another release"
        )
