"""Names of datasets for deltalake, which takes URLs and refuses some names that a store allows.

Checked with deltalake 1.6.6 by `tests/workers/dataset/test_names.py`.
"""

from __future__ import annotations

import os
import re
from urllib.parse import quote

from schemas.errors import DatasetError
from workers.store.locations import is_local, is_utf8, local_path, local_uri

# deltalake unquotes a name twice, reads a backslash as a slash, and refuses control characters.
_UNFIT = re.compile(r"%[0-9A-Fa-f]{2}|\\|[\x00-\x1f\x7f]")
# URLs without an empty name, `.` or `..` between two slashes.
_REGULAR = re.compile(r"[^:]+://(?!\.{0,2}(/|$))[^/]+(/(?!\.{0,2}(/|$))[^/]+)*")


def require_name(dataset: str) -> None:
    """Raises DatasetError for a name that deltalake would refuse or take for another.

    Symbolic links of a local name are followed first, as deltalake does.
    """
    is_here = is_local(dataset)
    path = os.path.realpath(local_path(dataset)) if is_here else dataset
    if not is_utf8(path):
        what = "has a name that is not UTF-8"
    elif unfit := _UNFIT.search(path):
        what = f"has {unfit[0]!r} in its name"
    elif not is_here and not _REGULAR.fullmatch(path):
        what = "has an empty name, `.` or `..` between its slashes"
    else:
        return
    is_link = is_here and path != str(local_path(dataset))
    raise DatasetError(
        f"{dataset!r}{f', a link to {local_uri(path)!r},' if is_link else ''} {what}, so "
        "Delta tables cannot be kept there; name another folder"
    )


def table_url(uri: str) -> str:
    """The URL of a table. deltalake would read a bare name as a URL, and cut it at a `#` or `?`."""
    require_name(uri)
    if is_local(uri):
        return "file://" + quote(os.path.realpath(local_path(uri)))
    scheme, _, path = uri.partition("://")
    bucket, _, key = path.partition("/")  # an `@` parts the container from the account of Azure
    return f"{scheme}://{quote(bucket, safe='@')}/{quote(key)}"
