"""What a checkpoint must have that reads texts, and which one it is. Loads no model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from schemas.errors import NoEngineError
from workers.engines.checkpoint import Checkpoint, find_checkpoint


class Named(Protocol):
    """What names a checkpoint in a recipe."""

    @property
    def model(self) -> str:
        """A folder or a Hub id."""
        ...

    @property
    def revision(self) -> str | None:
        """The commit of a Hub id."""
        ...


def revision_of(named: Named, where: str) -> str:
    """The revision of a model: the Hub's commit, or the digest of its folder.

    `where` is the part of the recipe that names it. Raises NoEngineError where the model is a
    folder that is not here.
    """
    if named.revision is not None and not Path(named.model).is_dir():
        return named.revision
    return find_checkpoint(named, where).revision


def require_revision(checkpoint: Checkpoint, revision: str, where: str) -> None:
    """Raises NoEngineError where a checkpoint is not the one with which the run began."""
    if checkpoint.revision != revision:
        raise NoEngineError(
            f"{where}: {checkpoint.location} has other files on this machine than where the run "
            "began; copy the same checkpoint to all machines"
        )


def require_files(folder: Path) -> None:
    """Raises NoEngineError where a folder lacks its weights or its tokenizer."""
    if not folder.is_dir():
        return
    if not any(folder.glob("*.safetensors")):
        raise NoEngineError(
            f"{folder} has no weights as *.safetensors, the only form that is loaded, since others "
            "may hold code; convert them, or fetch the checkpoint again"
        )
    if not any(folder.glob("tokenizer*")) and not any(folder.glob("vocab*")):
        raise NoEngineError(
            f"{folder} has no tokenizer (tokenizer.json); save the tokenizer of its model there"
        )


def require_room(model: str, max_tokens: int, config: Mapping[str, object]) -> None:
    """Raises NoEngineError where a checkpoint takes fewer tokens than a recipe gives it."""
    most = config.get("max_position_embeddings", config.get("n_positions"))
    if not isinstance(most, int):
        return
    pad = config.get("pad_token_id")
    if config.get("position_embedding_type", "absolute") == "absolute" and str(
        config.get("model_type")
    ) in ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"):
        most -= (pad if isinstance(pad, int) else 1) + 1  # their positions begin after the padding
    if max_tokens > most:
        raise NoEngineError(f"{model} takes {most} tokens; set `max_tokens: {most}` or less")
