"""A repository of datasets on the Hugging Face Hub, for writing; `workers.store.hub` reads them.

`huggingface_hub` sends the requests, and repeats those that it may. This module names its steps,
gives its requests a deadline, and turns its errors into ours. It does not know what files mean.

    repository = HubRepository("OWNER/NAME", "main")
    repository.upload({"pages/data/a.parquet": Path("a.parquet")})
    parts, texts = ["pages/data/a.parquet"], {"README.md": card}
    commit = repository.commit(parts, texts, [], "Version 1", parent=repository.head())
    repository.tag("v1", commit)
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    constants,
    get_token,
    is_offline_mode,
    set_client_factory,
)
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # lazy
    disable_progress_bars,
    validate_repo_id,
)

from schemas.errors import AccessError, LeaseError, PageFoundryError, RequestError, StorageError
from workers.store.remote import CONNECT_TIMEOUT_S

# Between two pieces of data, not for a whole upload. The commit of many files takes longest.
_SILENCE_S = 300
_KIND = "dataset"
_DENIED, _NOT_FOUND, _CHANGED = (401, 403), 404, 412
_MAY_PASS = (408, 409, 429)
_AGAIN = "push again, and what has arrived is not sent anew"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a commit: the id of its blob, and the SHA-256 of its bytes where it is in LFS."""

    blob: str
    size: int
    sha256: str | None

    def holds(self, data: bytes) -> bool:
        """Whether the file has these bytes."""
        if self.sha256 is not None:
            return self.sha256 == hashlib.sha256(data).hexdigest()
        return self.blob == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class HubRepository:
    """One branch of a repository, and the tags of the repository.

    Every method raises AccessError where the Hub refuses us, RequestError where it refuses what is
    sent, LeaseError where another commit came first, and StorageError where it fails.
    """

    def __init__(self, name: str, branch: str) -> None:
        try:
            validate_repo_id(name)
        except HFValidationError as exc:
            raise RequestError(f"--repo {name!r} is no name of a repository: {exc}") from exc
        if "/" not in name:
            raise RequestError(f"--repo {name!r} names no owner; write --repo OWNER/NAME")
        if (token := get_token()) is None:
            raise AccessError(
                f"no token for the Hub, so nothing can be written to {name}; set HF_TOKEN, or run "
                "`hf auth login`"
            )
        if is_offline_mode():
            raise AccessError("HF_HUB_OFFLINE is set, so nothing can be pushed; unset it")
        self.name, self.branch = name, branch
        self.url = os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")
        self._api = HfApi(endpoint=self.url, token=token)
        self._uploaded: dict[str, CommitOperationAdd] = {}
        set_client_factory(_client)  # by default a request has no deadline
        disable_progress_bars()  # the command has its own

    def head(self) -> str | None:
        """The newest commit of the branch; None where we see no such repository."""
        with self._translated("look at"):
            try:
                info = self._api.repo_info(self.name, repo_type=_KIND, revision=self.branch)
            except RevisionNotFoundError as exc:
                raise RequestError(
                    f"{self.name} has no branch {self.branch!r}; make it first: "
                    f"hf repos branch create {self.name} {self.branch} --type dataset"
                ) from exc
            except RepositoryNotFoundError:
                return None
        assert info.sha is not None
        return info.sha

    def create(self, is_private: bool) -> None:
        """Make the repository."""
        with self._translated("make"):
            self._api.create_repo(self.name, repo_type=_KIND, private=is_private, exist_ok=True)

    def files(self, commit: str) -> dict[str, RemoteFile]:
        """The files of a commit, by path."""
        with self._translated("list"):
            listed = self._api.list_repo_tree(
                self.name, recursive=True, revision=commit, repo_type=_KIND
            )
            return {
                item.path: RemoteFile(
                    item.blob_id, item.size, item.lfs.sha256 if item.lfs else None
                )
                for item in listed
                if isinstance(item, RepoFile)
            }

    def tags(self) -> dict[str, str]:
        """The commit of each tag."""
        with self._translated("list the tags of"):
            refs = self._api.list_repo_refs(self.name, repo_type=_KIND)
        return {tag.name: tag.target_commit for tag in refs.tags}

    def upload(self, files: Mapping[str, Path]) -> None:
        """Send the bytes of local files, by their paths there; a commit can name them then.

        Bytes that the Hub has already, of whatever commit or of an upload without one, are not
        sent. The local files are not needed any more afterwards.
        """
        with self._translated("send files to"):
            additions = [CommitOperationAdd(path, file) for path, file in files.items()]
            self._api.preupload_lfs_files(
                self.name, additions, repo_type=_KIND, revision=self.branch
            )
            for addition, file in zip(additions, files.values(), strict=True):
                if isinstance(addition.path_or_fileobj, str):  # not for LFS: the commit has it
                    addition.path_or_fileobj = file.read_bytes()
            self._uploaded.update((addition.path_in_repo, addition) for addition in additions)

    def commit(
        self,
        uploaded: Collection[str],
        texts: Mapping[str, bytes],
        gone: Collection[str],
        message: str,
        parent: str,
    ) -> str:
        """Commit files that were `uploaded` and `texts`, and remove `gone`; the id of the commit.

        Raises LeaseError where the branch is not at `parent` any more.
        """
        operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = [
            *(self._uploaded[path] for path in uploaded),
            *(CommitOperationAdd(path, data) for path, data in texts.items()),
            *(CommitOperationDelete(path, is_folder=False) for path in gone),
        ]
        with self._translated("commit to"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the Hub's advice on the header of a card
            done = self._api.create_commit(
                self.name,
                operations,
                commit_message=message,
                repo_type=_KIND,
                revision=self.branch,
                parent_commit=parent,
            )
        return done.oid

    def tag(self, name: str, commit: str) -> None:
        """Name a commit."""
        with self._translated("tag"):
            self._api.create_tag(self.name, tag=name, revision=commit, repo_type=_KIND)

    @contextmanager
    def _translated(self, act: str) -> Iterator[None]:
        try:
            yield
        except PageFoundryError:
            raise
        except (httpx2.HTTPError, OSError, ValueError, RuntimeError) as exc:
            raise self._ours(act, exc) from exc

    def _ours(self, act: str, exc: Exception) -> PageFoundryError:
        """Our error for one of `huggingface_hub`, in one line, without the keys in addresses."""
        cause: BaseException = exc
        while isinstance(cause, RuntimeError) and cause.__cause__ is not None:
            cause = cause.__cause__
        what = f"cannot {act} {self.name} on the Hub"
        if isinstance(cause, HfHubHTTPError):
            return self._answered(what, cause)
        line = " ".join(str(cause).split()) or type(cause).__name__
        if isinstance(cause, ValueError):  # the header of the card, for example
            return RequestError(f"{what}: {line}")
        return StorageError(f"{what}: {line}; {_AGAIN}")

    def _answered(self, what: str, exc: HfHubHTTPError) -> PageFoundryError:
        status = exc.response.status_code
        reason = " ".join((exc.server_message or exc.response.reason_phrase).split())
        line = f"{what}: it answers {status}: {reason}"
        if status == _CHANGED:
            return LeaseError(
                f"{self.name}: another commit came to {self.branch!r} during this push, which "
                f"stopped before it overwrote anything; {_AGAIN}"
            )
        if status in _DENIED:
            return AccessError(f"{line}; give a token that may write there: HF_TOKEN")
        if status == _NOT_FOUND:
            return AccessError(f"{line}; it is not there, or this token may not see it")
        if status in _MAY_PASS or status >= 500:
            return StorageError(f"{line}; {_AGAIN}")
        return RequestError(line)


def _client() -> httpx2.Client:
    return httpx2.Client(
        follow_redirects=True, timeout=httpx2.Timeout(_SILENCE_S, connect=CONNECT_TIMEOUT_S)
    )
