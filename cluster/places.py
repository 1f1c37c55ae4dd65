"""The places of a pass's replicas: what failed where, what is retried, when the pass must stop.

Bookkeeping only: knows neither Ray nor the clock.

- A start that fails is retried twice, after a pause, on another node if one has room. Then its
  place is given up, and the pass goes on with the others.
- A replica that is lost later is replaced at once. Its place is given up if that happens sixteen
  times and no shard ends in between, unless it is the last place: pages that end every replica
  must become rejects and not end the pass.
- While no replica has ever started, the pass stops as soon as everything that could be tried has
  failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# A failed start is retried after these pauses: a driver may be resetting, the Hub may be away for a
# moment. Longer pauses would only hide a bad device from whoever watches.
BACKOFF_S = (10.0, 60.0)
LOSSES_IN_A_ROW = 16
_MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class Device:
    """Where a replica runs: the node's id, and a name for people."""

    node: str
    name: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a start failed; `device` is None if it failed before its device was known."""

    cause: str
    device: Device | None = None

    def __str__(self) -> str:
        """The cause and the device."""
        return f"{self.cause} (on {self.device.name})" if self.device else self.cause


@dataclass(eq=False, slots=True)
class Place:
    """One of the replicas that a pass wants.

    `failures` are its failed starts in a row, `losses` counts its lost replicas in a row, and
    `has_failed` says whether any start of it has failed.
    """

    failures: list[Failure] = field(default_factory=list)
    losses: int = 0
    has_failed: bool = False

    @property
    def avoided(self) -> tuple[str, ...]:
        """The nodes where its last starts failed."""
        return tuple(sorted({failure.device.node for failure in self.failures if failure.device}))


@dataclass(slots=True)
class Places:
    """All places of a pass. `given_up` has the last failure of each place that was given up."""

    wanted: int
    backoff_s: Sequence[float] = BACKOFF_S
    has_begun: bool = False
    given_up: list[Failure] = field(default_factory=list)
    _causes: Counter[str] = field(default_factory=Counter)
    _failed: dict[str, set[Device]] = field(default_factory=dict)  # by node

    def begin(self, place: Place) -> None:
        """Record that the replica of a place is ready."""
        place.failures.clear()
        self.has_begun = True

    def fail(self, place: Place, failure: Failure) -> float | None:
        """Record a failed start; the seconds until the next, or None if the place is given up."""
        place.failures.append(failure)
        place.has_failed = True
        self._causes[failure.cause] += 1
        if failure.device:
            self._failed.setdefault(failure.device.node, set()).add(failure.device)
        tries = len(place.failures)
        if tries <= len(self.backoff_s):
            return self.backoff_s[tries - 1]
        self.given_up.append(failure)
        return None

    def lose(self, place: Place, failure: Failure, others: int) -> bool:
        """Record a lost replica; False if its place is given up. `others` counts those left."""
        place.losses += 1
        if place.losses < LOSSES_IN_A_ROW or others == 0:
            return True
        self._causes[failure.cause] += 1
        self.given_up.append(failure)
        return False

    def drop(self, place: Place) -> None:
        """Remove a place that is not needed; if its last start failed, count it as given up."""
        self.given_up += place.failures[-1:]

    def is_hopeless(
        self, left: Collection[Place], loading: Iterable[Device], devices: Mapping[str, int]
    ) -> bool:
        """Whether no replica has ever started and every place, or every device, was tried.

        Args:
            left: the places that were not given up.
            loading: the devices on which replicas are loading.
            devices: how many devices each node has; only nodes with any.
        """
        if self.has_begun or not self._causes:
            return False
        if all(place.has_failed for place in left):
            # A start that failed before it had a device tells nothing about the next.
            return len(self._failed) > 1 or (len(self._failed) == 1 and len(devices) <= 1)
        # Replicas that wait for room would only get devices on which others have failed.
        has_failed_everywhere = bool(devices) and all(
            len(self._failed.get(node, ())) >= min(count, self.wanted)
            for node, count in devices.items()
        )
        return has_failed_everywhere and all(
            device in self._failed.get(device.node, ()) for device in loading
        )

    def why(self) -> str | None:
        """The most frequent cause of failures; None if there is none."""
        if not self._causes:
            return None
        (cause, _), *others = self._causes.most_common()
        if not others:
            return cause
        return f"{cause} (and {len(others)} other cause{'s' if len(others) > 1 else ''})"

    def losses(self) -> Sequence[str]:
        """A line for each cause of giving up places, most frequent first."""
        lines = []
        for cause, count in Counter(failure.cause for failure in self.given_up).most_common():
            devices = dict.fromkeys(
                failure.device.name
                for failure in self.given_up
                if failure.cause == cause and failure.device
            )
            shown = [*list(devices)[:_MOST_NAMES], *["…"] * (len(devices) > _MOST_NAMES)]
            where = f" (on {'; '.join(shown)})" if shown else ""
            lines.append(
                f"the pass ran without {count} of its {self.wanted} replicas: {cause}{where}"
            )
        return lines
