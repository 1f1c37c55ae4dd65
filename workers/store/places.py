"""Quick looks at the places that a recipe names: do they exist, answer, and let us in?

A look writes nothing and lists nothing large: it walks a local folder until the first document, for
a second at most, and asks a store for one page of keys, in a few seconds with all tries. The run
itself finds what a look misses.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from schemas.errors import AccessError, DatasetError, SourceError, StorageError
from schemas.lines import error_line
from workers.store.listing import list_names
from workers.store.locations import (
    absolute,
    filesystem,
    is_local,
    join,
    local_path,
    require_writable,
    translated,
)

_WALK_S = 1.0
_GLOB = re.compile(r"[*?\[]")


def look_at_source(pattern: str, suffixes: tuple[str, ...]) -> str:
    """One line, for people, about a source's folder, file or glob.

    Raises SourceError where it can match nothing, AccessError where we may not read it,
    StorageError where its store does not answer.
    """
    where = absolute(pattern)
    if not is_local(where):
        key = where.partition("://")[2]
        glob = _GLOB.search(key)
        if not _answers(where, key[: glob.start()] if glob else key):
            raise SourceError(f"{pattern!r} matches nothing; check the bucket and the prefix")
        return f"{pattern}: the store answers and holds files"
    path = local_path(where)
    if path.is_dir():
        return _look_into(pattern, path, suffixes)
    if os.path.lexists(path):
        _require(path, os.R_OK, "read")
        return f"{pattern} is a file"
    base = _before_glob(path)
    if base is None or not base.is_dir():
        missing = path if base is None else base
        raise SourceError(f"{pattern!r}: there is no {missing}{_tilde(pattern)}")
    _require(base, os.R_OK | os.X_OK, "list")
    return f"{base} is there; the run will list what matches"


def look_at_dataset(uri: str) -> str:
    """One line, for people, about the place of a dataset or its staging.

    Raises DatasetError where no dataset can be there, AccessError where we may not write there,
    StorageError where its store does not answer.
    """
    where = absolute(uri)
    require_writable(where)
    if not is_local(where):
        is_there = _answers(where, where.partition("://")[2] + "/")
        return f"the store answers; {uri} {'holds objects' if is_there else 'is still empty'}"
    path = local_path(where)
    nearest = next(folder for folder in (path, *path.parents) if os.path.lexists(folder))
    if not nearest.is_dir():
        raise DatasetError(
            f"{nearest} is a file, and a dataset is a folder; name another one{_tilde(uri)}"
        )
    _require(nearest, os.W_OK | os.X_OK, "write into")
    return f"{uri} is there" if nearest == path else f"{uri} will be made in {nearest}"


def require_dataset(uri: str) -> None:
    """Check that a dataset can be read at a place.

    Raises DatasetError for a file, for a folder with other contents, and where there is nothing;
    StorageError where the store does not answer.
    """
    where = absolute(uri)
    require_writable(where)
    nothing = DatasetError(f"{uri} holds no published version; `pagefoundry run` makes one")
    if not is_local(where):
        key = where.partition("://")[2]
        if not _answers(where, f"{key}/pages/_delta_log/"):
            raise nothing
        return
    path = local_path(where)
    if path.is_dir():
        _require(path, os.R_OK | os.X_OK, "read")
        if not any(path.iterdir()):
            raise nothing
        if not (path / "pages/_delta_log").is_dir():
            raise DatasetError(
                f"{uri} holds no published version: the folder has other things in it, and no "
                "`pages` table; name the `dataset` of a recipe that was run"
            )
    elif os.path.lexists(path):
        raise DatasetError(f"{uri} is a file, and a dataset is a folder; name the folder")
    else:
        raise nothing


def require_versions(uri: str, numbers: Collection[int]) -> None:
    """Check that the log of a dataset, which is there, reaches these versions of `pages`.

    Raises DatasetError for a version past the newest. Whether the others can be read is seen when
    they are read.
    """
    log = join(absolute(uri), "pages/_delta_log")
    names = (name.rpartition("/")[2] for name in list_names(log, ".json"))
    newest = max((int(name[:-5]) for name in names if name[:-5].isdigit()), default=None)
    for number in numbers:
        if newest is not None and number > newest:
            raise DatasetError(f"{uri} has no version {number}; the newest is {newest}")


def _answers(uri: str, prefix: str) -> bool:
    """Whether there is a key with this prefix; raises where the store gives no answer."""
    from workers.store.refusals import holder_of
    from workers.store.retry import RetryPolicy

    # The store is given up on after seconds.
    quick = RetryPolicy(tries=3, base_s=0.2, try_timeout_s=3, deadline_s=6)
    try:
        with translated("list", uri):
            fs, _ = filesystem(uri, quick)
            return any(fs.pages(prefix))
    except AccessError:
        raise
    except StorageError as exc:
        if uri.startswith("s3"):
            endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
            what = f"the store at {endpoint or 'AWS'}"
            remedy = "check that it runs, or correct `storage.endpoint`"
        else:
            what = f"the store of {holder_of(uri)}"
            remedy = "check the network, and the account and the keys in the environment"
        raise StorageError(
            f"{uri}: {what} does not answer ({error_line(exc.__cause__ or exc)}); {remedy}"
        ) from exc


def _look_into(pattern: str, folder: Path, suffixes: tuple[str, ...]) -> str:
    _require(folder, os.R_OK | os.X_OK, "list")
    deadline_s = time.monotonic() + _WALK_S
    others: set[str] = set()
    for name in _files(folder):
        if name.lower().endswith(suffixes):
            return f"{pattern} holds documents, such as {name}"
        others.add(os.path.splitext(name)[1] or "no suffix")
        if time.monotonic() > deadline_s:
            return f"{pattern} is there; it is too large to search here"
    holds = f"it holds files with {', '.join(sorted(others)[:5])}" if others else "it is empty"
    raise SourceError(
        f"{pattern!r} matches no file: {holds}; name a folder with files of {', '.join(suffixes)}"
    )


def _files(folder: Path) -> Iterator[str]:
    for _, _, names in os.walk(folder, followlinks=False):
        yield from names


def _before_glob(path: Path) -> Path | None:
    """The folder in front of a glob; None where there is no glob."""
    for number, part in enumerate(path.parts):
        if _GLOB.search(part):
            return Path(*path.parts[:number])
    return None


def _require(path: Path, mode: int, verb: str) -> None:
    if not os.access(path, mode):
        raise AccessError(
            f"this user may not {verb} {path}; give the right to it, or name another place"
        )


def _tilde(name: str) -> str:
    return "; no shell reads the recipe, so write the home folder out" if name[:1] == "~" else ""
