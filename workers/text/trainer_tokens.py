"""Counts in the trainer's own tokens: a tokenizer of the recipe, found, loaded and asked.

    found = find_tokenizer(recipe.tokenizer)
    count = load_counter(found.data, found.name)
    count(["A text.", "Another one."])

What is counted is the text alone: no begin or end marks, padding or cutting. Does not say which
rows are counted (`pipelines.version.trainer_tokens`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import ModelError, RequestError, SourceError
from schemas.lines import first_line
from schemas.tokenizer import Tokenizer
from workers import store
from workers.text.measures import tekken_encoding

Count = Callable[[Sequence[str]], list[int]]
"""How many tokens each of some texts has."""

_FILE = "tokenizer.json"
_FORMS = (
    "give a `tokenizer.json` (`tokenizer.save(...)` of `tokenizers`, `save_pretrained` of "
    "`transformers`) or a `tekken.json`"
)


@dataclass(frozen=True, slots=True)
class TokenizerFile:
    """The bytes of a tokenizer, and its name: `FILE@DIGEST`, or `HUB-ID@COMMIT`.

    The same name always stands for the same counts.
    """

    name: str
    data: bytes


def name_of(settings: Tokenizer) -> str:
    """The tokenizer's name. A file is read for it; the Hub is not asked."""
    if settings.revision is not None:
        return f"{settings.model}@{settings.revision}"
    return find_tokenizer(settings).name


def find_tokenizer(settings: Tokenizer) -> TokenizerFile:
    """The tokenizer that the recipe names.

    Raises SourceError where it is not there, ModelError where the Hub does not answer.
    """
    if settings.revision is not None:
        return TokenizerFile(name_of(settings), _from_hub(str(settings.model), settings.revision))
    uri = settings.file
    if uri is None:
        folder = Path(str(settings.model))
        if not folder.is_dir():
            raise SourceError(
                f"tokenizer.model: {settings.model} is no folder here; for a Hub id give its "
                "commit as `revision`, so that the dataset can be made again"
            )
        uri = str(folder / _FILE)
    uri = store.absolute(uri)
    try:
        data = store.read_bytes(uri)
    except (FileNotFoundError, IsADirectoryError) as exc:
        raise SourceError(f"tokenizer: there is no file {uri}; {_FORMS}") from exc
    digest = hashlib.sha256(data).hexdigest()[:16]
    return TokenizerFile(f"{uri.rpartition('/')[2]}@{digest}", data)


def _from_hub(model: str, revision: str) -> bytes:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(hf_hub_download(model, _FILE, revision=revision)).read_bytes()
    except (HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError, ValueError) as exc:
        may_pass = isinstance(exc, LocalEntryNotFoundError)
        raise (ModelError if may_pass else SourceError)(
            f"tokenizer.model: {_FILE} of {model} at {revision} cannot be fetched from the Hub: "
            f"{first_line(exc)}; name another commit, or download it and give its `file`"
        ) from exc


def require_counter(settings: Tokenizer) -> str:
    """Count with the tokenizer once, and say its name. Raises RequestError where that fails."""
    found = find_tokenizer(settings)
    load_counter(found.data, found.name)(["A text."])
    return found.name


def load_counter(data: bytes, name: str) -> Count:
    """A function that counts with a tokenizer's file. Raises RequestError where it is none."""
    try:
        written = json.loads(data)
    except ValueError as exc:
        raise RequestError(f"tokenizer: {name} is no JSON: {first_line(exc)}; {_FORMS}") from exc
    if not isinstance(written, dict):
        raise RequestError(f"tokenizer: {name} is no tokenizer; {_FORMS}")
    try:
        if {"config", "vocab"} <= written.keys():
            encoding = tekken_encoding(written, name)
            return lambda texts: [len(encoding.encode_ordinary(text)) for text in texts]
        return _of_tokenizers(data.decode())
    # Each library has errors of its own for a file that it does not take, some without a class.
    except Exception as exc:
        raise RequestError(
            f"tokenizer: {name} is no tokenizer that can be loaded: {first_line(exc)}; {_FORMS}"
        ) from exc


def _of_tokenizers(written: str) -> Count:
    from tokenizers import Tokenizer as Tokens

    tokens = Tokens.from_str(written)
    tokens.no_padding()
    tokens.no_truncation()
    # One text at a time, since a batch takes every core of the machine and a task has one; as a
    # batch, since `encode` takes a third longer to say where each token stands.
    return lambda texts: [
        len(encoded)
        for text in texts
        for encoded in tokens.encode_batch_fast([text], add_special_tokens=False)
    ]
