"""Pages of benchmarks that are pictures: found by perceptual hash, borne out by the pictures.

A row's `image_hash` finds candidates without its picture. Only theirs are decoded and compared
with the benchmark's, cell by cell, each at its best place within a few pixels: so a scan may be
askew, faded or noisy. A page of which an edge was cut off, or that was turned, is not found.

    index = build_pictures(items, benchmarks)
    find_pictures(index, [row.image_hash], lambda number: row.image_bytes)
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from schemas.decontaminate import Benchmark
from schemas.findings import Finding
from schemas.ids import digest
from workers.policies.decontamination.items import Item
from workers.policies.decontamination.search import POLICY
from workers.text.signatures import IMAGE_HASH_BYTES, image_hash

Grey = npt.NDArray[np.float64]

MIN_SIMILARITY = 0.64
"""Of 96 pages that were degraded heavily or lightly none came below 0.69. Of the 60 pairs of other
pages whose hashes are closest, all of one layout and with the same words, none came above 0.58."""

_EDGE_PX = 512
_CELL_PX = 64
_REACH_PX = 11  # a page askew by 1 degree has moved by 9 px at its ends, a border of 2 % by 10
_LEAST_CONTRAST = 8.0  # grey levels: the standard deviation of a cell that has print
_LEAST_CELLS = 4
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class PictureIndex:
    """The pictures of benchmarks.

    - `hashes`: uint8 (pictures, 32). `thumbnails` are small grey JPEGs.
    - `limits`: the most bits in which a page's hash may differ, int64 (pictures,).
    - `names` are the benchmark and the item of each.
    """

    hashes: npt.NDArray[np.uint8]
    limits: npt.NDArray[np.int64]
    names: tuple[tuple[str, str], ...]
    thumbnails: tuple[bytes, ...]
    digest: str


def build_pictures(items: Iterable[Item], benchmarks: Sequence[Benchmark]) -> PictureIndex:
    """The index of all items that have a picture, but of benchmarks that compare none."""
    limits = {one.name: one.max_picture_bits for one in benchmarks}
    hashes, bits, names, thumbnails = [], [], [], []
    for item in sorted(item for item in items if item.picture is not None):
        limit = limits[item.benchmark]
        if limit is None or item.picture is None:
            continue
        grey = _decoded(item.picture)
        hashes.append(np.frombuffer(image_hash(grey), np.uint8))
        bits.append(limit)
        names.append((item.benchmark, item.item_id))
        thumbnails.append(_thumbnail(grey))
    shape = (len(hashes), IMAGE_HASH_BYTES)
    parts = [part for name in names for part in name]
    return PictureIndex(
        np.array(hashes, np.uint8).reshape(shape),
        np.array(bits, np.int64),
        tuple(names),
        tuple(thumbnails),
        digest([*parts, *map(str, bits), *thumbnails]),
    )


def find_pictures(
    index: PictureIndex, hashes: Sequence[bytes | None], picture: Callable[[int], bytes]
) -> list[list[Finding]]:
    """The findings in each row, which concern all of it. `picture` gives the file of a row's page.

    A row without a hash, or with one of zeros, has no picture. The certainty is the similarity.
    """
    findings: list[list[Finding]] = [[] for _ in hashes]
    greys: dict[int, Grey | None] = {}
    for row, number in _candidates(index, hashes):
        if row not in greys:
            given = _decoded(picture(row))
            # In a smaller one words cannot be told apart, and all pages of one layout look alike.
            greys[row] = _small(given) if max(given.size) >= _EDGE_PX else None
        grey = greys[row]
        if grey is None:
            continue
        similarity = compare(_small(_decoded(index.thumbnails[number])), grey)
        if similarity >= MIN_SIMILARITY:
            benchmark, item_id = index.names[number]
            finding = Finding(0, 0, POLICY, benchmark, round(similarity, 4), item_id)
            findings[row].append(finding)
    return [sorted(found) for found in findings]


def _candidates(index: PictureIndex, hashes: Sequence[bytes | None]) -> list[tuple[int, int]]:
    """Rows and pictures whose hashes differ in few enough bits, in order."""
    rows = [row for row, one in enumerate(hashes) if one and any(one)]
    if not rows or not len(index.hashes):
        return []
    given = np.frombuffer(b"".join(hashes[row] or b"" for row in rows), np.uint8)
    # words: uint64 (rows, 4) and (pictures, 4)
    words = given.reshape(len(rows), IMAGE_HASH_BYTES).view(np.uint64)
    known = index.hashes.view(np.uint64)
    found: list[tuple[int, int]] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = words[start : start + _ROWS_AT_ONCE]
        for number, (word, limit) in enumerate(zip(known, index.limits.tolist(), strict=True)):
            distance = np.bitwise_count(part ^ word).sum(axis=1)
            found += ((rows[start + row], number) for row in np.flatnonzero(distance <= limit))
    return sorted(found)


def compare(left: Grey, right: Grey) -> float:
    """How similar two pictures of `_EDGE_PX` a side are, from -1 to 1.

    That is the median, over the cells of `left` with print, of the best normalised correlation
    (Lewis 1995) with `right` around the same place. It is 0 where hardly a cell has print.
    """
    cells, around = _cells(left), _surroundings(right)
    cells = cells - cells.mean(axis=(1, 2), keepdims=True)
    around = around - around.mean(axis=(1, 2), keepdims=True)
    norms = np.sqrt((cells**2).sum(axis=(1, 2)))
    has_print = norms > _LEAST_CONTRAST * _CELL_PX
    if has_print.sum() < _LEAST_CELLS:
        return 0.0
    cells, around, norms = cells[has_print], around[has_print], norms[has_print]
    # products: float64 (cells, shifts, shifts), by the correlation theorem
    shape, shifts = around.shape[1:], 2 * _REACH_PX + 1
    spectrum = np.fft.rfft2(around) * np.conj(np.fft.rfft2(cells, shape))
    products = np.fft.irfft2(spectrum, shape)[:, :shifts, :shifts]
    sums, squares = _window_sums(around), _window_sums(around**2)
    spread = np.sqrt(np.maximum(squares - sums**2 / _CELL_PX**2, 1.0))
    correlation = products / (spread * norms[:, None, None])
    return float(np.median(correlation.max(axis=(1, 2))))


def _cells(picture: Grey) -> Grey:
    """The cells of a picture: float64 (cells, _CELL_PX, _CELL_PX)."""
    count = _EDGE_PX // _CELL_PX
    parted = picture.reshape(count, _CELL_PX, count, _CELL_PX).swapaxes(1, 2)
    return parted.reshape(-1, _CELL_PX, _CELL_PX)


def _surroundings(picture: Grey) -> Grey:
    """The cells with `_REACH_PX` more on each side."""
    side = _CELL_PX + 2 * _REACH_PX
    padded = np.pad(picture, _REACH_PX, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    return windows[::_CELL_PX, ::_CELL_PX].reshape(-1, side, side)


def _window_sums(pictures: Grey) -> Grey:
    """The sum of each window of a cell's size: float64 (cells, shifts, shifts)."""
    sums = np.pad(pictures, ((0, 0), (1, 0), (1, 0))).cumsum(axis=1).cumsum(axis=2)
    size = _CELL_PX
    below, above = sums[:, size:], sums[:, :-size]
    rows = below - above
    windows: Grey = rows[:, :, size:] - rows[:, :, :-size]
    return windows


def _decoded(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("L")


def _small(grey: Image.Image) -> Grey:
    small = grey.resize((_EDGE_PX, _EDGE_PX), Image.Resampling.BOX)
    return np.asarray(small, np.float64)


def _thumbnail(grey: Image.Image) -> bytes:
    file = io.BytesIO()
    grey.resize((_EDGE_PX, _EDGE_PX), Image.Resampling.BOX).save(file, "JPEG", quality=85)
    return file.getvalue()
