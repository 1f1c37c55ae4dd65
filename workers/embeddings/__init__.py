"""Embeddings of texts, and which of them are so similar that their texts mean the same.

Owns: the encoder, the vectors that a dataset keeps in staging, their clusters, and comparing within
a cluster. Does not: decide which rows are compared, or dropped (`pipelines.version.semantic`).

    encoder = load_encoder(EncoderSettings(pin_encoder(semantic)))
    embeddings = encoder.embed(["A text.", "Another one."])     # float32 (texts, dimensions)

Start reading in `vectors`: why the same rows are dropped whatever machine compares them.
"""

from workers.embeddings.load import load_encoder
from workers.embeddings.settings import Embeddings, Encoder, EncoderSettings

__all__ = ["Embeddings", "Encoder", "EncoderSettings", "load_encoder"]
