"""Rules as RFC 9309 has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sources.links.robots import MAX_BYTES, MAX_DELAY_S, Robots

RULES = b"""
User-agent: *
Disallow: /

User-agent: OtherBot
User-agent: pagefoundry
Disallow: /private/
Allow: /private/open*.pdf$
Disallow: /*?print=
Crawl-delay: 7
"""


@pytest.mark.parametrize(
    ("path", "is_allowed"),
    [
        ("/a.pdf", True),
        ("/private/a.pdf", False),
        ("/private/open-1.pdf", True),
        ("/private/open-1.pdf?x", False),
        ("/a.pdf?print=1", False),
        ("/robots.txt", True),
    ],
)
def test_the_longest_rule_for_us_decides(path: str, is_allowed: bool) -> None:
    robots = Robots.parsed(RULES)
    assert robots.allows(f"https://e.org{path}") == is_allowed
    assert robots.delay_s == 7


def test_the_rules_for_all_are_ours_where_there_are_no_others() -> None:
    assert not Robots.parsed(b"User-agent: *\nDisallow: /").allows("https://e.org/a")
    assert Robots.parsed(b"User-agent: GoodBot\nDisallow: /").allows("https://e.org/a")
    assert Robots.parsed(b"").allows("https://e.org/a")


def test_delays_are_bounded() -> None:
    for word, delay_s in (("1e9", MAX_DELAY_S), ("nan", 0), ("-5", 0), ("soon", 0)):
        assert Robots.parsed(f"User-agent: *\nCrawl-delay: {word}".encode()).delay_s == delay_s


def test_patterns_cannot_take_forever() -> None:
    rules = b"User-agent: *\nDisallow: /" + b"*a" * 200 + b"b$\n"
    robots = Robots.parsed(rules + b"Disallow: /x\n" * (MAX_BYTES // 10))
    # A search that goes back would take years.
    assert robots.allows("https://e.org/" + "a" * 8000)


@given(st.binary(max_size=300))
def test_any_bytes_are_rules(data: bytes) -> None:
    robots = Robots.parsed(b"User-agent: *\n" + data)
    assert isinstance(robots.allows("https://e.org/a/b?c#d"), bool)
    assert 0 <= robots.delay_s <= MAX_DELAY_S
