"""Who holds a lease, as the object in the store says it, and the clock that it is timed by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, TypeAdapter

from workers.dataset.processes import Process


@dataclass(frozen=True, slots=True)
class Clock:
    """The source of time. Decisions use `monotonic_s`; `wall` is only shown."""

    monotonic_s: Callable[[], float] = time.monotonic
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    def stamp(self) -> str:
        """The wall clock's time, for people."""
        return self.wall().strftime("%Y-%m-%d %H:%M:%S UTC")


CLOCK = Clock()


@dataclass(frozen=True, slots=True)
class Holder:
    """What a lease says: its holder, and since when. `renewals` makes each put differ."""

    process: Process
    token: str
    started_at: str
    renewed_at: str
    renewals: int
    ttl_s: Annotated[float, Field(gt=0)]

    def __str__(self) -> str:
        return f"process {self.process.pid} on {self.process.host} since {self.started_at}"

    def to_json(self) -> bytes:
        """The object's bytes."""
        return _HOLDER.dump_json(self, indent=1)

    @classmethod
    def from_json(cls, data: bytes) -> Holder:
        """Raises ValueError where `data` is no lease."""
        return _HOLDER.validate_json(data)


_HOLDER = TypeAdapter(Holder)
