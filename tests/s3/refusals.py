"""What every store says where the request, and not the store, is at fault."""

from __future__ import annotations

import pytest

from schemas.errors import RequestError, StorageError
from workers import store
from workers.dataset import open_table


def refused(folder: str, message: str) -> list[str]:
    """Check that each kind of request is refused in one line with this message; the lines."""
    lines = []
    for act in (
        lambda: store.list_documents([folder]),
        lambda: store.list_documents([folder + "/*.pdf"]),
        lambda: store.write_bytes(folder + "/object", b"data"),
        lambda: store.read_bytes(folder + "/object"),
        lambda: store.stat(folder + "/object"),
        lambda: store.require_conditional_put(folder),
        lambda: open_table(folder + "/inventory"),
    ):
        with pytest.raises(RequestError, match=message) as caught:
            act()
        assert isinstance(caught.value, StorageError), "in a worker it is not the page's fault"
        assert "\n" not in str(caught.value)
        lines.append(str(caught.value))
    return lines
