"""The times and counts of a step, which travel to the next step with its result.

They come back with the receipt and are written to no file, so that a shard's files do not depend
on who ran its chain.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.pages import PageReading, RasteredPage
from schemas.rows import StagedCrop, StagedRow
from schemas.timings import ShardTimes
from workers.reading import Replica

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Timed(Generic[Value]):
    """A step's result, and what it adds to the shard's times."""

    value: Value
    times: ShardTimes = ShardTimes()  # noqa: RUF009 - frozen


class Stopwatch:
    """Measures wall seconds from its creation."""

    def __init__(self) -> None:
        self._started_s = time.perf_counter()

    def seconds(self) -> float:
        """Seconds since its creation."""
        return time.perf_counter() - self._started_s


def raster_times(seconds: float, pages: Sequence[RasteredPage]) -> ShardTimes:
    """What rasterising adds."""
    return ShardTimes(raster_s=seconds, pages=len(pages))


def read_times(
    seconds: float, replica: Replica, readings: Iterable[PageReading | None]
) -> ShardTimes:
    """What a replica's reading adds. An attempt by the text layer does not count as a retry."""
    by_engine = [reading for reading in readings if reading and reading.text_source == "ocr"]
    tries = [
        sum(attempt.engine != "text_layer" for attempt in reading.attempts) for reading in by_engine
    ]
    return ShardTimes(
        read_s=seconds,
        engine_pages=len(by_engine),
        retries=sum(max(0, count - 1) for count in tries),
        output_tokens=sum(
            reading.reading.output_tokens + sum(crop.output_tokens for crop in reading.crops)
            for reading in by_engine
        ),
        gpu_memory_bytes=replica.gpu_memory_bytes,
        device=replica.device,
    )


def finish_times(seconds: float, rows: Iterable[StagedRow | StagedCrop]) -> ShardTimes:
    """What scoring adds: the tokens of all rows that were read, also of rejects by quality."""
    read = [row for row in rows if "vision_tokens" in row]
    return ShardTimes(
        finish_s=seconds,
        vision_tokens=sum(row["vision_tokens"] for row in read),
        text_tokens=sum(row["text_tokens"] for row in read),
    )
