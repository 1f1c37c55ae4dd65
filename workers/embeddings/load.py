"""Loads the model of semantic deduplication."""

from __future__ import annotations

from workers.embeddings.settings import Encoder, EncoderSettings


def load_encoder(settings: EncoderSettings) -> Encoder:
    """Load an encoder's checkpoint, on a GPU if this process has one.

    Raises NoEngineError where there is no such checkpoint or it is no encoder; ModelError where it
    cannot be loaded now.
    """
    # Imported here: torch is loaded only by the process that runs the model.
    from workers.embeddings.encoder import load

    return load(settings)
