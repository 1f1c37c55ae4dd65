"""Loads a checkpoint's weights into transformers' classes; never runs code of the checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers import AutoModelForImageTextToText

from workers.engines.checkpoint import Checkpoint

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, ProcessorMixin


def load_model(
    checkpoint: Checkpoint, processor: ProcessorMixin, dtype: torch.dtype
) -> PreTrainedModel:
    """The model of a checkpoint, on the CPU.

    Raises NoEngineError where its weights are another network's; else what transformers raises:
    OSError, ValueError, ImportError or RuntimeError.
    """
    if "DeepseekOCRForCausalLM" in checkpoint.architectures:
        # Imported here: vLLM pins a transformers that lacks these classes.
        from workers.engines.deepseek_ocr.model import load_deepseek_ocr

        return load_deepseek_ocr(checkpoint, processor.image_token_id, dtype)
    return AutoModelForImageTextToText.from_pretrained(
        checkpoint.location, revision=checkpoint.commit, dtype=dtype, trust_remote_code=False
    )
