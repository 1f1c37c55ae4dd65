"""Which addresses may be asked: URLs in their normal form, and no host of a private network.

The address that was checked is the one that is connected to, so that a name which means another
host a moment later (DNS rebinding) leads nowhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator

import httpx2

from schemas.lines import HARMFUL
from workers.sources.links.outcomes import ForNowError, NeverError

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host and port, as a resolver gives them."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

_MAX_URL_CHARS = 8192
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# What Python counts as public, in some of its versions, and is not.
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure answers its virtual machines here with their configuration
            "192.0.0.0/24",  # special purposes (RFC 6890); Oracle's cloud does the same here
            "192.88.99.0/24",  # relays of 6to4
            "64:ff9b:1::/48",  # IPv4 within a private network (RFC 8215)
        ),
    )
)


def checked(address: str) -> httpx2.URL:
    """A URL that may be asked, without its fragment.

    Raises NeverError for any other; its message does not repeat a password.
    """
    if len(address) > _MAX_URL_CHARS or HARMFUL.search(address):
        raise NeverError("it is no URL: it is too long, or has characters that no URL has")
    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, ValueError) as exc:
        raise NeverError(f"it is no URL ({exc})") from exc
    if url.scheme not in ("http", "https") or not url.host:
        raise NeverError("it is no URL of http or https")
    if url.port is not None and not 0 < url.port < 2**16:
        raise NeverError(f"it is no URL: there is no port {url.port}")
    if url.userinfo:
        raise NeverError("it has a user or a password; links are fetched without any")
    return url.copy_with(fragment=None)


def shown(address: str) -> str:
    """An address as it may stand in a table: one that is no URL, without what may be a password."""
    head, at, tail = HARMFUL.sub("?", address[:_MAX_URL_CHARS]).partition("://")
    if not at:
        return head
    authority, slash, path = tail.partition("/")
    return f"{head}://{authority.rpartition('@')[2]}{slash}{path}"


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, by the system's resolver. Raises ForNowError where it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise ForNowError("its host has no address") from exc
    return list(dict.fromkeys(str(place[4][0]) for place in found))


def networks_of(words: Iterable[str]) -> Networks:
    """The ranges that a recipe allows."""
    return tuple(map(ipaddress.ip_network, words))


async def allowed(url: httpx2.URL, allow: Networks, resolver: Resolve) -> list[str]:
    """The addresses of a URL's host. Raises NeverError where one of them is not public.

    A host with one private address among others is refused, or a second try would reach that one.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await resolver(url.host, port)
    if not found:
        raise ForNowError("its host has no address")
    for word in found:
        if not is_allowed(word, allow):
            raise NeverError("its host is not public; `links.networks` may allow it")
    return found


def is_allowed(word: str, allow: Networks) -> bool:
    """Whether an address is public, and so are those that it carries, or is in `allow`.

    >>> is_allowed("169.254.169.254", ()), is_allowed("::ffff:10.0.0.1", ())
    (False, False)
    """
    try:
        address = ipaddress.ip_address(word)
    except ValueError:
        return False  # with the name of an interface, such as fe80::1%eth0
    return all(
        _is_public(part) or any(part in network for network in allow) for part in _carried(address)
    )


def _carried(address: Address) -> Iterator[Address]:
    """The IPv4 addresses that an IPv6 address leads to, or itself."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in _NAT64:
        yield ipaddress.IPv4Address(address.packed[-4:])
    else:
        yield address
        if address.sixtofour is not None:
            yield address.sixtofour


def _is_public(address: Address) -> bool:
    if address.is_multicast or address.is_reserved:
        return False
    if any(address in network for network in _NOT_PUBLIC):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return address.is_global
