"""What is said where a part of the version that is looked at is not there any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import DatasetError


@contextmanager
def requiring(uri: str) -> Iterator[None]:
    """Turns a FileNotFoundError into a DatasetError that says why a part can be gone."""
    try:
        yield
    except FileNotFoundError as exc:
        raise DatasetError(
            f"{uri} is gone: the version was removed by `vacuum`, or the part was erased on "
            "request; look at a newer version"
        ) from exc
