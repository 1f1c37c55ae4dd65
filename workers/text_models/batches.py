"""Runs texts through a model of transformers: in batches of like length, within memory and time.

Texts are sorted by their tokens, so that batches hold little padding, and a batch has as many as
fit a number of tokens. What the model gives of a text hardly depends on its batch (in the last bits
of a float); whoever uses it rounds it.

    texts = TextBatches.load(AutoModel, checkpoint, "float32", max_tokens=512)
    rows = texts.read(["A text."], outputs)       # a row of `outputs` for each text
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from schemas.errors import ModelError, NoEngineError
from schemas.lines import first_line
from workers.engines.checkpoint import Checkpoint
from workers.reading.deadlines import Deadlines

log = logging.getLogger(__name__)

_TOKENS_ON_GPU = 65_536
_TOKENS_ON_CPU = 4_096
"""The tokens of a batch, padding included: eight texts of 512 tokens on a CPU."""
_CHARS_PER_TOKEN = 12
"""Enough characters of a text that it nearly always has as many tokens as the model sees."""
_MARGIN = 16
"""Tokens at the end of a beginning of a text that may differ from those of the whole text."""

Row = npt.NDArray[np.float32]
Outputs = Callable[[PreTrainedModel, torch.Tensor, torch.Tensor], Sequence[Row] | Row]
"""What is wanted of a batch: of a model, ids and mask, both int64 (texts, longest), a row a text.

Called in inference mode; ids and mask are on the device of the model.
"""


@dataclass(slots=True)
class TextBatches:
    """A loaded model and its tokenizer. `read` is called by one thread at a time."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    max_tokens: int
    batch_tokens: int
    deadlines: Deadlines

    @staticmethod
    def load(
        kind: Any,
        checkpoint: Checkpoint,
        dtype: str,
        max_tokens: int,
        threads: int | None = None,
        text_timeout_s: float | None = None,
        unused: tuple[str, ...] = (),
    ) -> TextBatches:
        """Load a checkpoint, on a GPU if this process has one.

        Args:
            kind: a class of transformers, such as `AutoModel`.
            checkpoint: where it lies.
            dtype: the name of the numbers that it computes in.
            max_tokens: how many tokens of a text it sees.
            threads: None for all cores.
            text_timeout_s: see `workers.scores.settings.ScorerSettings`.
            unused: the beginnings of names of weights that may be missing, as nothing uses them.

        Raises NoEngineError where the files lack weights; ModelError where it cannot be loaded now.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        on_gpu = torch.cuda.is_available()
        model, tokenizer = _loaded(kind, checkpoint, getattr(torch, dtype), unused)
        model = model.to("cuda" if on_gpu else "cpu").eval()
        batch_tokens = _TOKENS_ON_GPU if on_gpu else _TOKENS_ON_CPU
        return TextBatches(model, tokenizer, max_tokens, batch_tokens, Deadlines(text_timeout_s))

    def read(self, texts: Sequence[str], outputs: Outputs) -> list[Row]:
        """A row of `outputs` for each text.

        Raises ModelError where the device has too little memory for a single text.
        """
        return self.read_tokens(self.tokens(texts), outputs)

    def read_tokens(self, tokens: Sequence[list[int]], outputs: Outputs) -> list[Row]:
        """A row of `outputs` for each list of tokens. Raises ModelError as `read` does."""
        rows: list[Row] = [np.zeros(0, np.float32)] * len(tokens)
        for places in self._batches(np.array([len(ids) for ids in tokens], np.int64)):
            batch = self._read([tokens[place] for place in places], outputs)
            for place, row in zip(places, batch, strict=True):
                rows[place] = row
        return rows

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text that the model sees."""
        tokens = self._cut(self._beginnings(texts), self.max_tokens)
        # A model without marks of its own has no token for a text of spaces.
        return [ids or [self.tokenizer.pad_token_id] for ids in tokens]

    def _beginnings(self, texts: Sequence[str]) -> list[str]:
        """Of each text a beginning that has enough tokens: no book is cut into tokens whole."""
        beginnings = list(texts)
        chars, enough = self.max_tokens * _CHARS_PER_TOKEN, self.max_tokens + _MARGIN
        long = [place for place, text in enumerate(texts) if len(text) > chars]
        while long:
            for place in long:
                end = texts[place].find(" ", chars)
                beginnings[place] = texts[place][: end if end >= 0 else None]
            tokens = self._cut([beginnings[place] for place in long], enough)
            long = [
                place
                for place, ids in zip(long, tokens, strict=True)
                if len(ids) < enough and len(beginnings[place]) < len(texts[place])
            ]
            chars *= 2
        return beginnings

    def _cut(self, texts: Sequence[str], most_tokens: int) -> list[list[int]]:
        """The texts as tokens, no more than `most_tokens` each, with the model's own marks."""
        if not texts:
            return []
        cut = self.tokenizer(list(texts), truncation=True, max_length=most_tokens)
        return [list(ids) for ids in cut["input_ids"]]

    def _batches(self, lengths: npt.NDArray[np.int64]) -> Iterator[list[int]]:
        """Places of texts of like length, the longest first: memory fails at once or never."""
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            count = max(1, self.batch_tokens // int(lengths[order[start]]))
            yield order[start : start + count].tolist()
            start += count

    def _read(self, tokens: Sequence[list[int]], outputs: Outputs) -> list[Row]:
        try:
            with self.deadlines.call(len(tokens)):
                return self._rows(tokens, outputs)
        except torch.OutOfMemoryError as exc:
            torch.cuda.empty_cache()
            if len(tokens) == 1:
                raise ModelError(
                    f"the device has too little memory for a text of {len(tokens[0])} tokens; set "
                    "a smaller `max_tokens`, or `dtype: bfloat16`"
                ) from exc
            log.info("a batch of %d texts does not fit the device; it is halved", len(tokens))
            self.batch_tokens = max(1, self.batch_tokens // 2)
            half = len(tokens) // 2
            return self._read(tokens[:half], outputs) + self._read(tokens[half:], outputs)

    @torch.inference_mode()
    def _rows(self, tokens: Sequence[list[int]], outputs: Outputs) -> list[Row]:
        # ids, mask: int64 (texts, longest)
        batch = self.tokenizer.pad({"input_ids": list(tokens)}, return_tensors="pt")
        device = self.model.device
        ids, mask = batch["input_ids"].to(device), batch["attention_mask"].to(device)
        return list(outputs(self.model, ids, mask))


def _loaded(
    kind: Any, checkpoint: Checkpoint, dtype: torch.dtype, unused: tuple[str, ...]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    try:
        model, told = kind.from_pretrained(
            checkpoint.location,
            revision=checkpoint.commit,
            dtype=dtype,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(
            checkpoint.location, revision=checkpoint.commit, trust_remote_code=False
        )
    except (OSError, ValueError, ImportError, RuntimeError, KeyError) as exc:
        # The Hub may answer later and a device may get free memory; a folder stays as it is.
        is_from_hub = isinstance(exc, OSError) and checkpoint.commit is not None
        kind_of_error = (
            ModelError if is_from_hub or isinstance(exc, RuntimeError) else NoEngineError
        )
        raise kind_of_error(f"{checkpoint.location} cannot be loaded: {first_line(exc)}") from exc
    if missing := {name for name in told["missing_keys"] if not name.startswith(unused)}:
        # transformers would draw them at random.
        some = ", ".join(sorted(missing)[:3])
        raise NoEngineError(
            f"{checkpoint.location}: its files lack {len(missing)} weights of the model ({some}); "
            "fetch the checkpoint again"
        )
    if tokenizer.pad_token is None:  # any token will do, since padding is masked
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    tokenizer.padding_side = "right"
    return model, tokenizer
