"""What a step hands to the next beside its result: what it took and what it counted.

The sums travel with the values, so that whoever gets a receipt has them too. They are in no file:
what a shard's chain writes is the same whoever ran it.
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
    """Wall seconds since it was made."""

    def __init__(self) -> None:
        self._started_s = time.perf_counter()

    def seconds(self) -> float:
        """So far."""
        return time.perf_counter() - self._started_s


def raster_times(seconds: float, pages: Sequence[RasteredPage]) -> ShardTimes:
    """What rasterising adds."""
    return ShardTimes(raster_s=seconds, pages=len(pages))


def read_times(
    seconds: float, replica: Replica, readings: Iterable[PageReading | None]
) -> ShardTimes:
    """What a replica's reading adds. Tries of the text layer are no attempts of an engine."""
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
