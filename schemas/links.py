"""Lists of links: how a source's addresses are fetched, and how politely."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.part import Location, Part, PositiveInt
from schemas.reject_reasons import REJECT_REASONS


def _is_network(word: str) -> str:
    try:
        return str(ipaddress.ip_network(word))
    except ValueError as exc:
        raise ValueError(
            f"{word!r} is no range of addresses ({exc}); write one like 10.1.0.0/16"
        ) from exc


def _is_reason(word: str) -> str:
    if word not in REJECT_REASONS:
        raise ValueError(f"{word!r} is no reason of a reject; `truncated` is one")
    return word


def _is_contact(word: str) -> str:
    if not (word.isascii() and word.isprintable()) or "(" in word or ")" in word:
        raise ValueError(f"{word!r}: write a mail address or a URL, in ASCII without brackets")
    return word


class Links(Part):
    """How the links are fetched that a source's lists name. Bounds hold for each host."""

    column: Location = Field(
        default="url",
        description="The field of JSON lines, or the column of Parquet files, that has the "
        "address. A plain text has one address a line; `#` begins a comment.",
    )
    rejects: tuple[Annotated[str, AfterValidator(_is_reason)], ...] = Field(
        default=(),
        description="With it, `documents` names finished datasets, and the links are the URLs of "
        "documents that they reject for these reasons: `[truncated]` fetches what a crawl cut "
        "short.",
    )
    interval_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=1.0,
        description="Seconds between the beginnings of two requests to a host, at least. A longer "
        "`Crawl-delay` of its robots.txt is heeded, up to 60 s.",
    )
    connections: Annotated[int, Field(ge=1, le=16)] = Field(
        default=1, description="Requests that are under way at a host at one time, at most."
    )
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60.0, description="The longest time of one request, with all of its answer."
    )
    max_bytes: PositiveInt = Field(
        default=2**28, description="The largest document that is fetched, unpacked."
    )
    networks: tuple[Annotated[str, AfterValidator(_is_network)], ...] = Field(
        default=(),
        description="Ranges of addresses, such as `10.1.0.0/16`, that may be asked although they "
        "are not public. By default no address of a private network is.",
    )
    contact: Annotated[str, AfterValidator(_is_contact)] | None = Field(
        default=None,
        description="A mail address or URL by which the owners of hosts reach you; it is sent with "
        "every request.",
    )
    kept: Location | None = Field(
        default=None,
        description="The folder or URL that keeps what was fetched. By default it is in the "
        "dataset's staging.",
    )
