"""A stand-in for the Hugging Face Hub: repositories of datasets in memory, for reading.

It answers the calls that `workers.store.hub` makes as the Hub's API documentation and
`huggingface_hub` describe them: lists in pages with a `Link`, files by a redirect to another
path (as to the Hub's CDN), errors with `X-Error-Code`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.answers import served

TOKEN = "hf_MARKER-7f3a9c-token"


@dataclass
class Repository:
    """Commits by their ids, each with its files; a branch names one."""

    is_private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def push(self, files: dict[str, bytes], branch: str = "main") -> str:
        before = self.commits.get(self.branches.get(branch, ""), {})
        after = {**before, **files}
        named = sorted((name, hashlib.sha1(data).hexdigest()) for name, data in after.items())
        commit = hashlib.sha1(repr(named).encode()).hexdigest()
        self.commits[commit] = after
        self.branches[branch] = commit
        return commit


@dataclass
class StandIn:
    """The running server."""

    port: int
    repositories: dict[str, Repository]
    page_files: int = 1000


@contextmanager
def serving() -> Iterator[StandIn]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub = StandIn(server.server_port, {})
    server.RequestHandlerClass = type("Handler", (Handler,), {"hub": hub})
    with served(server):
        yield hub


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    hub: StandIn

    def log_message(self, *args: object) -> None:
        pass

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            self.answer(url.path, body)
        except Refused as exc:
            self.answer_bytes(
                exc.status, {"X-Error-Code": exc.code, "X-Error-Message": "on purpose"}
            )

    def answer(self, path: str, body: bytes) -> None:
        if found := re.fullmatch(r"/api/(datasets/[^/]+/[^/]+)/([\w-]+)/(.*)", path):
            self._api(found[1], found[2], found[3], body.decode())
        elif found := re.fullmatch(r"/(datasets/[^/]+/[^/]+)/resolve/([^/]+)/(.*)", path):
            self._redirect(found[1], found[2], found[3])
        elif found := re.fullmatch(r"/cdn/(datasets/[^/]+/[^/]+)/resolve/([^/]+)/(.*)", path):
            self._send_file(*found.groups())
        else:
            raise Refused(404, "RepoNotFound")

    do_GET = do_HEAD = do_POST = do_PUT = serve  # noqa: N815

    def _files(self, name: str, revision: str) -> tuple[str, dict[str, bytes]]:
        repository = self.hub.repositories.get(name)
        is_us = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if repository is None or (repository.is_private and not is_us):
            raise Refused(401, "RepoNotFound")
        commit = repository.branches.get(unquote(revision), revision)
        if commit not in repository.commits:
            raise Refused(404, "RevisionNotFound")
        return commit, repository.commits[commit]

    def _api(self, name: str, call: str, rest: str, body: str) -> None:
        revision, _, folder = rest.partition("/")
        commit, files = self._files(name, revision)
        if call == "revision":
            self.answer_json({"id": name.removeprefix("datasets/"), "sha": commit})
        elif call == "paths-info":
            wanted = parse_qs(body)["paths"]
            self.answer_json([described(path, files[path]) for path in wanted if path in files])
        else:
            self._list(files, unquote(folder))

    def _redirect(self, name: str, revision: str, path: str) -> None:
        """Name the file's place in the CDN, as an address of another server would be."""
        commit, _ = self._files(name, revision)
        place = f"http://{self.headers['Host']}/cdn/{name}/resolve/{commit}/{path}"
        self.answer_bytes(302, {"Location": f"{place}?Signature=MARKER-signed"})

    def _list(self, files: dict[str, bytes], folder: str) -> None:
        prefix = f"{folder}/" if folder else ""
        below = sorted(path for path in files if path.startswith(prefix))
        if not below:
            raise Refused(404, "EntryNotFound")
        if self.query["recursive"] == "false":
            below = [path for path in below if "/" not in path.removeprefix(prefix)]
        start, count = int(self.query.get("cursor", 0)), self.hub.page_files
        page = [described(path, files[path]) for path in below[start : start + count]]
        folders = [{"type": "directory", "path": f"{prefix}folder", "oid": "0", "size": 0}]
        headers = {}
        if start + count < len(below):
            path = self.path.partition("&cursor=")[0]
            url = f"http://{self.headers['Host']}{path}&cursor={start + count}"
            headers = {"Link": f'<{url}>; rel="next"'}
        self.answer_json([*folders, *page], headers)

    def _send_file(self, name: str, revision: str, path: str) -> None:
        # The path of the CDN is signed, so it needs no token.
        data = self.hub.repositories[name].commits[revision].get(unquote(path))
        if data is None:
            raise Refused(404, "EntryNotFound")
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        part = data[int(span[1]) : int(span[2]) + 1] if span else data
        entry = described(path, data)
        facts = {"X-Repo-Commit": revision, "ETag": f'"{entry.get("lfs", entry)["oid"]}"'}
        self.answer_bytes(206 if span else 200, facts, part)

    def answer_json(self, value: object, headers: dict[str, str] | None = None) -> None:
        kind = {"Content-Type": "application/json"}
        self.answer_bytes(200, {**kind, **(headers or {})}, json.dumps(value).encode())

    def answer_bytes(self, status: int, headers: dict[str, str], data: bytes = b"") -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def described(path: str, data: bytes) -> dict[str, Any]:
    """A file as the Hub lists it; a `.parquet` file is in LFS."""
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry = {"type": "file", "path": path, "oid": blob, "size": len(data)}
    if path.endswith(".parquet"):
        sha256 = hashlib.sha256(data).hexdigest()
        entry["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 134}
    return entry
