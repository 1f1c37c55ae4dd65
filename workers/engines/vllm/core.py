"""A checkpoint in vLLM: which releases are accepted, how it is loaded and watched.

vLLM 0.32 runs the model in a process of its own, the engine core, and leaves two failures to us:

- If the core is killed, a call waits for ever. So `Loaded.watched` also waits for the core's end.
- If the process that loaded vLLM is killed, the core lives on. So the core is given that process's
  id and ends with it (`workers.engines.vllm.guard`).

Settings are those of DeepSeek-OCR's recipe in vLLM's documentation: no prefix cache and no cache of
processed pictures, since no page comes twice.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import connection
from typing import TYPE_CHECKING, TypeVar

from packaging.version import Version

from schemas.errors import EngineDied, ModelError, NoEngineError
from schemas.lines import first_line
from workers.engines.answers import token_ids
from workers.engines.checkpoint import Checkpoint
from workers.engines.profiles.profile import Mode
from workers.engines.vllm import sizes

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from transformers import PreTrainedTokenizerBase
    from vllm import LLM

Result = TypeVar("Result")

_OLDEST = Version("0.11.1")
"""The first release with pull request 28617; 0.11.0 has no DeepSeek-OCR at all."""

_PROOF = (5, 3, 5, 5, 3)
"""Tokens that no model generates by itself."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint in vLLM, shared by all engines that read with it.

    `processes` are vLLM's, children of this one; `end` is a token that ends an answer.
    """

    checkpoint: Checkpoint
    llm: LLM
    tokenizer: PreTrainedTokenizerBase
    processes: Sequence[BaseProcess]
    end: int

    @property
    def image_token(self) -> int | None:
        """The token that stands for each of an image's tokens; None where none is known."""
        config = self.llm.model_config.hf_config
        for name in ("image_token_id", "image_token_index"):
            if isinstance(token := getattr(config, name, None), int):
                return token
        return next(iter(token_ids(self.tokenizer, ["<image>"])), None)

    def watched(self, call: Callable[[], Result]) -> Result:
        """The result of `call`, which waits for vLLM. Raises EngineDied if the core ends."""
        from vllm.v1.engine.exceptions import EngineDeadError

        reader, writer = multiprocessing.Pipe(duplex=False)
        results: list[Result] = []
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
            # The thread waits in vLLM for ever; as a daemon it ends with this process.
            raise EngineDied("vLLM's engine core has ended; its log says why")
        thread.join()
        reader.close()
        if not errors:
            return results[0]
        # If the core dies while pages are sent to it, vLLM raises the error of a closed socket.
        if isinstance(errors[0], EngineDeadError) or connection.wait(ends, timeout=0):
            raise EngineDied(f"vLLM's engine core died: {first_line(errors[0])}") from errors[0]
        raise errors[0]


def load_core(checkpoint: Checkpoint, mode: Mode) -> Loaded:
    """Load `checkpoint` into a vLLM whose processes end with this one.

    `mode` is fixed from here on where vLLM has the sizes as constants.

    Raises NoEngineError where vLLM is missing or too old, ModelError where it cannot load the
    checkpoint.
    """
    # vLLM's second model runner refuses logits processors written for the first, such as ours.
    os.environ["VLLM_USE_V2_MODEL_RUNNER"] = "0"
    os.environ["VLLM_NO_USAGE_STATS"] = "1"  # nothing is sent anywhere
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    try:
        import vllm
    except ImportError as exc:
        raise NoEngineError(
            f"engine.name: vllm is not installed here ({exc}); install pagefoundry[vllm]"
        ) from exc
    check_version(vllm.__version__)
    return _start(checkpoint, mode)


def has_fixed_mode(checkpoint: Checkpoint) -> bool:
    """Whether all pages must be read in the mode that the checkpoint was loaded for."""
    return sizes.ARCHITECTURE in checkpoint.architectures


def _start(checkpoint: Checkpoint, mode: Mode) -> Loaded:
    from vllm import LLM
    from vllm.platforms import current_platform

    from workers.engines.vllm import guard

    on_cpu = current_platform.is_cpu()
    is_fixed = has_fixed_mode(checkpoint)
    if is_fixed:
        sizes.set_sizes(mode)
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
            worker_extension_cls=sizes.NAME if is_fixed else "",
            seed=0,
            dtype="float32" if on_cpu else "bfloat16",  # as the transformers engine
            enforce_eager=on_cpu,  # compiling is worth its time only on a GPU
        )
    except Exception as exc:
        raise ModelError(f"{checkpoint.location}: vLLM cannot load it: {first_line(exc)}") from exc
    tokenizer = llm.get_tokenizer()
    end = tokenizer.eos_token_id
    if end is None:
        raise NoEngineError(
            f"{checkpoint.location}: the tokenizer has no end token; name it as `eos_token` in "
            "tokenizer_config.json"
        )
    processes = [child for child in multiprocessing.active_children() if child not in before]
    return Loaded(checkpoint, llm, tokenizer, processes, end)


def check_version(version: str) -> None:
    """Raises NoEngineError for a vLLM that would ignore the guard under greedy decoding."""
    if Version(version) < _OLDEST:
        raise NoEngineError(
            f"vLLM {version} ignores the n-gram guard at temperature 0; install {_OLDEST} or later"
        )


def prove_guard(loaded: Loaded) -> None:
    """Prove that vLLM calls our guard: let it dictate an answer, and compare.

    So a release that does not call it, or hides the sampled tokens from it, is refused whatever
    its number is. Raises NoEngineError where the answer differs, ModelError where vLLM ends.
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
            f"{loaded.checkpoint.location}: vLLM {__version__} ended at its first token; set "
            "VLLM_LOGGING_LEVEL=INFO and read its log"
        ) from exc
    if tuple(output.outputs[0].token_ids) != _PROOF:
        raise NoEngineError(
            f"vLLM {__version__} leaves out the n-gram guard; install another release"
        )
