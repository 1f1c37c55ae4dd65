"""A checkpoint in vLLM: which releases are accepted, how it is loaded and watched.

vLLM 0.32 runs the model in a process of its own, the engine core, and leaves two failures to us:

- If the core is killed, a call may wait for ever. So `Stream` also waits for the core's end.
- If the process that loaded vLLM is killed, the core lives on. So the core is given that process's
  id and ends with it (`workers.engines.vllm.guard`).

Settings are those of DeepSeek-OCR's recipe in vLLM's documentation: no prefix cache and no cache of
processed pictures, since no page comes twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from schemas.errors import EngineDied, ModelError, NoEngineError
from schemas.lines import first_line
from workers.engines.answers import token_ids
from workers.engines.checkpoint import Checkpoint
from workers.engines.profiles.profile import Mode
from workers.engines.vllm import sizes
from workers.engines.vllm.stream import Question, Stream

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_OLDEST = Version("0.32")
"""The release whose asynchronous engine and renderers this was written for and tried with."""

_DOTS_OCR = "DotsOCRForCausalLM"
_PROOF = (5, 3, 5, 5, 3)
"""Tokens that no model generates by itself."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint in vLLM, shared by all engines that read with it.

    `end` is a token that ends an answer.
    """

    checkpoint: Checkpoint
    stream: Stream
    tokenizer: PreTrainedTokenizerBase
    end: int

    @property
    def image_token(self) -> int | None:
        """The token that stands for each of an image's tokens; None where none is known."""
        config = self.stream.llm.model_config.hf_config
        for name in ("image_token_id", "image_token_index"):
            if isinstance(token := getattr(config, name, None), int):
                return token
        return next(iter(token_ids(self.tokenizer, ["<image>"])), None)


def load_core(
    checkpoint: Checkpoint, mode: Mode, batch_pages: int, has_stats: bool = False
) -> Loaded:
    """Load `checkpoint` into a vLLM that reads `batch_pages` pages at once and ends with us.

    `mode` is fixed from here on where vLLM has the sizes as constants. With `has_stats` it counts
    its steps.

    Raises NoEngineError where vLLM is missing or too old, ModelError where it cannot load the
    checkpoint.
    """
    with _variables_kept():
        return _load(checkpoint, mode, batch_pages, has_stats)


@contextmanager
def _variables_kept() -> Iterator[None]:
    """Take back the environment variables that vLLM sets for the processes that it starts.

    Its `LD_PRELOAD` and `RAY_CLIENT_MODE` would act on a Ray that this process starts later, and
    the owner's id on the engines of that Ray's replicas.
    """
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _load(checkpoint: Checkpoint, mode: Mode, batch_pages: int, has_stats: bool) -> Loaded:
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
    return _start(checkpoint, mode, batch_pages, has_stats)


def has_fixed_mode(checkpoint: Checkpoint) -> bool:
    """Whether all pages must be read in the mode that the checkpoint was loaded for."""
    return sizes.ARCHITECTURE in checkpoint.architectures


def _register_dots() -> None:
    """Raises NoEngineError where vLLM is of a release that is built otherwise."""
    try:
        import workers.engines.vllm.dots  # noqa: F401 - registers
    except (ImportError, AttributeError, TypeError) as exc:
        raise NoEngineError(
            f"vLLM cannot load dots.ocr without code of the checkpoint: {first_line(exc)}; install "
            f"vLLM {_OLDEST} and all that it requires"
        ) from exc


def _start(checkpoint: Checkpoint, mode: Mode, batch_pages: int, has_stats: bool) -> Loaded:
    from vllm import AsyncEngineArgs
    from vllm.platforms import current_platform

    from workers.engines.vllm import guard

    on_cpu = current_platform.is_cpu()
    is_fixed = has_fixed_mode(checkpoint)
    if is_fixed:
        sizes.set_sizes(mode)
    if _DOTS_OCR in checkpoint.architectures:
        _register_dots()
    os.environ[guard.OWNER_PID] = str(os.getpid())
    try:
        arguments = AsyncEngineArgs(
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
            max_num_seqs=batch_pages,
            disable_log_stats=not has_stats,
        )
        stream = Stream(arguments)
    except Exception as exc:
        raise ModelError(f"{checkpoint.location}: vLLM cannot load it: {first_line(exc)}") from exc
    tokenizer = stream.llm.get_tokenizer()
    end = tokenizer.eos_token_id
    if end is None:
        raise NoEngineError(
            f"{checkpoint.location}: the tokenizer has no end token; name it as `eos_token` in "
            "tokenizer_config.json"
        )
    return Loaded(checkpoint, stream, tokenizer, end)


def check_version(version: str) -> None:
    """Raises NoEngineError for a vLLM that prepares prompts in another way."""
    if Version(version) < _OLDEST:
        raise NoEngineError(f"vLLM {version} is too old; install {_OLDEST} or later")


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
    question = Question(lambda: {"prompt_token_ids": [loaded.end]}, params)
    try:
        [output] = loaded.stream.ask([question])
    except EngineDied as exc:
        raise ModelError(
            f"{loaded.checkpoint.location}: vLLM {__version__} ended at its first token; set "
            "VLLM_LOGGING_LEVEL=INFO and read its log"
        ) from exc
    if isinstance(output, Exception):
        location = loaded.checkpoint.location
        raise ModelError(f"{location}: vLLM {__version__} cannot answer: {first_line(output)}")
    if tuple(output.outputs[0].token_ids) != _PROOF:
        raise NoEngineError(
            f"vLLM {__version__} leaves out the n-gram guard; install another release"
        )
