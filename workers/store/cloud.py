"""Google Cloud Storage and Azure: obstore with our retries and deadlines.

obstore wraps the client that deltalake uses, so both find the account, the keys and an emulator's
address in the same variables (`GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME` …) or
by the role of the machine. Nothing is passed on: each process finds them itself.

A bucket of GCS knows its objects by generations, a container of Azure by ETags.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fsspec.asyn import get_loop, sync

from workers.store.clients import new_client
from workers.store.foreign_errors import (
    is_about_a_name,
    quoted_code,
    quoted_status,
    was_tried_again,
    what_failed,
)
from workers.store.remote import (
    CONCURRENT_PARTS,
    TRANSFER_BYTES,
    Entry,
    part_bytes,
)
from workers.store.retry import AnswerError, RetryPolicy, retried

if TYPE_CHECKING:
    from obstore import ListStream, ObjectMeta
    from obstore.store import AzureStore, GCSStore

Answer = TypeVar("Answer")

_PAGE_KEYS = 1000
# Small requests in flight at once.
_CONNECTIONS = 16
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")


class Cloud:
    """A `workers.store.remote.Remote`. It raises only OSError, and ValueError for an odd key."""

    def __init__(self, scheme: str, policy: RetryPolicy) -> None:
        self.scheme = scheme
        self.policy = policy
        self._stores: dict[tuple[str, bool], GCSStore | AzureStore] = {}

    def pages(self, path: str, delimiter: str = "") -> Iterator[list[Entry]]:
        """The objects whose paths begin with `path`, a page of 1,000 at a time.

        The store is asked for the folder, because obstore takes prefixes for folders.
        """
        bucket, prefix = _split(path)
        folder = prefix.rpartition("/")[0] or None
        if delimiter:
            one_level = partial(self._store(bucket).list_with_delimiter_async, folder)
            found: Any = self._ask(one_level)["objects"]
            yield [_entry(bucket, item) for item in found if item["path"].startswith(prefix)]
            return
        stream: ListStream[Sequence[ObjectMeta]] | None = None
        last: str | None = None

        async def page() -> Sequence[ObjectMeta]:
            # A list that broke off is begun again behind the last key that arrived.
            nonlocal stream
            pages = stream or self._store(bucket).list(folder, offset=last, chunk_size=_PAGE_KEYS)
            stream = pages
            try:
                return await pages.__anext__()
            except StopAsyncIteration:
                return ()
            except BaseException:
                stream = None
                raise

        while items := self._ask(page):
            last = items[-1]["path"]
            yield [_entry(bucket, item) for item in items if item["path"].startswith(prefix)]

    def info(self, path: str) -> Entry:
        """Size and version of an object. Raises FileNotFoundError."""
        bucket, key = _split(path)
        try:
            return _entry(bucket, self._ask(partial(self._store(bucket).head_async, key)))
        except FileNotFoundError:
            # The answer to a HEAD has no body, so only a list says that the bucket is missing.
            next(self.pages(path), None)
            raise

    def exists(self, path: str) -> bool:
        """Whether there is an object, or a folder with objects."""
        with suppress(FileNotFoundError):
            return _split(path)[1] != "" and bool(self.info(path))
        return any(self.pages(path.rstrip("/") + "/"))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        """An object's bytes, or some of them; fewer where it is shorter."""
        if start is None or end is None:
            return self.get_object(path)[0]
        try:
            return self._ask(partial(self._get, path, {"range": (start, end)}))[0]
        except AnswerError as exc:
            if exc.status == 416:  # it ends before `start`
                return b""
            raise

    def read_span(self, entry: Entry, start: int, stop: int) -> bytes:
        """Bytes of the version that `entry` names."""
        options = {"range": (start, stop), "if_match": entry["ETag"]}
        return self._ask(partial(self._get, entry["name"], options))[0]

    def cat_all(self, paths: Sequence[str]) -> list[bytes]:
        """The bytes of many small objects, in order."""
        answers = self._ask_all(partial(self._get, path, {}) for path in paths)
        return [data for data, _ in answers]

    def get_object(self, path: str) -> tuple[bytes, str]:
        """An object's bytes and the version that `put_if` takes. Raises FileNotFoundError."""
        data, meta = self._ask(partial(self._get, path, {}))
        return data, str(meta["version"] if self.scheme == "gs" else meta["e_tag"])

    def put_if(self, path: str, data: bytes, version: str | None) -> bool:
        """Write a small object if it is still at `version`, or if there is none; else False."""
        mode = "create" if version is None else {"e_tag": version, "version": version}
        try:
            self._ask(partial(self._put, path, data, mode=mode, use_multipart=False))
        except FileNotFoundError:
            return False
        except AnswerError as exc:
            if exc.status != 412 and exc.code != "BlobAlreadyExists":
                raise
            return False
        return True

    def upload(self, source: Path | bytes, path: str) -> None:
        """Write a local file, or bytes, as an object; in parts where it is large."""
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size <= TRANSFER_BYTES:
            data = source if isinstance(source, bytes) else source.read_bytes()
            self._ask(partial(self._put, path, data, use_multipart=False))
            return
        chunk = part_bytes(size)
        rounds = -(-size // (chunk * CONCURRENT_PARTS))
        send = partial(
            self._put,
            path,
            source,
            in_parts=True,
            chunk_size=chunk,
            max_concurrency=CONCURRENT_PARTS,
        )
        # obstore sends each part again by itself; what is left is to begin the upload again.
        whole = replace(
            self.policy,
            tries=3,
            try_timeout_s=self.policy.deadline_s * rounds,
            deadline_s=3 * self.policy.deadline_s * rounds,
        )
        self._ask(send, whole)

    def delete_objects(self, paths: Sequence[str]) -> None:
        """Delete objects; a missing one is no error."""
        self._ask_all(partial(self._delete, path) for path in paths)

    # ---- requests ---------------------------------------------------------------------------

    async def _get(self, path: str, options: dict[str, Any]) -> tuple[bytes, ObjectMeta]:
        bucket, key = _split(path)
        answer = await self._store(bucket).get_async(key, options=options)  # type: ignore[arg-type]
        # A connection can break in the middle of a body: reading it is part of the try.
        data = bytes(await answer.bytes_async())
        first, stop = answer.range
        if len(data) != stop - first:
            raise ConnectionError(f"{len(data)} of {stop - first} bytes arrived")
        return data, answer.meta

    async def _put(
        self, path: str, source: Path | bytes, in_parts: bool = False, **options: Any
    ) -> None:
        bucket, key = _split(path)
        await self._store(bucket, in_parts).put_async(key, source, **options)

    async def _delete(self, path: str) -> None:
        bucket, key = _split(path)
        with suppress(FileNotFoundError):
            await self._store(bucket).delete_async(key)

    def _ask(
        self, send: Callable[[], Awaitable[Answer]], policy: RetryPolicy | None = None
    ) -> Answer:
        answer: Answer = sync(get_loop(), _sent, send, policy or self.policy)
        return answer

    def _ask_all(self, sends: Iterable[Callable[[], Awaitable[Answer]]]) -> list[Answer]:
        answers: list[Answer] = sync(get_loop(), _all_sent, list(sends), self.policy)
        return answers

    def _store(self, bucket: str, retries: bool = False) -> GCSStore | AzureStore:
        """The client of a bucket; obstore itself sends again only where `retries`."""
        store = self._stores.get((bucket, retries))
        if store is None:
            store = new_client(f"{self.scheme}://{bucket}", self.policy, retries)
            self._stores[bucket, retries] = store
        return store


async def _sent(send: Callable[[], Awaitable[Answer]], policy: RetryPolicy) -> Answer:
    return await retried(partial(_answered, send), policy)


async def _all_sent(
    sends: list[Callable[[], Awaitable[Answer]]], policy: RetryPolicy
) -> list[Answer]:
    free = asyncio.Semaphore(_CONNECTIONS)

    async def one(send: Callable[[], Awaitable[Answer]]) -> Answer:
        async with free:
            return await _sent(send, policy)

    return await asyncio.gather(*map(one, sends))


async def _answered(send: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer to a request; obstore's errors become ours."""
    from obstore.exceptions import BaseError

    try:
        return await send()
    except (BaseError, FileNotFoundError) as exc:
        text = what_failed(str(exc))
        status, code = quoted_status(str(exc)), quoted_code(str(exc))
        if isinstance(exc, FileNotFoundError) and code not in _NO_BUCKET:
            raise FileNotFoundError(text) from exc
        if is_about_a_name(text):
            raise ValueError(f"{text}; rename it, or name folders without it") from exc
        if was_tried_again(text):
            raise OSError(text) from exc
        if status is not None:
            raise AnswerError(text, status, code) from exc
        raise ConnectionError(text) from exc


def _split(path: str) -> tuple[str, str]:
    bucket, _, key = path.partition("/")
    return bucket, key


def _entry(bucket: str, item: ObjectMeta) -> Entry:
    return {
        "name": f"{bucket}/{item['path']}",
        "size": item["size"],
        "ETag": item["e_tag"] or "",
        "modified_s": item["last_modified"].timestamp(),
    }


def cloud(scheme: str, policy: RetryPolicy | None = None) -> Cloud:
    """The stores of a scheme for the current environment; one for each process and environment."""
    prefixes = ("GOOGLE_",) if scheme == "gs" else ("AZURE_", "AZURITE_", "IDENTITY_", "MSI_")
    settings = frozenset(item for item in os.environ.items() if item[0].startswith(prefixes))
    return _connected(scheme, policy or RetryPolicy(), settings, os.getpid())


@lru_cache(maxsize=8)
def _connected(
    scheme: str, policy: RetryPolicy, settings: frozenset[tuple[str, str]], process: int
) -> Cloud:
    return Cloud(scheme, policy)
