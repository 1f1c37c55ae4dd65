"""Loads a checkpoint's weights into transformers' classes; never runs code of the checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers import AutoModelForImageTextToText

from schemas.errors import NoEngineError
from workers.engines.checkpoint import Checkpoint

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, ProcessorMixin


def load_model(
    checkpoint: Checkpoint, processor: ProcessorMixin, dtype: torch.dtype
) -> PreTrainedModel:
    """The model of a checkpoint, on the CPU.

    Raises NoEngineError where its weights are another network's or not all there; else what
    transformers raises: OSError, ValueError, ImportError or RuntimeError.
    """
    if "DeepseekOCRForCausalLM" in checkpoint.architectures:
        # Imported here: vLLM pins a transformers that lacks these classes.
        from workers.engines.deepseek_ocr.model import load_deepseek_ocr

        return load_deepseek_ocr(checkpoint, processor.image_token_id, dtype)
    model, told = AutoModelForImageTextToText.from_pretrained(
        checkpoint.location,
        revision=checkpoint.commit,
        dtype=dtype,
        trust_remote_code=False,
        output_loading_info=True,
    )
    _require_all_weights(model, set(told["missing_keys"]), checkpoint)
    return model


def _require_all_weights(model: PreTrainedModel, missing: set[str], checkpoint: Checkpoint) -> None:
    """Raises NoEngineError where the files lack weights: transformers would draw them at random.

    An output matrix that is missing is the input's. MinerU2.5's files have none, and transformers
    (since 5) shares the two only if `config.json` says so, which was the default before.
    """
    outputs = model.get_output_embeddings()
    if missing and outputs is not None:
        names = {name for name, each in model.named_parameters() if each is outputs.weight}
        if names & missing:
            outputs.weight = model.get_input_embeddings().weight
            missing = missing - names
    if missing:
        some = ", ".join(sorted(missing)[:3])
        raise NoEngineError(
            f"{checkpoint.location}: its files lack {len(missing)} weights of the model ({some}); "
            "fetch the checkpoint again"
        )
