"""The lease on a dataset: one run at a time, with no server but the store.

`<dataset>/_lease.json` names the run that holds the dataset. Its guarantees:

- One holder: the object is created by a conditional put that fails if there is a lease, and renewed
  by conditional puts that fail if it has changed. It is deleted when the run ends.
- A dead holder is replaced: a process that wants the lease watches it, and takes it over when it
  has not changed for its whole ttl. On the holder's own machine a dead process is known at once.
- Clocks do not matter: the ttl is measured by the watcher's own monotonic clock, while it watches.
  No clocks are compared, so a clock that jumps never costs a live run its lease. The times in the
  object are for people.
- A holder that lost the lease does no harm: a run that was suspended for longer than the ttl, or
  cut off from the store, may not know. So it calls `check` before each commit; and the commit names
  the version that it follows (`workers.dataset.delta`), which covers the time in between.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import NoReturn

from schemas.errors import LeaseError, StorageError
from workers import store
from workers.dataset.holder import CLOCK, Clock, Holder
from workers.dataset.processes import is_alive, this_process

log = logging.getLogger(__name__)

LEASE_NAME = "_lease.json"
TTL_S = 60.0
# Three renewals in a ttl, of which two may fail.
_RENEWALS_PER_TTL = 3
_POLLS_PER_TTL = 12
_MAX_POLL_S = 2.0


class Lease:
    """A lease that this process holds, or has lost. May be used from several threads."""

    def __init__(self, dataset: str, holder: Holder, proven_s: float, clock: Clock) -> None:
        self._dataset = dataset
        self._uri = store.join(dataset, LEASE_NAME)
        self._holder = holder
        self._proven_s = proven_s  # the time just before the last put that proved it ours
        self._clock = clock
        self._lock = threading.Lock()
        self._lost: str | None = None

    def ensure_held(self) -> None:
        """Raises LeaseError if a renewal found the lease lost. Does not ask the store."""
        if self._lost is not None:
            raise LeaseError(self._lost)

    def check(self) -> None:
        """Renew the lease, which proves that it is held: nobody may take it over for another ttl.

        Raises LeaseError if it is lost, in this call and all later ones.
        """
        with self._lock:
            self.ensure_held()
            while True:
                held, version = self._read()
                began_s = self._clock.monotonic_s()
                now = self._clock.stamp()
                renewed = replace(held, renewed_at=now, renewals=held.renewals + 1)
                # The put fails only if another run took the lease; then the next read raises.
                if store.replace_if_unchanged(self._uri, renewed.to_json(), version):
                    self._proven_s = began_s
                    return

    def release(self) -> None:
        """Delete the lease, unless another run holds it by now."""
        try:
            if self._clock.monotonic_s() - self._proven_s > self._holder.ttl_s / 2:
                self.check()
            with self._lock:
                self.ensure_held()
                self._read()
                store.delete(self._uri)
        except LeaseError as exc:
            log.info("nothing to release: %s", exc)

    def _read(self) -> tuple[Holder, str]:
        """The object and its version. Raises LeaseError if it is not ours."""
        try:
            data, version = store.read_with_version(self._uri)
        except FileNotFoundError:
            self._lose("its lease was deleted")
        try:
            holder = Holder.from_json(data)
        except ValueError:
            self._lose("its lease was overwritten with something else")
        if holder.token != self._holder.token:
            self._lose(f"its lease was taken over by {holder}, because it was not renewed in time")
        return holder, version

    def _lose(self, why: str) -> NoReturn:
        self._lost = (
            f"{self._dataset}: {why}; this run stops and publishes nothing more; run it again"
        )
        raise LeaseError(self._lost)


# ---- taking a lease -----------------------------------------------------------------------


class Candidate:
    """A process that wants the lease of a dataset and watches the present holder.

    `other` is the present holder. `other_lives` is true once it is known to live: it renewed the
    lease while watched, or its process runs on this machine.
    """

    def __init__(self, dataset: str, ttl_s: float = TTL_S, clock: Clock = CLOCK) -> None:
        self.dataset = dataset
        self._uri = store.join(dataset, LEASE_NAME)
        self._ttl_s = ttl_s
        self._clock = clock
        self._process = this_process()
        self._token = secrets.token_hex(16)
        self._last_data: bytes | None = None
        self._unchanged_since_s = 0.0
        # Set before the put is sent, for a signal may come before its answer: see `withdraw`.
        self._claim: Lease | None = None
        self.other: Holder | None = None
        self.other_lives = False

    def attempt(self) -> Lease | None:
        """Take the lease if it is free or stale; otherwise note whether it has changed."""
        began_s = self._clock.monotonic_s()
        now = self._clock.stamp()
        mine = Holder(self._process, self._token, now, now, 0, self._ttl_s)
        lease = Lease(self.dataset, mine, began_s, self._clock)
        try:
            data, version = store.read_with_version(self._uri)
        except FileNotFoundError:
            self._last_data = self.other = None
            self._claim = lease
            taken = self._create(mine)
        else:
            if not self._is_stale(data, began_s):
                return None
            self._claim = lease
            taken = store.replace_if_unchanged(self._uri, mine.to_json(), version)
        if not taken:
            self._claim = None
        return self._claim

    def pause(self) -> None:
        """Sleep until the next attempt."""
        ttl_s = self.other.ttl_s if self.other else self._ttl_s
        self._clock.sleep(min(_MAX_POLL_S, ttl_s / _POLLS_PER_TTL))

    def withdraw(self) -> None:
        """Release the lease if it was taken, also if a signal or error interrupted the taking."""
        if self._claim is not None:
            self._claim.release()

    def _create(self, mine: Holder) -> bool:
        try:
            return store.create_exclusive(self._uri, mine.to_json())
        except FileNotFoundError as exc:
            raise StorageError(f"cannot create {self._uri}: there is no such folder") from exc

    def _is_stale(self, data: bytes, asked_s: float) -> bool:
        """Whether the lease may be taken over; `data` was read after `asked_s`."""
        try:
            other = Holder.from_json(data)
        except ValueError as exc:
            raise LeaseError(
                f"{self._uri} is not a lease; delete it if no run is working on the dataset"
            ) from exc
        alive = is_alive(other.process)
        self.other_lives = bool(alive)
        if data != self._last_data:
            self.other_lives |= self._last_data is not None
            self._last_data, self._unchanged_since_s = data, self._clock.monotonic_s()
        self.other = other
        return alive is False or asked_s - self._unchanged_since_s >= other.ttl_s


def acquire(
    candidate: Candidate, wait: bool = False, say: Callable[[str], object] = log.info
) -> Lease:
    """Take the lease. This waits up to a ttl if a run on another machine died holding it.

    Raises:
        LeaseError: another run holds it and `wait` is false.
        StorageError: the dataset cannot be written.
    """
    announced = None
    while (lease := candidate.attempt()) is None:
        other = candidate.other
        if other is not None and candidate.other_lives and not wait:
            raise LeaseError(
                f"{candidate.dataset} is held by another run: {other}; stop it, or give --wait"
            )
        if other is not None and announced != other.token:
            announced = other.token
            watch = (
                "waiting for it" if wait else f"watching up to {other.ttl_s:g} s for a sign of life"
            )
            say(f"{candidate.dataset} is held by another run: {other}; {watch}")
        candidate.pause()
    return lease


@contextmanager
def hold(
    dataset: str,
    wait: bool = False,
    ttl_s: float = TTL_S,
    say: Callable[[str], object] = log.info,
) -> Iterator[Lease]:
    """Hold the lease of a dataset. A thread renews it; it is released however the block ends.

    A dataset folder that was created for the lease is removed if nothing else was written there.
    Raises what `acquire` raises, and AccessError if the store has no conditional put.
    """
    store.require_conditional_put(dataset)
    is_new = not store.exists(dataset)
    candidate = Candidate(dataset, ttl_s)
    ended = threading.Event()
    keeper = None
    try:
        lease = acquire(candidate, wait, say)
        arguments = (lease, ended, ttl_s / _RENEWALS_PER_TTL)
        keeper = threading.Thread(target=_keep, args=arguments, name="lease", daemon=True)
        keeper.start()
        yield lease
    finally:
        ended.set()
        if keeper is not None and keeper.is_alive():
            keeper.join()
        try:
            candidate.withdraw()
        except StorageError as exc:
            log.warning("the lease could not be released; it expires in %g s: %s", ttl_s, exc)
        if is_new:
            _remove_empty(dataset)


def _remove_empty(dataset: str) -> None:
    if store.is_local(dataset):
        with suppress(OSError):  # the folder is not empty
            store.local_path(dataset).rmdir()


def _keep(lease: Lease, ended: threading.Event, every_s: float) -> None:
    while not ended.wait(every_s):
        try:
            lease.check()
        except LeaseError:
            return  # the lease keeps the error and raises it in the run
        except StorageError as exc:
            log.warning("the lease could not be renewed, next try in %g s: %s", every_s, exc)
