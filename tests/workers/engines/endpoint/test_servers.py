"""Which server is asked next, and when one is left out."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from workers.engines.endpoint.limits import Level
from workers.engines.endpoint.servers import Server, choose

DICE = random.Random(0)


def servers(*under_way: int) -> list[Server]:
    return [
        Server(f"http://{number}/v1", Level(64, value=64), under_way=count)
        for number, count in enumerate(under_way)
    ]


def test_the_server_with_the_fewest_requests_is_asked() -> None:
    assert choose(servers(5, 2, 9), 0).url == "http://1/v1"  # type: ignore[union-attr]
    equals = servers(3, 3)
    equals[0].sent = 7
    assert choose(equals, 0) is equals[1]
    assert choose(servers(64, 64), 0) is None


@given(levels=st.lists(st.integers(1, 40), min_size=1, max_size=6), pages=st.integers(0, 200))
def test_no_server_gets_more_than_its_level(levels: list[int], pages: int) -> None:
    all_servers = [
        Server(str(number), Level(64, value=level)) for number, level in enumerate(levels)
    ]
    for _ in range(pages):
        if (server := choose(all_servers, 0)) is not None:
            server.under_way += 1
    assert sum(server.under_way for server in all_servers) == min(pages, sum(levels))
    assert all(s.under_way <= level for s, level in zip(all_servers, levels, strict=True))


def test_a_server_that_failed_a_page_is_avoided_as_long_as_there_is_another() -> None:
    one, other = both = servers(0, 30)
    assert choose(both, 0, avoided={one.url}) is other
    other.under_way = 64
    assert choose(both, 0, avoided={one.url}) is None  # it waits for the other
    other.leave_out(0, "down", DICE)
    assert choose(both, 0, avoided={one.url}) is one


def test_a_dead_server_is_left_out_and_asked_for_one_page_at_a_time_later() -> None:
    dead, other = both = servers(0, 0)
    dead.leave_out(10, "ConnectError", DICE)
    assert choose(both, 10) is other
    other.under_way = 64
    assert choose(both, 10) is None
    later_s = dead.resumes_at_s
    assert 11 <= later_s <= 12
    assert choose(both, later_s) is dead
    dead.under_way = 1
    assert choose(both, later_s) is None
    dead.leave_out(later_s, "ConnectError", DICE)
    assert dead.resumes_at_s >= later_s + 2
    again_s = dead.resumes_at_s
    dead.answered(again_s, 0, 0.1, 1)
    dead.under_way = 5
    assert choose(both, again_s) is dead


def test_pauses_of_a_dead_server_grow_to_a_minute() -> None:
    [server] = servers(0)
    now_s = 0.0
    for _ in range(20):
        server.leave_out(now_s, "down", DICE)
        assert 0 < server.resumes_at_s - now_s <= 60
        now_s = server.resumes_at_s
    assert server.resumes_at_s - now_s <= 60
    server.leave_out(now_s, "down", DICE)
    assert server.resumes_at_s - now_s >= 30


def test_requests_sent_before_a_server_was_left_out_do_not_lengthen_its_pause() -> None:
    [server] = servers(8)
    for _ in range(8):
        server.leave_out(5, "reset", DICE)
    assert server.times_left_out == 1


def test_one_page_that_fails_again_and_again_leaves_no_server_out() -> None:
    [server] = servers(0)
    for _ in range(20):
        server.failed(0, "page 1", "HTTP 500", DICE)
    server.failed(0, "page 2", "HTTP 500", DICE)
    assert not server.is_left_out
    server.failed(0, "page 3", "HTTP 500", DICE)
    assert server.is_left_out


def test_failures_among_answers_leave_no_server_out() -> None:
    [server] = servers(0)
    for number in range(50):
        server.failed(0, f"page {number}", "HTTP 500", DICE)
        server.failed(0, f"page {number + 1}", "HTTP 500", DICE)
        server.answered(0, 0, 0.1, 1)
    assert not server.is_left_out


def test_a_server_gets_the_pause_that_it_asks_for() -> None:
    [server] = servers(0)
    server.refused(10, 0, "HTTP 429", 7.0, DICE)
    assert not server.has_room(16.9)
    assert server.has_room(17)
    server.refused(20, 1, "HTTP 429", 86_400.0, DICE)
    assert server.has_room(620)
    assert server.level.room == 36  # 64 * 0.75 * 0.75


def test_a_server_that_refuses_all_and_asks_for_no_pause_gets_longer_ones() -> None:
    [server] = servers(0)
    now_s, asked = 0.0, 0
    while now_s < 600:
        server.refused(now_s, server.level.epoch, "HTTP 429", 0.0, DICE)
        now_s, asked = max(server.resumes_at_s, now_s), asked + 1
    assert asked < 120


def test_a_burst_of_refusals_without_a_pause_is_one_short_pause() -> None:
    [server] = servers(0)
    for _ in range(30):
        server.refused(10, 0, "HTTP 429", None, DICE)
    assert server.times_refused == 1
    assert server.has_room(10.1)
