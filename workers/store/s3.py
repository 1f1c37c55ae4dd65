"""The S3 file system: s3fs with our retries and deadlines, set up from the environment.

Endpoint, region, profile and credentials come from the environment (`AWS_ENDPOINT_URL`,
`AWS_REGION`, `AWS_PROFILE`, `AWS_ACCESS_KEY_ID` …) or the files that botocore reads. Secrets are
never passed on: botocore finds them itself in each process. Only a process that uses an `s3://`
URL imports this module, which takes 0.4 s and 23 MB.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypedDict

from botocore import exceptions as boto
from fsspec.asyn import sync_wrapper
from s3fs import S3FileSystem

from workers.store.foreign_errors import quoted_code
from workers.store.retry import RetryPolicy, answer_of, retried

# One request moves at most this much, so that a try has a deadline. S3 takes parts from 5 MiB.
TRANSFER_BYTES = 16 * 2**20
_MAX_PARTS = 10_000
# Parts in flight for one file: 64 MiB of memory.
_CONCURRENT_PARTS = 4
_CONNECT_TIMEOUT_S = 10
# Between two packets. Completing a large multipart upload is the longest silence.
_READ_TIMEOUT_S = 60
_CONNECTIONS = 32
# A multipart upload that was completed, but whose answer was lost, is started again.
_UPLOADS = 3

_CREDENTIAL_CODES = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
    *("TokenRefreshRequired", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed"),
    *("CredentialsNotSupported", "NotSignedUp", "AccountProblem", "InvalidSecurity"),
}
_DENIED_CODES = {"AccessDenied", "AllAccessDisabled", "Forbidden", "401"}
# Not among them: CredentialRetrievalError and TokenRetrievalError, which mean that the service of a
# role did not answer just now.
_CREDENTIAL_ERRORS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.ConfigNotFound,
    boto.ConfigParseError,
)


class Entry(TypedDict):
    """An object in a listing; `name` is `bucket/key`."""

    name: str
    size: int
    ETag: str


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
    default_block_size = TRANSFER_BYTES

    def __init__(self, policy: RetryPolicy, **kwargs: object) -> None:
        super().__init__(
            config_kwargs={
                "connect_timeout": _CONNECT_TIMEOUT_S,
                "read_timeout": _READ_TIMEOUT_S,
                "max_pool_connections": _CONNECTIONS,
                "retries": {"mode": "standard", "total_max_attempts": 1},
            },
            max_concurrency=_CONCURRENT_PARTS,
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
                {"name": f"{bucket}/{entry['Key']}", "size": entry["Size"], "ETag": entry["ETag"]}
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

    def put_object(self, path: str, data: bytes, **conditions: str) -> None:
        """Write a small object in one request."""
        bucket, _, key = path.partition("/")
        self.call_s3("put_object", Bucket=bucket, Key=key, Body=data, **conditions)

    def delete_objects(self, paths: Sequence[str]) -> None:
        """Delete objects of one bucket, at most 1,000; a missing one is no error."""
        bucket = paths[0].partition("/")[0]
        keys = [path.partition("/")[2] for path in paths]
        request = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        answer = self.call_s3("delete_objects", Bucket=bucket, Delete=request)
        for error in answer.get("Errors", ()):
            raise OSError(f"{error.get('Key')}: {error.get('Message') or error.get('Code')}")

    def download(self, path: str, target: Path) -> None:
        """Copy an object to a local file, range by range. Raises FileNotFoundError."""
        info = self.info(path)
        if info["type"] != "file":
            raise FileNotFoundError(path)
        with target.open("wb") as handle:
            for start in range(0, info["size"], TRANSFER_BYTES):
                stop = min(start + TRANSFER_BYTES, info["size"])
                # If-Match, so that two versions of the object are never mixed.
                data, _ = self.get_object(
                    path, Range=f"bytes={start}-{stop - 1}", IfMatch=info["ETag"]
                )
                handle.write(data)

    def upload(self, source: Path | bytes, path: str) -> None:
        """Write a local file, or bytes, as an object; in parts where it is large."""
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        chunk = max(TRANSFER_BYTES, -(-size // _MAX_PARTS))
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


def refusal(exc: BaseException, bucket: str) -> str | None:
    """Why the store refuses us, with the remedy; None where `exc` is another error."""
    cause = exc.__cause__ or exc
    code = answer_of(exc)[1]
    if code is None:
        code = quoted_code(str(exc))
    if isinstance(cause, _CREDENTIAL_ERRORS) or code in _CREDENTIAL_CODES:
        return (
            f"the credentials for the bucket {bucket!r} are wrong or missing "
            f"({code or type(cause).__name__}); set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, and check the endpoint and the clock"
        )
    if code == "NoSuchBucket":
        return f"there is no bucket {bucket!r}; make it, or check its name, endpoint and region"
    if code == "403":  # the answer to a HEAD has no body, so either may be the reason
        return (
            f"access to the bucket {bucket!r} is denied, or the credentials are wrong ({code}); "
            "check the credentials and what they allow"
        )
    if code in _DENIED_CODES:
        return (
            f"access to the bucket {bucket!r} is denied ({code}); check the credentials, and "
            "allow them to list it and to read and write its objects"
        )
    return None


def s3_filesystem(policy: RetryPolicy | None = None) -> S3:
    """The S3 file system for the current environment; one for each process and environment."""
    settings = frozenset(item for item in os.environ.items() if item[0].startswith("AWS_"))
    return _connected(policy or RetryPolicy(), settings, os.getpid())


def quick_filesystem() -> S3:
    """The same file system for a quick look: it gives up after seconds."""
    return s3_filesystem(RetryPolicy(tries=3, base_s=0.2, try_timeout_s=3, deadline_s=6))


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
    meta, policy = fs.s3.meta, fs.policy
    options = {
        "AWS_REGION": meta.region_name,
        "conditional_put": "etag",
        "max_retries": str(policy.tries - 1),
        "retry_timeout": f"{policy.deadline_s:g}s",
        "backoff_config.init_backoff": f"{policy.base_s * 1000:g}ms",
        "backoff_config.max_backoff": f"{policy.cap_s:g}s",
        "backoff_config.base": "2",
        "connect_timeout": f"{_CONNECT_TIMEOUT_S}s",
        "timeout": f"{policy.try_timeout_s:g}s",
    }
    if not meta.endpoint_url.endswith(".amazonaws.com"):
        options["AWS_ENDPOINT_URL"] = meta.endpoint_url
        options["AWS_ALLOW_HTTP"] = str(meta.endpoint_url.startswith("http://")).lower()
    return options
