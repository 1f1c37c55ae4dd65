"""The model of a score: texts in, one number a text out, in batches of texts of like length.

Texts are sorted by their tokens, so that batches hold little padding, and a batch has as many as
fit a number of tokens. A text's value hardly depends on its batch (in the last bits of a float); it
is rounded to four decimals, a probability or perplexity to four digits, so that almost no value
does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from schemas.errors import ModelError, NoEngineError
from schemas.lines import first_line
from workers.engines.checkpoint import Checkpoint, find_checkpoint
from workers.reading.deadlines import Deadlines
from workers.scores.head import Head, head_of
from workers.scores.perplexity import Perplexity
from workers.scores.settings import ScorerSettings

ModelClass = type[AutoModelForCausalLM] | type[AutoModelForSequenceClassification]
ValuesOf = Callable[[torch.Tensor, torch.Tensor], npt.NDArray[np.float32]]
"""The value of each text of a batch, by its tokens and their mask: int64 (texts, longest)."""

log = logging.getLogger(__name__)

_TOKENS_ON_GPU = 65_536
_TOKENS_ON_CPU = 4_096
"""The tokens of a batch, padding included: eight texts of 512 tokens on a CPU."""
_CHARS_PER_TOKEN = 12
"""Enough characters of a text that it nearly always has as many tokens as the model sees."""
_MARGIN = 16
"""Tokens at the end of a beginning of a text that may differ from those of the whole text."""


def load(settings: ScorerSettings) -> TextScorer:
    """See `workers.scores.load.load_scorer`."""
    score = settings.score.score
    checkpoint = find_checkpoint(score, f"score {score.name}")
    if checkpoint.revision != settings.score.revision:
        raise NoEngineError(
            f"score {score.name}: {score.model} has other files on this machine than where the run "
            "began; copy the same checkpoint to all machines"
        )
    head = head_of(score, checkpoint.config)
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    on_gpu = torch.cuda.is_available()
    made_as = AutoModelForCausalLM if score.perplexity else AutoModelForSequenceClassification
    model, tokenizer = _loaded(checkpoint, made_as, getattr(torch, score.dtype))
    model = model.to("cuda" if on_gpu else "cpu").eval()
    batch_tokens = _TOKENS_ON_GPU if on_gpu else _TOKENS_ON_CPU
    values_of: ValuesOf = Outputs(model, head)
    if head.reading == "perplexity":
        values_of = perplexity = Perplexity(model)
        batch_tokens = min(batch_tokens, perplexity.most_tokens or batch_tokens)
    deadlines = Deadlines(settings.text_timeout_s)
    return TextScorer(
        values_of, tokenizer, model.device, score.max_tokens, batch_tokens, head, deadlines
    )


def _loaded(
    checkpoint: Checkpoint, made_as: ModelClass, dtype: torch.dtype
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    try:
        model, told = made_as.from_pretrained(
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
        kind = ModelError if is_from_hub or isinstance(exc, RuntimeError) else NoEngineError
        raise kind(f"{checkpoint.location} cannot be loaded: {first_line(exc)}") from exc
    if missing := set(told["missing_keys"]):
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


class Outputs:
    """One output of a classifier for each text of a batch."""

    def __init__(self, model: PreTrainedModel, head: Head) -> None:
        self._model = model
        self._head = head

    @torch.inference_mode()
    def __call__(self, ids: torch.Tensor, mask: torch.Tensor) -> npt.NDArray[np.float32]:
        """See `ValuesOf`."""
        # outputs: float32 (texts, labels)
        outputs = self._model(input_ids=ids, attention_mask=mask).logits.float()
        if self._head.reading == "softmax":
            outputs = torch.softmax(outputs, dim=-1)
        elif self._head.reading == "sigmoid":
            outputs = torch.sigmoid(outputs)
        return np.asarray(outputs[:, self._head.output].cpu().numpy())


class TextScorer:
    """A loaded model. `score` is called by one thread at a time."""

    def __init__(
        self,
        values_of: ValuesOf,
        tokenizer: PreTrainedTokenizerBase,
        device: torch.device,
        max_tokens: int,
        batch_tokens: int,
        head: Head,
        deadlines: Deadlines,
    ) -> None:
        self._values_of = values_of
        self._tokenizer = tokenizer
        self._device = device
        self._max_tokens = max_tokens
        self._batch_tokens = batch_tokens
        self._head = head
        self._deadlines = deadlines

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The value of each text: float32 (texts,); NaN where the model gives no number.

        Raises ModelError where the device has too little memory for a single text.
        """
        tokens = self._tokens(texts)
        lengths = np.array([len(ids) for ids in tokens], np.int64)
        values = np.zeros(len(texts), np.float32)
        for places in self._batches(lengths):
            values[places] = self._score([tokens[place] for place in places.tolist()])
        return np.where(np.isfinite(values), values, np.float32(np.nan))

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text that the model sees."""
        tokens = self._cut(self._beginnings(texts), self._max_tokens)
        # A model without marks of its own has no token for a text of spaces.
        return [ids or [self._tokenizer.pad_token_id] for ids in tokens]

    def _beginnings(self, texts: Sequence[str]) -> list[str]:
        """Of each text a beginning that has enough tokens: no book is cut into tokens whole."""
        beginnings = list(texts)
        chars, enough = self._max_tokens * _CHARS_PER_TOKEN, self._max_tokens + _MARGIN
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
        cut = self._tokenizer(list(texts), truncation=True, max_length=most_tokens)
        return [list(ids) for ids in cut["input_ids"]]

    def _batches(self, lengths: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
        """Places of texts of like length, the longest first: memory fails at once or never."""
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            count = max(1, self._batch_tokens // int(lengths[order[start]]))
            yield order[start : start + count]
            start += count

    def _score(self, tokens: Sequence[list[int]]) -> npt.NDArray[np.float32]:
        try:
            with self._deadlines.call(len(tokens)):
                return self._values(tokens)
        except torch.OutOfMemoryError as exc:
            torch.cuda.empty_cache()
            if len(tokens) == 1:
                raise ModelError(
                    f"the device has too little memory for a text of {len(tokens[0])} tokens; set "
                    "a smaller `max_tokens`, or `dtype: bfloat16`"
                ) from exc
            log.info("a batch of %d texts does not fit the device; it is halved", len(tokens))
            self._batch_tokens = max(1, self._batch_tokens // 2)
            half = len(tokens) // 2
            return np.concatenate([self._score(tokens[:half]), self._score(tokens[half:])])

    def _values(self, tokens: Sequence[list[int]]) -> npt.NDArray[np.float32]:
        # ids, mask: int64 (texts, longest)
        batch = self._tokenizer.pad({"input_ids": list(tokens)}, return_tensors="pt")
        ids, mask = (batch[name].to(self._device) for name in ("input_ids", "attention_mask"))
        values = self._values_of(ids, mask)
        return values.round(4) if self._head.reading == "raw" else _four_digits(values)


def _four_digits(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Values rounded to four digits, so that small ones can still be ranked."""
    return np.array([float(f"{value:.4g}") for value in values.tolist()], np.float32)
