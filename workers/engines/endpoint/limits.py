"""How many requests a server may have at once, and how long to pause. Pure: no clock, no network.

The level is found as TCP finds its window (Jacobson, "Congestion Avoidance and Control", 1988): it
doubles in each round until the server first shows that it has enough, then grows by one a round,
and falls by a quarter at each sign of too much. Two things are such a sign: a refusal (429, 503),
and answers that wait for their first token longer than they then take.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

START = 8
FALL = 0.75
"""What is left of the level. After a fall it is on average 7/8 of what the server allows; halving,
as TCP does, would leave a quarter of a GPU idle."""

_LEAST_ROUND = 8
"""A round is as many answers as the level, but no fewer than these: means of fewer are noise."""
_QUEUES = 4
"""Waits are long where they are this many times those of the quickest round. Pages that the server
computes together wait for each other, too, which is no queue."""


@dataclass(slots=True)
class Level:
    """The level of one server, at most `most`.

    `epoch` counts the falls. Requests carry the epoch in which they were sent, so that one burst
    that was too large lets the level fall once and not once a request.
    """

    most: int
    value: float = START
    epoch: int = 0
    is_rising: bool = True
    _waited_s: float = 0.0
    _served_s: float = 0.0
    _answers: int = 0
    _round: int = _LEAST_ROUND
    _quickest_s: float = field(default=float("inf"))

    def __post_init__(self) -> None:
        self.value = float(min(self.value, self.most))

    @property
    def room(self) -> int:
        """How many requests may be under way."""
        return max(1, int(self.value))

    def answered(self, epoch: int, under_way: int, waited_s: float, served_s: float) -> None:
        """Count a whole answer.

        Args:
            epoch: the level's when it was asked for.
            under_way: requests of this server, this one included. A level that was not used up has
                not been tested, and stays.
            waited_s: until its first token.
            served_s: from there to its end.
        """
        self._waited_s += waited_s
        self._served_s += served_s
        self._answers += 1
        if self._answers >= self._round and self._is_queueing():
            self.refused(epoch)
        elif epoch == self.epoch and under_way >= self.room:
            self.value = min(self.value + (1 if self.is_rising else 1 / self.value), self.most)

    def refused(self, epoch: int) -> bool:
        """Let the level fall, once an epoch. True: it fell."""
        if epoch != self.epoch:
            return False
        self.value = max(1.0, self.value * FALL)
        self.epoch += 1
        self.is_rising = False
        return True

    def _is_queueing(self) -> bool:
        """Whether the round's answers waited too long; begins the next round."""
        waited_s = self._waited_s / self._answers
        is_long = waited_s > _QUEUES * self._quickest_s and self._waited_s > self._served_s
        self._quickest_s = min(self._quickest_s, waited_s)
        self._waited_s = self._served_s = 0.0
        self._answers = 0
        # Set now, as a level that rises with each answer would be out of reach.
        self._round = max(_LEAST_ROUND, self.room)
        return is_long


@dataclass(frozen=True, slots=True)
class Pauses:
    """Exponential backoff with full jitter: the n-th pause is uniform over 0 to
    min(cap_s, base_s * 2^(n-1)) (Brooker, "Exponential Backoff And Jitter", AWS, 2015)."""

    base_s: float = 0.25
    cap_s: float = 20.0

    def draw(self, number: int, random: random.Random) -> float:
        """The pause after failure `number`, from 1 on, in seconds."""
        # 2^32 s is past any cap, and a larger power would be no float.
        return random.uniform(0, min(self.cap_s, self.base_s * 2 ** min(number - 1, 32)))
