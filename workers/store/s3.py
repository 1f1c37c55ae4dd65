"""The S3 file system: s3fs with our retries and deadlines, set up from the environment.

Endpoint, region, profile and credentials come from the environment (`AWS_ENDPOINT_URL`,
`AWS_REGION`, `AWS_PROFILE`, `AWS_ACCESS_KEY_ID` …) or the files that botocore reads. Secrets are
never passed on: botocore finds them itself in each process. Only a process that uses an `s3://`
URL imports this module, which takes 0.4 s and 23 MB.

It is not obstore, as for the other stores: obstore does not read profiles, roles of SSO and the
like, and cannot list a folder that has an object with an odd name, such as `a//b`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from botocore import exceptions as boto
from fsspec.asyn import sync_wrapper
from s3fs import S3FileSystem

from workers.store.remote import (
    CONCURRENT_PARTS,
    CONNECT_TIMEOUT_S,
    TRANSFER_BYTES,
    Entry,
    part_bytes,
)
from workers.store.retry import RetryPolicy, answer_of, deltas_retries, retried

# Between two packets. Completing a large multipart upload is the longest silence.
_READ_TIMEOUT_S = 60
_CONNECTIONS = 32
# A multipart upload that was completed, but whose answer was lost, is started again.
_UPLOADS = 3

# Answers to a put whose condition does not hold; 404 where the object is gone.
_REFUSED = (412, 404)


class _Stream(Protocol):
    """The body of an answer, as aiobotocore gives it."""

    async def read(self) -> bytes: ...

    def close(self) -> None: ...


class _Body:
    """An object's bytes, already read, as the stream that s3fs expects."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def read(self) -> bytes:
        return self.data

    def close(self) -> None:
        pass


class S3(S3FileSystem):  # type: ignore[misc]  # s3fs has no types
    """s3fs, with each request sent by `retried`, and no caches, because other processes write too.

    Raises only OSError and its subclasses, with botocore's error as the cause.
    """

    # No retries by s3fs on top of ours. (aiohttp still sends a request again, at once, where a
    # connection that it kept open turns out to be closed.)
    retries = 1
    scheme = "s3"
    default_block_size = TRANSFER_BYTES

    def __init__(self, policy: RetryPolicy, **kwargs: object) -> None:
        super().__init__(
            config_kwargs={
                "connect_timeout": CONNECT_TIMEOUT_S,
                "read_timeout": _READ_TIMEOUT_S,
                "max_pool_connections": _CONNECTIONS,
                "retries": {"mode": "standard", "total_max_attempts": 1},
            },
            max_concurrency=CONCURRENT_PARTS,
            use_listings_cache=False,
            **kwargs,
        )
        self.policy = policy

    def split_path(self, path: str) -> tuple[str, str, None]:
        """Bucket and key; s3fs would cut the key off at a `?versionId=`."""
        for scheme in ("s3://", "s3a://"):
            path = path.removeprefix(scheme)
        bucket, _, key = path.lstrip("/").partition("/")
        return bucket, key, None

    async def _call_s3(self, method: str, *akwarglist: object, **kwargs: object) -> Any:
        send = super()._call_s3

        async def send_and_read() -> dict[str, Any]:
            answer: dict[str, Any] = await send(method, *akwarglist, **kwargs)
            if method == "get_object":
                # A connection can break in the middle of a body: reading it is part of the try.
                answer["Body"] = _Body(await _read(answer["Body"]))
            return answer

        try:
            return await retried(send_and_read, self.policy)
        except OSError:
            raise
        except Exception as exc:
            raise OSError(str(exc)) from exc

    call_s3 = sync_wrapper(_call_s3)

    def pages(self, path: str, delimiter: str = "") -> Iterator[list[Entry]]:
        """The objects whose keys begin with `path` (`bucket/prefix`), a page of 1,000 at a time.

        With a delimiter, only keys that do not contain it after the prefix.
        """
        bucket, _, prefix = path.partition("/")
        request = {"Bucket": bucket, "Prefix": prefix, "Delimiter": delimiter}
        while True:
            answer = self.call_s3("list_objects_v2", **request)
            yield [
                {
                    "name": f"{bucket}/{entry['Key']}",
                    "size": entry["Size"],
                    "ETag": entry["ETag"],
                    "modified_s": entry["LastModified"].timestamp(),
                }
                for entry in answer.get("Contents", ())
                if not entry["Key"].endswith("/")  # what some tools leave for an empty folder
            ]
            if not answer.get("IsTruncated"):
                return
            request["ContinuationToken"] = answer["NextContinuationToken"]

    def get_object(self, path: str, **conditions: str) -> tuple[bytes, str]:
        """An object's bytes, or a range of them, and its ETag with its quotes."""
        bucket, _, key = path.partition("/")
        answer = self.call_s3("get_object", Bucket=bucket, Key=key, **conditions)
        return answer["Body"].data, answer["ETag"]

    def read_span(self, entry: Entry, start: int, stop: int) -> bytes:
        """Bytes of the version that `entry` names."""
        span = f"bytes={start}-{stop - 1}"
        return self.get_object(entry["name"], Range=span, IfMatch=entry["ETag"])[0]

    def cat_all(self, paths: Sequence[str]) -> list[bytes]:
        """The bytes of many small objects, in order, in one request each."""
        # Without concurrency in an object there is no request for its size. (`cat` would take names
        # with `*`, `?` or `[` for globs.)
        data: list[bytes] = self.cat_ranges(paths, None, None, on_error="raise", max_concurrency=1)
        return data

    def put_if(self, path: str, data: bytes, version: str | None) -> bool:
        """Write a small object if it is still at `version`, or if there is none; else False."""
        bucket, _, key = path.partition("/")
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        try:
            self.call_s3("put_object", Bucket=bucket, Key=key, Body=data, **condition)
        except OSError as exc:
            status, code = answer_of(exc)
            if status not in _REFUSED or code == "NoSuchBucket":
                raise
            return False
        return True

    def delete_objects(self, paths: Sequence[str]) -> None:
        """Delete objects of one bucket, at most 1,000; a missing one is no error."""
        bucket = paths[0].partition("/")[0]
        keys = [path.partition("/")[2] for path in paths]
        if len(keys) == 1:
            self.call_s3("delete_object", Bucket=bucket, Key=keys[0])
            return
        request = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        answer = self.call_s3("delete_objects", Bucket=bucket, Delete=request)
        for error in answer.get("Errors", ()):
            raise OSError(f"{error.get('Key')}: {error.get('Message') or error.get('Code')}")

    def upload(self, source: Path | bytes, path: str) -> None:
        """Write a local file, or bytes, as an object; in parts where it is large."""
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        chunk = part_bytes(size)
        for upload in range(1, _UPLOADS + 1):
            try:
                if isinstance(source, bytes):
                    self.pipe_file(path, source, chunksize=chunk)
                else:
                    self.put_file(str(source), path, chunksize=chunk)
                return
            except OSError as exc:
                if answer_of(exc)[1] != "NoSuchUpload" or upload == _UPLOADS:
                    raise


async def _read(body: _Stream) -> bytes:
    try:
        return bytes(await body.read())
    finally:
        body.close()


def s3_filesystem(policy: RetryPolicy | None = None) -> S3:
    """The S3 file system for the current environment; one for each process and environment."""
    settings = frozenset(item for item in os.environ.items() if item[0].startswith("AWS_"))
    return _connected(policy or RetryPolicy(), settings, os.getpid())


@lru_cache(maxsize=8)
def _connected(policy: RetryPolicy, settings: frozenset[tuple[str, str]], process: int) -> S3:
    # botocore itself reads only the second name.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    client = {"region_name": region} if region else {}
    return S3(policy, skip_instance_cache=True, client_kwargs=client)


def object_store_options() -> dict[str, str]:
    """deltalake's options for the same store and the same bounds, without secrets.

    deltalake finds credentials where botocore looks for them.
    """
    fs = s3_filesystem()
    try:
        fs.connect()
    except boto.BotoCoreError as exc:
        raise OSError(str(exc)) from exc
    meta = fs.s3.meta
    options = {
        "AWS_REGION": meta.region_name,
        "conditional_put": "etag",
        **deltas_retries(fs.policy),
    }
    if not meta.endpoint_url.endswith(".amazonaws.com"):
        options["AWS_ENDPOINT_URL"] = meta.endpoint_url
        options["AWS_ALLOW_HTTP"] = str(meta.endpoint_url.startswith("http://")).lower()
    return options
