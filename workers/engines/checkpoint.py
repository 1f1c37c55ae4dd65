"""Finds a checkpoint: its place, its revision, and the model type that its `config.json` names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from schemas.errors import ModelError, NoEngineError
from schemas.lines import first_line

_WHOLE_FILE_BYTES = 8 * 2**20
"""Of larger files, the weights, only name and size enter a folder's revision."""


class Named(Protocol):
    """What names a checkpoint: an engine of a recipe, or a score."""

    @property
    def model(self) -> str | None:
        """A folder or a Hub id."""
        ...

    @property
    def revision(self) -> str | None:
        """The commit of a Hub id."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint at a Hub id or in a folder, its `location`.

    `revision` is the commit of a Hub id, or the digest of a folder: 16 hex characters over its
    files. `commit` is what to ask the Hub for, None for a folder. `config` is its `config.json`.
    """

    location: str
    revision: str
    commit: str | None
    model_type: str
    architectures: tuple[str, ...]
    config: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)


def find_checkpoint(spec: Named, where: str = "engine") -> Checkpoint:
    """The checkpoint that `spec` names: a folder if there is one of that name, else a Hub id.

    `where` is the part of the recipe that names it.

    Raises NoEngineError where there is no such checkpoint, or the Hub id has no commit; ModelError
    where the Hub does not answer.
    """
    assert spec.model is not None
    folder = Path(spec.model)
    if folder.is_dir():
        config = _read_config(folder / "config.json")
        return _checkpoint(spec.model, folder_digest(folder), None, config)
    if spec.revision is None:
        raise NoEngineError(
            f"{where}.model: {spec.model} is no folder here; for a Hub id give its commit as "
            "`revision`, so that the dataset can be made again"
        )
    config = _read_config(_fetched(spec.model, spec.revision, where))
    return _checkpoint(spec.model, spec.revision, spec.revision, config)


def _fetched(model: str, revision: str, where: str) -> Path:
    """The `config.json` of a Hub id."""
    # Late: the Hub's client takes 0.15 s of CPU time, and every task imports this module.
    from huggingface_hub import errors, hf_hub_download

    try:
        return Path(hf_hub_download(model, "config.json", revision=revision))
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, ValueError) as exc:
        may_pass = isinstance(exc, errors.LocalEntryNotFoundError) or (
            # The Hub is only busy, or has failed itself, so that a retry may help.
            isinstance(exc, errors.HfHubHTTPError)
            and (exc.response.status_code == 429 or exc.response.status_code >= 500)
        )
        kind = ModelError if may_pass else NoEngineError
        raise kind(
            f"{where}.model: {model} is no folder here, and its commit {revision} cannot be "
            f"fetched from the Hub: {first_line(exc)}"
        ) from exc


def _checkpoint(
    location: str, revision: str, commit: str | None, config: Mapping[str, object]
) -> Checkpoint:
    listed = config.get("architectures")
    architectures = tuple(map(str, listed)) if isinstance(listed, list) else ()
    model_type = str(config.get("model_type") or "")
    return Checkpoint(location, revision, commit, model_type, architectures, config)


def _read_config(path: Path) -> Mapping[str, object]:
    try:
        config = json.loads(path.read_text())
    except (OSError, ValueError) as exc:
        raise NoEngineError(f"{path}: not a checkpoint's config: {first_line(exc)}") from exc
    if not isinstance(config, dict):
        raise NoEngineError(f"{path}: not a checkpoint's config: it is no JSON object")
    return config


def folder_digest(folder: Path) -> str:
    """What says that a folder is another: 16 hex characters over its files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder)}\0{size}\0".encode())
        if size <= _WHOLE_FILE_BYTES:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
