"""Places whose replicas fail: the number of tries is bounded, hopeless cases end soon."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.actors import death
from cluster.places import LOSSES_IN_A_ROW, Device, Failure, Place, Places

CAUSE = "no memory is left"
A, B = (Device(node, f"{node}, GPU 0") for node in "AB")
A1 = Device("A", "A, GPU 1")


def failing(places: Places, place: Place, device: Device | None, cause: str = CAUSE) -> None:
    places.fail(place, Failure(cause, device))


@given(
    backoff_s=st.lists(st.floats(0, 100), max_size=4),
    works=st.lists(st.booleans(), max_size=40),
)
def test_a_place_is_tried_once_for_each_pause_and_once_more(
    backoff_s: Sequence[float], works: Sequence[bool]
) -> None:
    places, place, in_a_row = Places(2, backoff_s), Place(), 0
    for does_start in works:
        if does_start:
            places.begin(place)
            in_a_row = 0
            continue
        pause_s = places.fail(place, Failure(CAUSE, A))
        in_a_row += 1
        if pause_s is None:
            assert in_a_row == len(backoff_s) + 1
            assert places.given_up == [Failure(CAUSE, A)]
            return
        assert pause_s == backoff_s[in_a_row - 1]
    assert places.given_up == []


def test_the_next_try_avoids_the_nodes_of_those_that_failed() -> None:
    places, place = Places(1), Place()
    assert place.avoided == ()
    failing(places, place, None)
    failing(places, place, B)
    failing(places, place, A)
    assert place.avoided == ("A", "B")
    places.begin(place)
    assert place.avoided == ()


def test_a_replica_that_is_lost_is_had_again_unless_it_never_works() -> None:
    places, place = Places(2), Place()
    lost = Failure("it died", A)
    for _ in range(LOSSES_IN_A_ROW - 1):
        assert places.lose(place, lost, others=1)
    assert places.lose(place, lost, others=0), "the last place stays: pages may be the killers"
    assert not places.lose(place, lost, others=1)
    assert places.given_up == [lost]


@pytest.mark.parametrize(
    ("failed", "left_out", "loading", "devices", "is_hopeless"),
    [
        # One node: the first failure of the only replica is enough.
        ([A], 0, [], {"A": 8}, True),
        # Another node exists and has not been tried.
        ([A], 0, [], {"A": 8, "B": 8}, False),
        ([A, B], 0, [], {"A": 8, "B": 8, "C": 8}, True),
        # Other replicas have not answered: they load, or wait for devices that were never tried.
        ([A], 1, [A1], {"A": 2}, False),
        ([A], 1, [], {"A": 2}, False),
        # Other replicas wait for room, and all devices have failed.
        ([A, A1], 5, [], {"A": 2}, True),
        ([A, A1], 5, [A], {"A": 2}, True),
        ([A, A1], 5, [A, B], {"A": 2, "B": 1}, False),
        # The devices are unknown: the node may have died before the replicas started.
        ([None, None], 0, [], {"A": 8, "B": 8}, False),
        ([None, A], 0, [], {"A": 8}, True),
    ],
)
def test_it_is_hopeless_when_all_that_could_be_tried_has_failed(
    failed: list[Device | None],
    left_out: int,
    loading: list[Device],
    devices: dict[str, int],
    is_hopeless: bool,
) -> None:
    left = [Place() for _ in range(len(failed) + left_out)]
    places = Places(len(left))
    assert not places.is_hopeless(left, loading, devices)
    for place, device in zip(left, failed, strict=False):
        failing(places, place, device)
    assert places.is_hopeless(left, loading, devices) is is_hopeless
    places.begin(left[0])
    assert not places.is_hopeless(left, loading, devices)


def test_what_was_lost_is_told_by_cause_with_its_devices() -> None:
    places = Places(160, backoff_s=())
    for device in (A, A1, A1, None):
        failing(places, Place(), device)
    failing(places, Place(), B, "the driver is too old")
    places.drop(Place())  # a place that never failed is not reported
    assert places.why() == f"{CAUSE} (and 1 other cause)"
    assert places.losses() == [
        f"the pass ran without 4 of its 160 replicas: {CAUSE} (on A, GPU 0; A, GPU 1)",
        "the pass ran without 1 of its 160 replicas: the driver is too old (on B, GPU 0)",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "The actor died unexpectedly before finishing this task.\n\tclass_name: ReplicaActor\n"
            "\tpid: 12\nThe actor is dead because its worker process has died. Worker exit type: "
            "SYSTEM_ERROR Worker exit detail: Worker exits unexpectedly. Worker exits with an exit "
            "code 3.",
            "its process ended with exit code 3",
        ),
        (
            "The actor died unexpectedly before finishing this task.\nThe actor is dead because "
            "its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: "
            "Worker unexpectedly exits with a connection error code 2. End of file. Some common "
            "causes include: (1) the process was killed by the OOM killer.",
            "its process was killed or crashed (out of memory, or a fault in a native library)",
        ),
        (
            "Traceback (most recent call last):\n  File x\n"
            "schemas.errors.ModelError: /m is no folder here",
            "/m is no folder here",
        ),
        ("", "Exception"),
    ],
)
def test_what_ended_a_replica_is_one_line_without_names_of_classes(text: str, line: str) -> None:
    assert death(Exception(text)) == line
