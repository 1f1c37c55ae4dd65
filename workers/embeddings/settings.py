"""What an encoder is made of, and what it does: the protocol of a loaded model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from schemas.semantic import PinnedEncoder


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The embeddings of some texts.

    - `vectors`: of each text a float32 (dimensions,) of length 1; None where the text was left out,
      or the model gives no numbers.
    - `is_whole`: (texts,), whether the model sees all of a text.
    """

    vectors: Sequence[npt.NDArray[np.float32] | None]
    is_whole: npt.NDArray[np.bool_]


class Encoder(Protocol):
    """A loaded model that gives each text a vector."""

    def embed(self, texts: Sequence[str], only_whole: bool = False) -> Embeddings:
        """The embedding of each text; with `only_whole` of those that the model sees whole."""
        ...


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """What an encoder is made of; `threads` and `text_timeout_s` as for a scorer."""

    encoder: PinnedEncoder
    threads: int | None = None
    text_timeout_s: float | None = None
