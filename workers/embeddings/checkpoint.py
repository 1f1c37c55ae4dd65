"""Checks in a moment whether an encoder can be used, and pins its model. Loads no model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

from schemas.errors import ModelError, NoEngineError
from schemas.lines import first_line
from schemas.semantic import PinnedEncoder, Semantic
from workers.embeddings.pooling import MODULES, POOLING, Pooling, pooling_of
from workers.engines.checkpoint import Checkpoint
from workers.engines.requirements import look_for_checkpoint, require_package
from workers.text_models.checkpoint import require_files, require_room, revision_of

_WHERE = "dedup.semantic"


def examine_encoder(semantic: Semantic, is_here: bool = True) -> str:
    """Check that a checkpoint can give embeddings, and describe it in a line for people.

    `is_here`: this machine is to compute them. Otherwise the checkpoint is checked if this machine
    happens to have it.

    Raises NoEngineError where its package or checkpoint is missing, or it is no encoder that is
    known; ModelError where the Hub does not answer.
    """
    package = require_package("transformers") if is_here else "the cluster must have transformers"
    checkpoint = look_for_checkpoint(semantic, _WHERE, is_here)
    if checkpoint is None:
        return f"{package} and {semantic.model}"
    require_room(semantic.model, semantic.max_tokens, checkpoint.config)
    require_files(Path(semantic.model))
    return f"{package}; {semantic.model}: {pooling_at(checkpoint)} of its outputs"


def pin_encoder(semantic: Semantic) -> PinnedEncoder:
    """The encoder with the revision of its model: the Hub's commit, or the digest of its folder.

    Raises NoEngineError where the model is a folder that is not here.
    """
    return PinnedEncoder(semantic, revision_of(semantic, _WHERE))


def pooling_at(checkpoint: Checkpoint) -> Pooling:
    """The pooling of a checkpoint, by its files.

    Raises NoEngineError where it is not known here; ModelError where the Hub does not answer.
    """
    modules, pooling = (_json_at(checkpoint, name) for name in (MODULES, POOLING))
    return pooling_of(checkpoint.location, checkpoint.config, modules, pooling)


def _json_at(checkpoint: Checkpoint, name: str) -> Any:
    """A file of a checkpoint, None where it has none of that name."""
    try:
        if checkpoint.commit is None:
            text = (Path(checkpoint.location) / name).read_text(encoding="utf-8")
        else:
            path = hf_hub_download(checkpoint.location, name, revision=checkpoint.commit)
            text = Path(path).read_text(encoding="utf-8")
        return json.loads(text)
    except LocalEntryNotFoundError as exc:
        raise ModelError(f"{checkpoint.location}: {name} is not here: {first_line(exc)}") from exc
    except (FileNotFoundError, EntryNotFoundError):
        return None
    except HfHubHTTPError as exc:
        raise ModelError(f"{checkpoint.location}: {name}: {first_line(exc)}") from exc
    except ValueError as exc:
        raise NoEngineError(f"{checkpoint.location}/{name} is no JSON: {first_line(exc)}") from exc
