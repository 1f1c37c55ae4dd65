"""Vectors as they are kept and compared: whole numbers, whose products are exact. Pure.

A vector of length 1 is kept as whole numbers of up to `SCALE`. By the inequality of Cauchy and
Schwarz no sum of products of two such vectors exceeds 2^24, in whatever order it is added up, so
float32 holds every step of it exactly. So similarities do not depend on the blocks, threads or
machines that compute them, and neither does what is dropped. What is lost is about 0.0001 of a
similarity.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

SCALE = 4032
"""Rounding lengthens a vector of 4,096 numbers by up to 32, and (4,032 + 32)^2 < 2^24."""

_DECIMALS = 6

Vectors = npt.NDArray[np.int16]
"""int16 (vectors, dimensions), each about `SCALE` long."""
Floats = npt.NDArray[np.float32]


def whole_numbers(unit: npt.NDArray[np.floating]) -> Vectors:
    """Vectors of length 1 as they are kept."""
    rounded: Vectors = np.rint(unit * SCALE).astype(np.int16)
    return rounded


def to_bytes(vectors: Iterable[npt.NDArray[np.int16]]) -> list[bytes]:
    """Each vector as the bytes of a column."""
    return [row.astype("<i2").tobytes() for row in vectors]


def from_bytes(column: list[bytes]) -> Vectors:
    """The vectors of a column; there is at least one, and all are as long."""
    return np.frombuffer(b"".join(column), "<i2").reshape(len(column), -1).astype(np.int16)


def lengths(vectors: Vectors) -> npt.NDArray[np.float64]:
    """The length of each vector: float64 (vectors,), from exact squares."""
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.int64)
    roots: npt.NDArray[np.float64] = np.sqrt(squares.astype(np.float64))
    return roots


def products(left: Vectors, right: Vectors) -> Floats:
    """The exact products of two sets of vectors: float32 (left, right)."""
    exact: Floats = left.astype(np.float32) @ right.astype(np.float32).T
    return exact


def cosines(
    product: npt.NDArray[np.floating],
    left: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Similarities from products and lengths, rounded so that equal vectors have 1."""
    rounded: npt.NDArray[np.float64] = np.round(product / (left * right), _DECIMALS)
    return rounded
