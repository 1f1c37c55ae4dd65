"""Names of datasets as deltalake takes them: as URLs, and not every name that a store allows.

Checked with deltalake 1.6.6 by `tests/workers/dataset/test_names.py`.
"""

from __future__ import annotations

import os
import re
from urllib.parse import quote

from schemas.errors import DatasetError
from workers.store.locations import is_local, is_utf8, local_path, local_uri

# deltalake unquotes a name twice, takes a backslash for a slash, and refuses what prints nothing.
_UNFIT = re.compile(r"%[0-9A-Fa-f]{2}|\\|[\x00-\x1f\x7f]")
# The names between the slashes of a URL that it takes.
_REGULAR = re.compile(r"[^:]+://(?!\.{0,2}(/|$))[^/]+(/(?!\.{0,2}(/|$))[^/]+)*")


def require_name(dataset: str) -> None:
    """Raises DatasetError for a dataset whose name deltalake would take for another, or not at all.

    A local name is looked at behind its symbolic links, as deltalake does.
    """
    is_here = is_local(dataset)
    path = os.path.realpath(local_path(dataset)) if is_here else dataset
    if not is_utf8(path):
        what = "has a name that is not UTF-8"
    elif found := _UNFIT.search(path):
        what = f"has {found[0]!r} in its name"
    elif not is_here and not _REGULAR.fullmatch(path):
        what = "has an empty name, `.` or `..` between its slashes"
    else:
        return
    is_link = is_here and path != str(local_path(dataset))
    raise DatasetError(
        f"{dataset!r}{f', a link to {local_uri(path)!r},' if is_link else ''} {what}, and Delta "
        "tables cannot be kept there; name another folder"
    )


def table_url(uri: str) -> str:
    """The URL of a table. A bare name would be taken for one, and cut at its `#` or `?`."""
    require_name(uri)
    if is_local(uri):
        return "file://" + quote(os.path.realpath(local_path(uri)))
    scheme, _, path = uri.partition("://")
    return f"{scheme}://{quote(path)}"
