"""The whole error tree. Foreign errors are translated into these at the edges, once.

PageFoundryError
├── RequestError            the request was wrong, and waiting mends nothing: exit code 2, one line,
│   │                       nothing was changed
│   ├── RecipeError         the recipe does not parse; names the field
│   ├── SourceError         a source pattern cannot be listed or matches nothing
│   └── DatasetError        the dataset is missing, or made with another digest
├── EnvironmentFault        not the page's fault, and may pass: backed off, and stops the run when
│   │                       it persists; exit code 3 unless it is a RequestError too
│   ├── StorageError        an object cannot be read or written
│   │   └── AccessError     a store or disk refuses us (credentials, rights, bucket, read-only): a
│   │                       RequestError too, which stops the run at once
│   ├── LeaseError          another run holds the dataset, or came between this run and its commit
│   ├── ClusterError        a Ray cluster does not answer, or Ray cannot start on this machine
│   ├── ModelError          an engine cannot be loaded: its device or its memory fails, or nobody
│   │   │                   has room for a replica
│   │   └── NoEngineError   there is no such engine: its package, checkpoint, profile, mode or task
│   │                       cannot be had; a RequestError too, which stops the run at once
│   └── EngineDied          what an engine runs on is gone; a replica ends and is started anew
├── ShardError              a chain failed for a reason that may lie in its pages: split and retried
├── DocumentError           a document is unreadable; carries the reject reason
└── IntegrityError          `verify` or a publish found rows that do not add up: exit code 1

A page that fails is no exception: it is a `schemas.pages.PageError` in its reading.
"""

from __future__ import annotations

UNACCOUNTED = 1
"""Exit code: something is unaccounted for, or failed its check."""
WRONG_REQUEST = 2
"""Exit code: the request was wrong."""
MAY_PASS = 3
"""Exit code: the surroundings failed; the same command may succeed later."""


class PageFoundryError(Exception):
    """Root of the tree; its message is one line for the user: what, where, and the remedy."""

    @property
    def exit_code(self) -> int:
        """What a command that ends with this error exits with."""
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
    """The surroundings failed, not the input."""


class StorageError(EnvironmentFault):
    """An object could not be read or written."""


class AccessError(StorageError, RequestError):
    """A store or a disk refuses us, and waiting mends nothing: credentials, rights, a bucket that
    is missing, a file system that is read-only."""


class LeaseError(EnvironmentFault):
    """Another run holds the dataset, took it from this one, or published in between."""


class ClusterError(EnvironmentFault):
    """A Ray cluster does not answer, or Ray cannot start on this machine."""


class ModelError(EnvironmentFault):
    """An engine could not be loaded."""


class NoEngineError(ModelError, RequestError):
    """The engine that was asked for cannot be had: its package, checkpoint, profile, mode or task.

    Waiting mends nothing.
    """


class EngineDied(EnvironmentFault):
    """What an engine runs on, a process or a device, is gone; a new replica may read on."""


class ShardError(PageFoundryError):
    """A shard's chain failed."""


class IntegrityError(PageFoundryError):
    """Rows that must add up do not."""


class DocumentError(PageFoundryError):
    """A document cannot be read.

    Args:
        reason: a word of `schemas.tables.REJECT_REASONS`.
        detail: one line for the user.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"
