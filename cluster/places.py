"""The places of a pass's replicas: what failed where, what is tried again, when it is hopeless.

Books only; nothing here knows Ray or the clock.

- A start that fails is tried again twice, after a pause, elsewhere where there is room. Then its
  place is given up, and the pass goes on with the others.
- A replica that is lost later is started anew at once. Its place is given up where that happens
  sixteen times and no shard ends in between, unless it is the last place: pages that end every
  replica must end as rejects and not end the pass.
- As long as no replica has ever started, the pass stops once all that could be tried has failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# A start that fails is tried again after these pauses: a driver that is reset, a Hub that is away
# for a moment. Longer ones would only hide from whoever watches that a device is bad.
BACKOFF_S = (10.0, 60.0)
LOSSES_IN_A_ROW = 16
_MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class Device:
    """Where a replica runs: its node's id, and a name for people."""

    node: str
    name: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A start that failed; `device` is None where it failed before it was known."""

    cause: str
    device: Device | None = None

    def __str__(self) -> str:
        """The cause, and where it was met."""
        return f"{self.cause} (on {self.device.name})" if self.device else self.cause


@dataclass(eq=False, slots=True)
class Place:
    """A replica that the pass wants; its starts that failed in a row, its replicas lost in a row.

    `has_failed`: a start of it failed, however long ago.
    """

    failures: list[Failure] = field(default_factory=list)
    losses: int = 0
    has_failed: bool = False

    @property
    def avoided(self) -> tuple[str, ...]:
        """The nodes where its last starts failed."""
        return tuple(sorted({one.device.node for one in self.failures if one.device}))


@dataclass(slots=True)
class Places:
    """All places of a pass. `given_up` holds the last failure of each that was given up."""

    wanted: int
    backoff_s: Sequence[float] = BACKOFF_S
    has_begun: bool = False
    given_up: list[Failure] = field(default_factory=list)
    _causes: Counter[str] = field(default_factory=Counter)
    _failed: dict[str, set[Device]] = field(default_factory=dict)  # by node

    def begin(self, place: Place) -> None:
        """A replica of it is ready."""
        place.failures.clear()
        self.has_begun = True

    def fail(self, place: Place, failure: Failure) -> float | None:
        """A start of it failed: the seconds until the next, or None where it is given up."""
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
        """Its replica is lost; False where it is given up. `others` are places that are left."""
        place.losses += 1
        if place.losses < LOSSES_IN_A_ROW or others == 0:
            return True
        self._causes[failure.cause] += 1
        self.given_up.append(failure)
        return False

    def drop(self, place: Place) -> None:
        """It has no use any more; where its last start failed, the pass did without it."""
        self.given_up += place.failures[-1:]

    def is_hopeless(
        self, left: Collection[Place], loading: Iterable[Device], devices: Mapping[str, int]
    ) -> bool:
        """Whether no replica has ever started, and every place or every device was tried.

        Args:
            left: the places that were not given up.
            loading: where starts are under way.
            devices: how many each node has, of the nodes that have any.
        """
        if self.has_begun or not self._causes:
            return False
        if all(place.has_failed for place in left):
            # A start that failed before it had a device says nothing of the next.
            return len(self._failed) > 1 or (len(self._failed) == 1 and len(devices) <= 1)
        # Those that wait for room would only get devices on which others have failed.
        has_failed_all_over = bool(devices) and all(
            len(self._failed.get(node, ())) >= min(count, self.wanted)
            for node, count in devices.items()
        )
        return has_failed_all_over and all(
            device in self._failed.get(device.node, ()) for device in loading
        )

    def why(self) -> str | None:
        """The cause that was met most often; None where nothing has failed."""
        if not self._causes:
            return None
        (cause, _), *others = self._causes.most_common()
        if not others:
            return cause
        return f"{cause} (and {len(others)} other cause{'s' if len(others) > 1 else ''})"

    def losses(self) -> Sequence[str]:
        """A line for each cause for which places were given up, the most frequent first."""
        lines = []
        for cause, count in Counter(failure.cause for failure in self.given_up).most_common():
            places = dict.fromkeys(
                one.device.name for one in self.given_up if one.cause == cause and one.device
            )
            shown = [*list(places)[:_MOST_NAMES], *["…"] * (len(places) > _MOST_NAMES)]
            where = f" (on {'; '.join(shown)})" if shown else ""
            lines.append(f"the pass did without {count} of {self.wanted} replicas: {cause}{where}")
        return lines
