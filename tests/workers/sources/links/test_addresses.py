from __future__ import annotations

import asyncio

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sources.links.addresses import allowed, checked, is_allowed, networks_of, shown
from workers.sources.links.outcomes import NeverError

PRIVATE = [
    "127.0.0.1",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "64:ff9b:1::a00:1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:7f00:1::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "no address",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_not_asked(address: str) -> None:
    assert not is_allowed(address, ())


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::"]
)
def test_what_is_public_is_asked(address: str) -> None:
    assert is_allowed(address, ())


def test_a_recipe_may_allow_networks() -> None:
    networks = networks_of(["10.1.0.0/16", "fd12::/16"])
    assert is_allowed("10.1.255.1", networks)
    assert is_allowed("::ffff:10.1.0.1", networks)
    assert is_allowed("fd12::5", networks)
    assert not is_allowed("10.2.0.1", networks)
    assert not is_allowed("::1", networks)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    async def resolver(host: str, port: int) -> list[str]:
        assert (host, port) == ("example.org", 443)
        return ["1.1.1.1", "10.0.0.1"]

    with pytest.raises(NeverError, match="not public"):
        asyncio.run(allowed(httpx2.URL("https://example.org/"), (), resolver))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ftp://example.org/a", "no URL of http"),
        ("file:///etc/passwd", "no URL of http"),
        ("//example.org/a", "no URL of http"),
        ("https:///a", "no URL"),
        ("https://me:pw@example.org/a", "a user or a password"),
        ("https://example.org:99999/a", "no URL"),
        ("https://example.org/" + "a" * 9000, "too long"),
        ("https://example.org/\x00", "characters"),
        ("", "no URL"),
    ],
)
def test_what_is_no_link_is_refused(address: str, why: str) -> None:
    with pytest.raises(NeverError, match=why) as caught:
        checked(address)
    assert "pw" not in str(caught.value)


def test_a_link_has_one_form() -> None:
    assert str(checked("HTTPS://Example.ORG:443/a b.pdf#page=2")) == "https://example.org/a%20b.pdf"
    assert str(checked("https://bücher.example/ü")) == str(
        checked("https://xn--bcher-kva.example/%C3%BC")
    )


@given(st.text(max_size=60))
def test_nothing_breaks_on_any_string(text: str) -> None:
    for address in (text, f"https://{text}", f"https://example.org/{text}"):
        try:
            again = checked(str(checked(address)))
        except NeverError:
            continue
        assert again.scheme in ("http", "https")
        assert "@" not in shown(address).partition("://")[2].partition("/")[0]
