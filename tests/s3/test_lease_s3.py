"""The lease on a real S3 store: conditional puts work as on local disk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.errors import LeaseError
from workers import store
from workers.dataset.holder import Clock
from workers.dataset.lease import LEASE_NAME, Candidate, hold

pytestmark = pytest.mark.s3
TTL_S = 60.0
RACERS = 8


def test_one_of_many_racers_takes_the_lease(s3: str) -> None:
    candidates = [Candidate(s3, TTL_S) for _ in range(RACERS)]
    with ThreadPoolExecutor(RACERS) as threads:
        leases = list(threads.map(Candidate.attempt, candidates))
    (winner,) = [lease for lease in leases if lease is not None]
    winner.check()


def test_one_of_many_racers_takes_over_a_stale_lease(s3: str) -> None:
    now_s = [0.0]
    clock = Clock(monotonic_s=lambda: now_s[0])
    loser = Candidate(s3, TTL_S, clock).attempt()
    assert loser is not None
    candidates = [Candidate(s3, TTL_S, clock) for _ in range(RACERS)]
    with ThreadPoolExecutor(RACERS) as threads:
        assert not any(threads.map(Candidate.attempt, candidates))
        now_s[0] += TTL_S
        leases = list(threads.map(Candidate.attempt, candidates))
    (winner,) = [lease for lease in leases if lease is not None]
    with pytest.raises(LeaseError, match="taken over"):
        loser.check()
    loser.release()
    winner.check()


def test_a_held_lease_is_gone_afterwards(s3: str) -> None:
    with hold(s3) as lease:
        lease.check()
        assert store.exists(store.join(s3, LEASE_NAME))
        with pytest.raises(LeaseError, match="is held by another run"), hold(s3):
            pass
        lease.check()
    assert store.list_names(s3, ".json") == []
