"""Requests to a server that does what hosts do; time is a number, and names are a table."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import StorageError
from schemas.links import Links
from tests.loopback import Exchange
from tests.web import (
    Answer,
    Web,
    cut_short,
    drips,
    drips_headers,
    in_turn,
    leads_to,
    pours,
    says,
)
from workers.sources.kept_links import Kept
from workers.sources.links import Link, Outcome, Outside, fetch_links
from workers.sources.links.hosts import MAX_FAILURES

DATA = b"%PDF-1.7 a document"
HERE = ("127.0.0.0/8",)


@dataclass
class Clock:
    """A clock that a pause moves on."""

    now_s: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.now_s

    async def pause(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))
        self.now_s += seconds


@dataclass
class Names:
    """A resolver: each name has its addresses, one list after the other."""

    of: Mapping[str, Sequence[list[str]]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answers = self.of[host]
        return answers[min(self.asked.count(host), len(answers)) - 1]


@pytest.fixture
def web() -> Iterator[Web]:
    with Web({"a.pdf": DATA}) as server:
        assert isinstance(server, Web)
        yield server


def fetched(
    folder: Path, urls: Sequence[str], outside: Outside | None = None, **settings: Any
) -> dict[str, Outcome]:
    links = Links(**{"interval_s": 0, "networks": HERE, "timeout_s": 20, **settings})
    outcomes = fetch_links(
        [Link(url, url) for url in urls], links, Kept(str(folder / "kept")), outside
    )
    assert len(outcomes) == len(urls)
    return {outcome.link.url: outcome for outcome in outcomes}


def outcome(folder: Path, web: Web, path: str, **settings: Any) -> Outcome:
    clock = Clock()
    url = f"{web.root}{path}"
    outside = Outside(pause=clock.pause, now_s=clock.now)
    return fetched(folder, [url], outside, **settings)[url]


# ---- what comes -------------------------------------------------------------------------------


def test_a_document_is_kept_under_its_digest(web: Web, tmp_path: Path) -> None:
    first = outcome(tmp_path, web, "/a.pdf", contact="https://example.org/bot")
    digest = hashlib.sha256(DATA).hexdigest()
    assert (first.kind, first.sha256, first.size) == ("kept", digest, len(DATA))
    assert (tmp_path / "kept/bodies" / digest).read_bytes() == DATA
    again = outcome(tmp_path, web, "/a.pdf")
    assert (again.kind, again.sha256, again.bytes_read) == ("kept", digest, 0)
    request = next(r for r in web.requests if r.path == "/a.pdf")
    assert request.headers["user-agent"] == "PageFoundry (+https://example.org/bot)"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["host"] == f"127.0.0.1:{web.port}"


@pytest.mark.parametrize("lost", ["bodies/*", "links/*.json"])
def test_what_is_no_longer_kept_is_fetched_again(lost: str, web: Web, tmp_path: Path) -> None:
    outcome(tmp_path, web, "/a.pdf")
    (place,) = (tmp_path / "kept").glob(lost)
    place.unlink()
    again = outcome(tmp_path, web, "/a.pdf")
    assert again.bytes_read == len(DATA)
    assert place.exists()


def test_a_damaged_record_counts_as_none(
    web: Web, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outcome(tmp_path, web, "/a.pdf")
    (place,) = (tmp_path / "kept/links").iterdir()
    place.write_text('{"url": 1}')
    assert outcome(tmp_path, web, "/a.pdf").bytes_read == len(DATA)
    assert "is damaged" in caplog.text


def test_a_date_asks_where_there_is_no_etag(web: Web, tmp_path: Path) -> None:
    date = formatdate(0, usegmt=True)
    web.answers["/a.pdf"] = in_turn(says(200, DATA, last_modified=date), says(304))
    outcome(tmp_path, web, "/a.pdf")
    assert outcome(tmp_path, web, "/a.pdf").kind == "kept"
    headers = web.requests[-1].headers
    assert headers["if-modified-since"] == date
    assert "if-none-match" not in headers


def test_an_answer_that_was_not_asked_for_is_none(web: Web, tmp_path: Path) -> None:
    web.answers["/a.pdf"] = says(304)
    assert outcome(tmp_path, web, "/a.pdf").kind == "refused"


@pytest.mark.parametrize("members", [1, 2])
def test_packed_answers_are_unpacked(members: int, web: Web, tmp_path: Path) -> None:
    packed = gzip.compress(DATA) * members
    web.answers["/a.pdf"] = says(200, packed, content_encoding="gzip")
    found = outcome(tmp_path, web, "/a.pdf")
    assert (found.kind, found.size) == ("kept", members * len(DATA))
    assert found.bytes_read == len(packed)


def test_pieces_of_packed_answers_lose_nothing(web: Web, tmp_path: Path) -> None:
    data = b"abcdefgh" * 2**17 + b"end"  # four pieces, the third of which ends within a match
    web.answers["/a.pdf"] = says(200, gzip.compress(data), content_encoding="gzip")
    assert outcome(tmp_path, web, "/a.pdf").sha256 == hashlib.sha256(data).hexdigest()


def test_links_are_fetched_from_within_a_running_loop(web: Web, tmp_path: Path) -> None:
    async def cell_of_a_notebook() -> Outcome:
        return outcome(tmp_path, web, "/a.pdf")

    assert asyncio.run(cell_of_a_notebook()).kind == "kept"


def test_a_kept_folder_that_fails_is_not_the_links_fault(web: Web, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(StorageError):
        outcome(tmp_path, web, "/a.pdf")


# ---- limits -----------------------------------------------------------------------------------

BOMB = gzip.compress(bytes(32 * 2**20))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says(200, bytes(2**20 + 1)), id="large"),
        pytest.param(pours, id="without end"),
        pytest.param(cut_short(b"x", 2**40), id="promised"),
        pytest.param(says(200, BOMB, content_encoding="gzip"), id="bomb"),
    ],
)
def test_what_is_too_large_is_refused(answer: Answer, web: Web, tmp_path: Path) -> None:
    web.answers["/a.pdf"] = answer
    found = outcome(tmp_path, web, "/a.pdf", max_bytes=2**20)
    assert (found.kind, found.reason) == ("refused", "too_large")
    assert not list((tmp_path / "kept").glob("bodies/*"))


def test_as_many_bytes_as_are_allowed_are_taken(web: Web, tmp_path: Path) -> None:
    assert outcome(tmp_path, web, "/a.pdf", max_bytes=len(DATA)).kind == "kept"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(drips, "no whole answer within", id="body"),
        pytest.param(drips_headers, "no whole answer within", id="headers"),
        pytest.param(cut_short(b"x", 100), "RemoteProtocolError", id="cut"),
        pytest.param(says(200, BOMB[:100], content_encoding="gzip"), "packed bytes", id="packed"),
        pytest.param(says(200, b"no gzip", content_encoding="gzip"), "wrongly", id="not packed"),
        pytest.param(says(500), "HTTP 500", id="500"),
        pytest.param(says(408), "HTTP 408", id="408"),
    ],
)
def test_what_breaks_may_come_another_time(
    answer: Answer, why: str, web: Web, tmp_path: Path
) -> None:
    web.answers["/a.pdf"] = answer
    timeout_s = 1 if why.startswith("no whole") else 20
    found = outcome(tmp_path, web, "/a.pdf", timeout_s=timeout_s)
    assert found.kind == "failed"
    assert why in found.detail
    assert web.asked("/a.pdf") == 2  # it was tried twice


def test_a_packing_that_was_not_asked_for_is_refused(web: Web, tmp_path: Path) -> None:
    web.answers["/a.pdf"] = says(200, b"x", content_encoding="br")
    found = outcome(tmp_path, web, "/a.pdf")
    assert (found.kind, found.reason) == ("refused", "not_fetched")


@pytest.mark.parametrize(
    ("status", "kind"), [(404, "gone"), (410, "gone"), (401, "refused"), (206, "refused")]
)
def test_other_answers(status: int, kind: str, web: Web, tmp_path: Path) -> None:
    web.answers["/a.pdf"] = says(status)
    assert outcome(tmp_path, web, "/a.pdf").kind == kind
    assert web.asked("/a.pdf") == 1


# ---- addresses and redirects ------------------------------------------------------------------


def test_a_private_host_is_not_asked(web: Web, tmp_path: Path) -> None:
    found = outcome(tmp_path, web, "/a.pdf", networks=())
    assert (found.kind, found.reason) == ("refused", "not_fetched")
    assert web.requests == []


def test_a_name_that_means_another_host_a_moment_later_leads_nowhere(
    web: Web, tmp_path: Path
) -> None:
    names = Names({"e.org": [["127.0.0.1"], ["127.0.0.1"], ["10.0.0.1"]]})
    url = f"http://e.org:{web.port}/a.pdf"
    first = fetched(tmp_path, [url], Outside(resolve=names.resolve))[url]
    # One look at the name for robots.txt and one for the document: none between check and use.
    assert (first.kind, names.asked) == ("kept", ["e.org", "e.org"])
    again = fetched(tmp_path, [url], Outside(resolve=names.resolve))[url]
    assert again.kind == "refused"
    assert {r.headers["host"] for r in web.requests} == {f"e.org:{web.port}"}


def test_the_second_address_is_tried_where_the_first_refuses(web: Web, tmp_path: Path) -> None:
    names = Names({"e.org": [["127.0.0.2", "127.0.0.1"]]})  # nothing listens at the first
    url = f"http://e.org:{web.port}/a.pdf"
    assert fetched(tmp_path, [url], Outside(resolve=names.resolve))[url].kind == "kept"


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "https://user:pw@127.0.0.1/",
        "http://[::1",
        "",
    ],
)
def test_redirects_are_checked(target: str, web: Web, tmp_path: Path) -> None:
    web.answers["/a.pdf"] = leads_to(target)
    found = outcome(tmp_path, web, "/a.pdf")
    if found.kind == "moved":  # another host, whose task finds that it is private
        found = fetch_links([found.link], Links(networks=HERE), Kept(str(tmp_path / "kept")))[0]
    assert found.kind == "refused"
    assert "pw" not in found.detail


def test_redirects_end(web: Web, tmp_path: Path) -> None:
    web.answers |= {f"/{n}.pdf": leads_to(f"/{n + 1}.pdf", 307) for n in range(20)}
    assert "more than 5 times" in outcome(tmp_path, web, "/0.pdf").detail
    web.answers["/5.pdf"] = says(200, DATA, etag='"5"')
    assert outcome(tmp_path, web, "/0.pdf").kind == "kept"
    web.answers["/5.pdf"] = says(304)
    web.requests.clear()
    assert outcome(tmp_path, web, "/0.pdf").kind == "kept"
    conditions = {r.path: r.headers.get("if-none-match") for r in web.requests}
    assert conditions["/5.pdf"] == '"5"'
    assert conditions["/0.pdf"] is None


def test_a_redirect_to_another_host_is_left_to_that_host(web: Web, tmp_path: Path) -> None:
    web.answers["/a.pdf"] = leads_to(f"http://e.org:{web.port}/b.pdf")
    found = outcome(tmp_path, web, "/a.pdf")
    url = f"{web.root}/a.pdf"
    assert found == Outcome(Link(url, f"http://e.org:{web.port}/b.pdf", 1), "moved")


def test_no_cookie_and_no_proxy_is_used(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    web.answers["/a.pdf"] = in_turn(
        says(302, location="/b.pdf", set_cookie="id=1; Path=/"), says(200)
    )
    web.files["/b.pdf"] = DATA
    assert outcome(tmp_path, web, "/a.pdf").kind == "kept"
    assert all("cookie" not in request.headers for request in web.requests)


# ---- a certificate is for the name, not for the address ----------------------------------------


class SecureWeb(Web):
    """A server with a certificate; `names` are those that clients asked for."""

    def __init__(self, files: Mapping[str, bytes], folder: Path) -> None:
        super().__init__(files)
        self.names: list[str] = []
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self._tls.sni_callback = lambda _socket, name, _context: self.names.append(name)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]


def test_the_certificate_of_the_name_is_asked_for(tmp_path: Path) -> None:
    make = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=e.org "
        "-addext subjectAltName=DNS:e.org -keyout key.pem -out cert.pem"
    )
    subprocess.run(
        make.split(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    trusted = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    names = Names({"e.org": [["127.0.0.1"]], "other.org": [["127.0.0.1"]]})
    with SecureWeb({"a.pdf": DATA}, tmp_path) as web:
        assert isinstance(web, SecureWeb)
        urls = [f"https://{host}:{web.port}/a.pdf" for host in ("e.org", "other.org")]
        found = fetched(tmp_path, urls, Outside(resolve=names.resolve, tls=trusted))
        assert [found[url].kind for url in urls] == ["kept", "failed"]
        assert "certificate" in found[urls[1]].detail
        assert set(web.names) == {"e.org", "other.org"}
        # Those that the system trusts do not know this one.
        assert fetched(tmp_path, urls[:1], Outside(resolve=names.resolve))[urls[0]].kind == "failed"


# ---- the pace of a host -----------------------------------------------------------------------


def test_a_host_is_asked_at_its_pace(web: Web, tmp_path: Path) -> None:
    clock = Clock()
    web.files |= {f"/{n}.pdf": DATA for n in range(3)}
    urls = [f"{web.root}/{n}.pdf" for n in range(3)]
    outside = Outside(pause=clock.pause, now_s=clock.now)
    fetched(tmp_path, urls, outside, interval_s=2.5)
    assert clock.pauses == [2.5] * 3  # robots.txt was the first request
    web.answers["/robots.txt"] = says(200, b"User-agent: *\nCrawl-delay: 9\n")
    clock.pauses.clear()
    fetched(tmp_path, urls, outside, interval_s=2.5)
    assert clock.pauses == [2.5, 9, 9]


@pytest.mark.parametrize("connections", [1, 3])
def test_connections_are_bounded(connections: int, web: Web, tmp_path: Path) -> None:
    async def slowly(exchange: Exchange) -> None:
        # All that may come together are here, or nothing more comes.
        for _ in range(100):
            if web.under_way == connections:
                break
            await asyncio.sleep(0.01)
        await exchange.send(200, DATA)

    urls = [f"{web.root}/{n}.pdf" for n in range(6)]
    web.answers |= {f"/{n}.pdf": slowly for n in range(6)}
    found = fetched(tmp_path, urls, connections=connections)
    assert {o.kind for o in found.values()} == {"kept"}
    assert web.most_under_way == connections


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_for_a_pause_gets_it(status: int, web: Web, tmp_path: Path) -> None:
    clock = Clock()
    web.answers["/a.pdf"] = in_turn(says(status, retry_after="45"), says(200, DATA))
    outside = Outside(pause=clock.pause, now_s=clock.now)
    url = f"{web.root}/a.pdf"
    assert fetched(tmp_path, [url], outside)[url].kind == "kept"
    assert clock.pauses == [45]


def test_a_long_pause_is_left_to_the_next_run(web: Web, tmp_path: Path) -> None:
    clock = Clock()
    web.answers["/a.pdf"] = says(503, retry_after="3600")
    web.files["/b.pdf"] = DATA
    urls = [f"{web.root}/{name}.pdf" for name in "ab"]
    found = fetched(tmp_path, urls, Outside(pause=clock.pause, now_s=clock.now))
    assert {o.kind for o in found.values()} == {"failed"}
    assert clock.pauses == []
    assert (web.asked("/a.pdf"), web.asked("/b.pdf")) == (1, 0)


def test_a_host_that_fails_again_and_again_is_left_in_peace(web: Web, tmp_path: Path) -> None:
    urls = [f"{web.root}/{n}.pdf" for n in range(20)]
    web.answers |= {f"/{n}.pdf": says(500) for n in range(20)}
    other = {"e.org": [["127.0.0.1"]], "127.0.0.1": [["127.0.0.1"]]}
    fine = f"http://e.org:{web.port}/a.pdf"
    found = fetched(tmp_path, [*urls, fine], Outside(resolve=Names(other).resolve))
    assert all(found[url].kind == "failed" for url in urls)
    assert found[fine].kind == "kept"
    assert sum(r.path != "/robots.txt" for r in web.requests) == 2 * MAX_FAILURES + 1


def test_a_host_that_fails_now_and_then_is_asked_on(web: Web, tmp_path: Path) -> None:
    urls = [f"{web.root}/{n}.pdf" for n in range(3 * MAX_FAILURES)]
    web.files |= {f"/{n}.pdf": DATA for n in range(0, len(urls), 2)}
    web.answers |= {f"/{n}.pdf": says(500) for n in range(1, len(urls), 2)}
    found = fetched(tmp_path, urls)
    assert [found[url].kind for url in urls[::2]] == ["kept"] * len(urls[::2])
    assert all(found[url].detail == "HTTP 500" for url in urls[1::2])


# ---- robots.txt -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(says(404), "kept", id="none"),
        pytest.param(says(403), "kept", id="denied"),
        pytest.param(says(200, b"User-agent: *\nDisallow: /a"), "refused", id="forbids"),
        pytest.param(leads_to("/elsewhere.txt", 301), "refused", id="moved"),
        pytest.param(leads_to("/robots.txt"), "kept", id="round"),
        pytest.param(says(500), "failed", id="fails"),
        pytest.param(says(429), "failed", id="busy"),
        pytest.param(drips_headers, "failed", id="drips"),
        pytest.param(leads_to("http://10.0.0.1/"), "refused", id="inward"),
        pytest.param(pours, "kept", id="without end"),
    ],
)
def test_robots_txt_is_heeded(answer: Answer, kind: str, web: Web, tmp_path: Path) -> None:
    web.answers |= {
        "/robots.txt": answer,
        "/elsewhere.txt": says(200, b"User-agent: PageFoundry\nDisallow: /"),
    }
    found = outcome(tmp_path, web, "/a.pdf", timeout_s=1 if answer is drips_headers else 20)
    assert found.kind == kind, found.detail
    assert (web.asked("/a.pdf") > 0) == (kind == "kept")
