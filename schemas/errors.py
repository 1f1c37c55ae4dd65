"""The whole error tree. Errors of libraries are translated into these in one place each.

PageFoundryError
├── RequestError            the request was wrong, and waiting does not help: exit code 2, one line,
│   │                       nothing was changed
│   ├── RecipeError         the recipe does not parse; names the field
│   ├── SourceError         a source pattern cannot be listed or matches nothing
│   └── DatasetError        the dataset is missing, or was made with another digest
├── EnvironmentFault        not the page's fault, and may pass: retried after pauses, and stops the
│   │                       run if it persists; exit code 3 unless it is also a RequestError
│   ├── StorageError        an object cannot be read or written
│   │   └── AccessError     a store or disk refuses access (credentials, rights, bucket, read-only);
│   │                       also a RequestError, so it stops the run at once
│   ├── LeaseError          another run holds the dataset, or published before this run's commit
│   ├── ClusterError        a Ray cluster does not answer, or Ray cannot start on this machine
│   ├── ModelError          an engine cannot be loaded: its device or memory fails, or no node has
│   │   │                   room for a replica
│   │   └── NoEngineError   the engine does not exist: its package, checkpoint, profile, mode or
│   │                       task is missing; also a RequestError, so it stops the run at once
│   ├── EngineDied          the engine's process or device died; the replica ends and is replaced
│   └── ServersDown         no server of the engine `endpoint` answers, or each refuses for now
├── ShardError              a chain failed, perhaps because of its pages: split and retried
├── DocumentError           a document is unreadable; carries the reject reason
└── IntegrityError          `verify` or a publish found rows that do not add up: exit code 1

A failed page raises no exception: its reading has a `schemas.pages.PageError`.
"""

from __future__ import annotations

UNACCOUNTED = 1
"""Exit code: something is unaccounted for or failed its check."""
WRONG_REQUEST = 2
"""Exit code: the request was wrong."""
MAY_PASS = 3
"""Exit code: the environment failed; the same command may succeed later."""


class PageFoundryError(Exception):
    """Root of the tree; its message is one line for the user: what, where, and the remedy."""

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this error."""
        if isinstance(self, RequestError):
            return WRONG_REQUEST
        return MAY_PASS if isinstance(self, EnvironmentFault) else UNACCOUNTED


class RequestError(PageFoundryError):
    """The request was wrong; nothing was changed."""


class RecipeError(RequestError):
    """The recipe does not parse."""


class SourceError(RequestError):
    """A source cannot be listed or matches nothing."""


class DatasetError(RequestError):
    """The dataset is missing or does not fit the request."""


class EnvironmentFault(PageFoundryError):
    """The environment failed, not the input."""


class StorageError(EnvironmentFault):
    """An object could not be read or written."""


class AccessError(StorageError, RequestError):
    """A store or a disk refuses access: credentials, rights, a missing bucket, a read-only disk.

    Waiting does not help.
    """


class LeaseError(EnvironmentFault):
    """Another run holds the dataset, took it from this one, or published in between."""


class ClusterError(EnvironmentFault):
    """A Ray cluster does not answer, or Ray cannot start on this machine."""


class ModelError(EnvironmentFault):
    """An engine could not be loaded."""


class NoEngineError(ModelError, RequestError):
    """The engine does not exist: its package, checkpoint, profile, mode or task is missing.

    Waiting does not help.
    """


class EngineDied(EnvironmentFault):
    """The process or the device of an engine died; a new replica may read on."""


class ServersDown(EnvironmentFault):
    """No server of the engine `endpoint` gives answers; they may come back."""


class ShardError(PageFoundryError):
    """A shard's chain failed."""


class IntegrityError(PageFoundryError):
    """Rows that must add up do not."""


class DocumentError(PageFoundryError):
    """A document cannot be read.

    Args:
        reason: a word of `schemas.reject_reasons.REJECT_REASONS`.
        detail: one line for the user.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"
