"""An HTTP proxy on loopback that harms requests as bad networks and busy stores do.

The proxy forwards requests unchanged, including the Host header, so that their signatures stay
valid. A seeded generator chooses the requests to harm, and the fault. The proxy is a separate
process: deltalake holds the interpreter's lock while it waits for an answer, so a thread of the
same process could not answer.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# error: answer 500. slow_down: answer 503. reset: the request never arrives. lost: the request
# arrives, the answer does not. cut: half of the answer arrives. torn: half of an upload
# arrives. delay: the answer comes late.
KINDS = ("error", "slow_down", "reset", "lost", "cut", "torn", "delay")
# forget: lose the condition of a conditional create: GCS's header, or on S3 the object before.
FORGET = "forget"
# deny: answer 403, as for an object without access.
DENY = "deny"
_DELAY_S = 0.1
_TIMEOUT_S = 30
_CODES = {
    "error": (500, "InternalError"),
    "slow_down": (503, "SlowDown"),
    DENY: (403, "AccessDenied"),
}
_CONTROL = "/-faults"


class FaultyProxy:
    """A proxy in front of the server on `port`; harmless until `inject` is called."""

    def __init__(self, port: int, seed: int = 0) -> None:
        self._command = [sys.executable, __file__, str(port), str(seed)]

    def __enter__(self) -> FaultyProxy:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # the proxy ends when its stdin is closed

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def inject(
        self, *kinds: str, rate: float = 1, only: str = "", limit: int | None = None
    ) -> None:
        """From now on, harm the share `rate` of the requests in these ways; reset the counts.

        Args:
            only: a pattern; only requests whose `METHOD path` contains it are harmed.
            limit: the highest number of faults.
        """
        self._control({"kinds": kinds, "rate": rate, "only": only, "limit": limit})

    def calm(self) -> None:
        """Stop all faults."""
        self.inject(rate=0)

    @property
    def requests(self) -> int:
        """The number of requests since the last `inject`."""
        return int(self._control()["requests"])

    @property
    def faults(self) -> dict[str, int]:
        """The number of requests harmed in each way."""
        faults: dict[str, int] = self._control()["faults"]
        return faults

    def _control(self, rule: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", _CONTROL, json.dumps(rule))
            answer: dict[str, Any] = json.load(connection.getresponse())
            return answer
        finally:
            connection.close()


class _Rule:
    """Which faults to draw for requests, and counts of those drawn."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.change({"kinds": [], "rate": 0, "only": "", "limit": None})

    def change(self, rule: dict[str, Any]) -> None:
        with self._lock:
            self._rule = rule
            self._requests = 0
            self._faults: Counter[str] = Counter()

    def counts(self) -> dict[str, Any]:
        with self._lock:
            return {"requests": self._requests, "faults": self._faults}

    def draw(self, request: str) -> str | None:
        """Draw the fault for the next request, or None."""
        with self._lock:
            self._requests += 1
            rule = self._rule
            spent = rule["limit"] is not None and self._faults.total() >= rule["limit"]
            if spent or not rule["kinds"] or not re.search(rule["only"], request):
                return None
            if self._random.random() >= rule["rate"]:
                return None
            kind: str = self._random.choice(rule["kinds"])
            self._faults[kind] += 1
            return kind


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rule: _Rule
    upstream_port: int

    def log_message(self, *args: object) -> None:
        pass

    def setup(self) -> None:
        self.request.settimeout(_TIMEOUT_S)
        super().setup()
        self.upstream: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        if self.upstream is not None:
            self.upstream.close()
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the client or the proxy hung up

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == _CONTROL:
            self._obey(json.loads(body))
            return
        kind = self.rule.draw(f"{self.command} {self.path}")
        if kind == FORGET and self.headers["If-None-Match"]:
            self._delete()
        if kind == FORGET:
            del self.headers["x-goog-if-generation-match"]
        if kind == "delay":
            time.sleep(_DELAY_S)
        if kind in _CODES:
            self._answer_with(*_CODES[kind])
        elif kind == "reset":
            self._reset()
        elif kind == "torn":
            self._send_on(body[: len(body) // 2])
            self._reset()
        else:
            self._forward(body, kind)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve  # noqa: N815

    def _obey(self, rule: dict[str, Any] | None) -> None:
        if rule is not None:
            self.rule.change(rule)
        data = json.dumps(self.rule.counts()).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _delete(self) -> None:
        from s3fs import S3FileSystem

        fs = S3FileSystem(endpoint_url=f"http://127.0.0.1:{self.upstream_port}")
        bucket, _, key = self.path.partition("?")[0].removeprefix("/").partition("/")
        fs.call_s3("delete_object", Bucket=bucket, Key=key)

    def _forward(self, body: bytes, kind: str | None) -> None:
        response = self._send_on(body).getresponse()
        data = response.read()
        if kind == "lost":
            self._reset()
            return
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = response.getheader("Content-Length") if self.command == "HEAD" else len(data)
        self.send_header("Content-Length", str(length or 0))
        self.end_headers()
        if kind == "cut":
            self.wfile.write(data[: len(data) // 2])
            self._reset()
            return
        self.wfile.write(data)

    def _send_on(self, body: bytes) -> http.client.HTTPConnection:
        if self.upstream is None:
            self.upstream = http.client.HTTPConnection(
                "127.0.0.1", self.upstream_port, timeout=_TIMEOUT_S
            )
        self.upstream.putrequest(self.command, self.path, True, True)
        for name, value in self.headers.items():
            if name.lower() not in ("expect", "connection"):
                self.upstream.putheader(name, value)
        self.upstream.endheaders(body)
        return self.upstream

    def _answer_with(self, status: int, code: str) -> None:
        data = f"<Error><Code>{code}</Code><Message>on purpose</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _reset(self) -> None:
        """Close with RST, as a broken peer does."""
        self.close_connection = True
        if self.upstream is not None:
            self.upstream.close()
            self.upstream = None
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()


def _serve(port: int, seed: int) -> None:
    handler = type("Handler", (_Handler,), {"rule": _Rule(seed), "upstream_port": port})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
