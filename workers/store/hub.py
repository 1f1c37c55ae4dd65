"""Repositories of datasets on the Hugging Face Hub, for reading: `hf://datasets/OWNER/NAME/path`.

`OWNER/NAME@revision` names a branch, a tag or a commit; a slash in it is written `%2F`. A version
of a file is the id of its blob. What is read together (a list, a file) is read at one commit, so a
push meanwhile mixes nothing. `HF_TOKEN` (or the token of `hf auth login`) opens private
repositories, and `HF_ENDPOINT` names another Hub.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import weakref
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, unquote

import httpx2
from fsspec.asyn import get_loop, sync
from huggingface_hub import constants
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # lazy

from workers.store.remote import CONNECT_TIMEOUT_S, Entry
from workers.store.retry import AnswerError, RetryPolicy, retried

# They write the addresses of redirects, which have keys in them.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_PAGE_FILES = 1000
_COMMIT = re.compile("[0-9a-f]{40}")


class Hub:
    """A `workers.store.remote.Readable`. It raises only OSError and its subclasses."""

    scheme = "hf"

    def __init__(self, policy: RetryPolicy) -> None:
        self.policy = policy
        self._url = os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")
        # A range is of the file's own bytes, so they must not be compressed on the way.
        self._http = httpx2.AsyncClient(
            headers={**build_hf_headers(), "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(policy.try_timeout_s, connect=CONNECT_TIMEOUT_S),
            follow_redirects=True,
        )
        weakref.finalize(self, _close, self._http)

    def pages(self, path: str, delimiter: str = "") -> Iterator[list[Entry]]:
        """The files whose paths begin with `path`, a page of 1,000 at a time."""
        repository, revision, prefix = _split(path)
        commit = self._commit(repository, revision)
        tree = f"{self._url}/api/{repository}/tree/{commit}"
        if folder := prefix.rpartition("/")[0]:
            tree += f"/{quote(folder, safe='')}"
        query = f"recursive={'false' if delimiter else 'true'}&expand=false&limit={_PAGE_FILES}"
        url: str | None = f"{tree}?{query}"
        root = path.removesuffix(prefix)
        with suppress(FileNotFoundError):  # no such folder
            while url:
                answer = self._ask("GET", url)
                yield [
                    _entry(root + item["path"], item)
                    for item in answer.json()
                    if item["type"] == "file" and item["path"].startswith(prefix)
                ]
                url = answer.links.get("next", {}).get("url")

    def info(self, path: str) -> Entry:
        """Size and version of a file; its name names the commit. Raises FileNotFoundError."""
        repository, revision, file = _split(path)
        commit = self._commit(repository, revision)
        url = f"{self._url}/api/{repository}/paths-info/{commit}"
        for item in self._ask("POST", url, data={"paths": [file], "expand": False}).json():
            if item["type"] == "file" and item["path"] == file:
                return _entry(f"{repository}@{commit}/{file}", item)
        raise FileNotFoundError(f"hf://{path}")

    def exists(self, path: str) -> bool:
        """Whether there is a file, or a folder with files."""
        with suppress(FileNotFoundError):
            return bool(self.info(path))
        return any(self.pages(path.rstrip("/") + "/"))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        """A file's bytes, or some of them; fewer where it is shorter."""
        entry = self.info(path)
        stop = entry["size"] if end is None else min(end, entry["size"])
        return self.read_span(entry, start or 0, stop)

    def read_span(self, entry: Entry, start: int, stop: int) -> bytes:
        """Bytes of the file in the commit that `entry` names."""
        if stop <= start:
            return b""
        repository, revision, file = _split(entry["name"])
        url = f"{self._url}/{repository}/resolve/{quote(revision, safe='')}/{quote(file)}"
        answer = self._ask("GET", url, stop - start, headers={"Range": f"bytes={start}-{stop - 1}"})
        return bytes(answer.content)

    def _commit(self, repository: str, revision: str) -> str:
        if _COMMIT.fullmatch(revision):
            return revision
        url = f"{self._url}/api/{repository}/revision/{quote(revision, safe='')}"
        return str(self._ask("GET", url).json()["sha"])

    def _ask(
        self, method: str, url: str, length: int | None = None, **request: Any
    ) -> httpx2.Response:
        send = partial(self._send, method, url, length, **request)
        answer: httpx2.Response = sync(get_loop(), retried, send, self.policy)
        return answer

    async def _send(
        self, method: str, url: str, length: int | None, **request: Any
    ) -> httpx2.Response:
        try:
            answer = await self._http.request(method, url, **request)
        except httpx2.TransportError as exc:
            # A redirect has its keys in the URL, so the URL is not in the message.
            raise ConnectionError(f"{type(exc).__name__}: {exc}") from exc
        if answer.is_success:
            if length is not None and len(answer.content) != length:
                raise ConnectionError(f"{len(answer.content)} of {length} bytes arrived")
            return answer
        code = answer.headers.get("X-Error-Code")
        reason = answer.headers.get("X-Error-Message") or answer.reason_phrase
        message = f"the Hub answers {answer.status_code}: {reason}"
        if code == "EntryNotFound":
            raise FileNotFoundError(message)
        raise AnswerError(
            message, answer.status_code, code, retry_after=answer.headers.get("Retry-After")
        )


def _close(http: httpx2.AsyncClient) -> None:
    asyncio.run_coroutine_threadsafe(http.aclose(), get_loop())


def _split(path: str) -> tuple[str, str, str]:
    """Repository (`datasets/OWNER/NAME`), revision, and the path in it."""
    kind, owner, name, *rest = path.split("/")
    name, _, revision = name.partition("@")
    return f"{kind}/{owner}/{name}", unquote(revision) or constants.DEFAULT_REVISION, "/".join(rest)


def _entry(name: str, item: dict[str, Any]) -> Entry:
    return {"name": name, "size": item["size"], "ETag": item["oid"], "modified_s": 0.0}


def hub(policy: RetryPolicy | None = None) -> Hub:
    """The Hub of the current environment; one for each process and environment."""
    settings = frozenset(item for item in os.environ.items() if item[0].startswith("HF_"))
    return _connected(policy or RetryPolicy(), settings, os.getpid())


@lru_cache(maxsize=8)
def _connected(policy: RetryPolicy, settings: frozenset[tuple[str, str]], process: int) -> Hub:
    return Hub(policy)
