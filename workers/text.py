"""Facts about a text: clean characters, token counts, language. Pure but for loading vocabularies.

Signatures of a text are made in `workers.signatures`, its quality in `workers.quality`.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from pathlib import Path

from mistral_common.tokens.tokenizers.tekken import Tekkenizer
from py3langid.langid import MODEL_FILE, LanguageIdentifier

TOKENIZER = "tekken_240911"
"""The fixed tokenizer of `text_tokens`: mistral-common's, 131,072 entries, in its wheel."""

_LANGUAGE_CHARS = 2000  # more text does not change the answer and costs time
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """`text` without what breaks consumers: control characters, lone surrogates, outer space."""
    return _CONTROL.sub("", _LINE_END.sub("\n", text)).strip()


@functools.cache
def _tokenizer() -> Tekkenizer:
    data = importlib.resources.files("mistral_common") / "data" / f"{TOKENIZER}.json"
    return Tekkenizer.from_file(Path(str(data)))


def count_tokens(text: str) -> int:
    """Text tokens of `text`, without begin or end marks."""
    return len(_tokenizer().encode(text, bos=False, eos=False))


@functools.cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def language(text: str) -> tuple[str, float]:
    """ISO 639-1 code and probability of the text's language; `und`, 0.0 without letters."""
    sample = text[:_LANGUAGE_CHARS]
    if not any(char.isalpha() for char in sample):
        return "und", 0.0
    code, score = _identifier().classify(sample)
    return str(code), float(score)
