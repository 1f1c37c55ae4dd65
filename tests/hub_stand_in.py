"""A stand-in of the Hugging Face Hub that takes pushes. It is not the Hub, and not all of it.

It has just the calls that `huggingface_hub` 2.4 makes for `pagefoundry push` without Xet, written
from that library's requests: make a repository, its head, tree, references and tags, the modes of
an upload, the batch endpoint of LFS with PUT and verify, a commit, and the check of a card's
header. Reading is that of `tests.stores.hub_server`. Bytes stay in memory, by SHA-256, also those
that no commit names. As on the Hub, `.parquet` files go to LFS and other files into the commit.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from tests.answers import served
from tests.stores.hub_server import TOKEN, Handler, Refused, Repository, StandIn, described


@dataclass
class Pushable(Repository):
    """Commits with a parent and a title; `branches` has the tags, too."""

    titles: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)

    def commit(self, files: dict[str, bytes], title: str, branch: str = "main") -> str:
        parent = self.branches.get(branch, "")
        named = sorted((path, hashlib.sha1(data).hexdigest()) for path, data in files.items())
        commit = hashlib.sha1(repr((parent, title, named)).encode()).hexdigest()
        self.commits[commit], self.titles[commit] = files, title
        self.branches[branch] = commit
        return commit


@dataclass
class PushStandIn(StandIn):
    """The running server, what it has received in bytes by kind, and what is to go wrong."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    received: Counter[str] = field(default_factory=Counter)
    on_upload: Callable[[int], None] = lambda count: None  # with how many came before it
    before_commit: Callable[[], None] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that was killed
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as it came


@contextmanager
def taking_pushes() -> Iterator[PushStandIn]:
    server = _Server(("127.0.0.1", 0), _Handler)
    hub = PushStandIn(server.server_port, {})
    server.RequestHandlerClass = type("PushHandler", (_Handler,), {"hub": hub})
    with served(server):
        yield hub


class _Handler(Handler):
    hub: PushStandIn
    body: bytes

    def answer(self, path: str, body: bytes) -> None:
        self.body = body
        path = unquote(path)
        if path.startswith("/lfs/"):  # the address is signed, so it needs no token
            self._upload(path.removeprefix("/lfs/"))
            return
        writes = self.command == "POST" and "/paths-info/" not in path
        if writes and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "")
        if path == "/api/repos/create":
            self._create()
        elif path == "/api/validate-yaml":
            self.answer_json({"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/(datasets/[^/]+/[^/]+)\.git/info/lfs/(.+)", path):
            self._lfs(found[2])
        elif found := re.fullmatch(r"/api/(datasets/[^/]+/[^/]+)/refs", path):
            self._refs(self._repository(found[1]))
        elif writes and (
            found := re.fullmatch(
                r"/api/(datasets/[^/]+/[^/]+)/(preupload|commit|tag)/([^/]+)", path
            )
        ):
            act = {"preupload": self._modes, "commit": self._commit, "tag": self._tag}[found[2]]
            act(self._repository(found[1]), found[3])
        else:
            super().answer(urlsplit(self.path).path, body)

    def _repository(self, name: str) -> Pushable:
        repository = self.hub.repositories.get(name)
        if repository is None or self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "RepoNotFound")
        assert isinstance(repository, Pushable)
        return repository

    def _create(self) -> None:
        wanted = json.loads(self.body)
        name = f"datasets/{wanted['organization']}/{wanted['name']}"
        if name not in self.hub.repositories:
            made = self.hub.repositories[name] = Pushable(wanted.get("visibility") == "private")
            made.commit({".gitattributes": b"*.parquet filter=lfs\n"}, "initial commit")
        self.answer_json({"url": f"{self.hub.endpoint}/{name}"})

    def _refs(self, repository: Pushable) -> None:
        def listed(kind: str, names: list[str]) -> list[dict[str, str]]:
            return [
                {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit}
                for name in names
                for commit in [repository.branches[name]]
            ]

        heads = [name for name in repository.branches if name not in repository.tags]
        lists = {"branches": listed("heads", heads), "tags": listed("tags", repository.tags)}
        self.answer_json({**lists, "converts": []})

    def _modes(self, repository: Pushable, branch: str) -> None:
        files = repository.commits[repository.branches[branch]]
        modes = []
        for wanted in json.loads(self.body)["files"]:
            path = wanted["path"]
            mode = "lfs" if path.endswith(".parquet") else "regular"
            oid = None
            if path in files:
                entry = described(path, files[path])
                oid = entry["lfs"]["oid"] if mode == "lfs" else entry["oid"]
            modes.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self.answer_json({"files": modes})

    def _lfs(self, call: str) -> None:
        asked = json.loads(self.body)
        if call == "verify":
            if len(self.hub.blobs.get(asked["oid"], b"")) != asked["size"]:
                raise Refused(422, "")
            self.answer_json({})
            return
        assert call == "objects/batch"
        place = urlsplit(self.path).path.removesuffix("/objects/batch")
        actions = [
            {
                **wanted,
                "actions": {
                    "upload": {"href": f"{self.hub.endpoint}/lfs/{wanted['oid']}"},
                    "verify": {"href": f"{self.hub.endpoint}{place}/verify"},
                },
            }
            if wanted["oid"] not in self.hub.blobs
            else wanted
            for wanted in asked["objects"]
        ]
        self.answer_json({"objects": actions, "transfer": "basic"})

    def _upload(self, sha256: str) -> None:
        with self.hub.lock:  # one after the other, so that it is known what has arrived
            self.hub.on_upload(len(self.hub.blobs))
            if hashlib.sha256(self.body).hexdigest() != sha256:
                raise Refused(400, "")
            self.hub.blobs[sha256] = self.body
            self.hub.received["files"] += len(self.body)
        self.answer_bytes(200, {}, b"")

    def _commit(self, repository: Pushable, branch: str) -> None:
        self.hub.before_commit()
        lines = [json.loads(line) for line in self.body.splitlines()]
        header = lines.pop(0)["value"]
        if header.get("parentCommit") not in (None, repository.branches[branch]):
            raise Refused(412, "")
        files = dict(repository.commits[repository.branches[branch]])
        for line in lines:
            value = line["value"]
            if line["key"] == "deletedFile":
                del files[value["path"]]
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
            else:
                assert line["key"] == "file"
                files[value["path"]] = base64.b64decode(value["content"])
        self.hub.received["commits"] += len(self.body)
        place = self.hub.endpoint + unquote(self.path).removeprefix("/api").partition("/commit/")[0]
        commit = repository.commit(files, header["summary"], branch)
        self.answer_json({"commitUrl": f"{place}/commit/{commit}", "commitOid": commit})

    def _tag(self, repository: Pushable, revision: str) -> None:
        name = json.loads(self.body)["tag"]
        if name in repository.tags:
            raise Refused(409, "")
        repository.branches[name] = repository.branches.get(revision, revision)
        repository.tags.append(name)
        self.answer_json({})
