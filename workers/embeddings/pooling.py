"""How the outputs of a text encoder become one vector, by the files of its checkpoint. Pure.

Checkpoints of sentence-transformers say it in `modules.json` and `1_Pooling/config.json`. A
checkpoint without them has the mean over its tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from schemas.errors import NoEngineError

Pooling = Literal["mean", "cls"]

MODULES = "modules.json"
POOLING = "1_Pooling/config.json"
_MODES = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
_MODULES = ("Transformer", "Pooling", "Normalize")
MOST_DIMENSIONS = 4096
"""See `workers.embeddings.vectors`."""


def pooling_of(
    model: str,
    config: Mapping[str, object],
    modules: Sequence[Mapping[str, object]] | None,
    pooling: Mapping[str, object] | None,
) -> Pooling:
    """The pooling of a checkpoint, by its `config.json`, `MODULES` and `POOLING`, None if missing.

    Raises NoEngineError, with the remedy, for an encoder that gives other vectors than are made
    here.
    """
    if config.get("is_encoder_decoder"):
        raise NoEngineError(f"{model} has a decoder, too; `dedup.semantic` needs a text encoder")
    size = config.get("hidden_size")
    if isinstance(size, int) and size > MOST_DIMENSIONS:
        raise NoEngineError(
            f"{model} gives vectors of {size} numbers; at most {MOST_DIMENSIONS} are compared"
        )
    for module in modules or ():
        name = str(module.get("type", "")).rpartition(".")[2]
        if name not in _MODULES:
            raise NoEngineError(
                f"{model}: its {MODULES} has a module {name}, which is not known here; take an "
                f"encoder of {', '.join(_MODULES)} alone"
            )
    if pooling is None:
        return "mean"
    modes = [name for name, is_on in pooling.items() if "_mode_" in name and is_on is True]
    if len(modes) != 1 or modes[0] not in _MODES:
        raise NoEngineError(
            f"{model}: its {POOLING} pools by {' and '.join(modes) or 'nothing'}; known are "
            f"{' or '.join(_MODES)}, alone"
        )
    return cast(Pooling, _MODES[modes[0]])
