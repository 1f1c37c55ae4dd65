"""Gallery: a few samples of every kind that a dataset holds, to look at in a browser."""

from __future__ import annotations

from pipelines.state import load_snapshot
from schemas.errors import DatasetError
from workers import gallery, store
from workers.parts import read_part, read_row

_KIND = ["text_source", "engine", "mode"]
_COLUMNS = [
    *("page_id", "source_uri", "page_index", "image", "width", "height", "text", "text_source"),
    *("task", "engine", "mode", "blocks", "vision_tokens", "text_tokens", "compression"),
]


def make_gallery(dataset: str, each: int) -> tuple[str, int]:
    """The gallery's HTML and how many samples it has: `each` of every text source, engine and
    mode, those with the first page ids.

    Raises DatasetError where nothing is published.
    """
    snapshot = load_snapshot(store.absolute(dataset))
    if snapshot is None:
        raise DatasetError(f"{dataset} has no published version; `pagefoundry run` makes one")
    pages = snapshot.tables["pages"]
    found: dict[tuple[str, ...], list[tuple[str, str, int]]] = {}
    for uri in (pages.part_uri(part) for part in pages.parts):
        for place, row in enumerate(read_part(uri, ["page_id", *_KIND]).to_pylist()):
            kind = tuple(row[name] for name in _KIND)
            found.setdefault(kind, []).append((row["page_id"], uri, place))
    chosen = [one for kind in sorted(found) for one in sorted(found[kind])[:each]]
    rows = [read_row(uri, place, _COLUMNS) for _, uri, place in chosen]
    title = f"{store.absolute(dataset).rpartition('/')[2]}, version {snapshot.version}"
    return gallery.html(title, rows), len(rows)
