"""Gallery: a few samples of every kind that a dataset holds, to look at in a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.dataset.state import Snapshot, load_snapshot
from schemas.errors import DatasetError
from workers import store
from workers.dataset import read_part, read_rows
from workers.webpages import gallery

_KINDS = {"pages": ["text_source", "engine", "mode"], "conversations": ["mode"]}
_COLUMNS = {
    "pages": [
        *("page_id", "source_uri", "page_index", "image", "width", "height", "text"),
        *("text_source", "task", "engine", "mode", "blocks", "vision_tokens", "text_tokens"),
        *("compression", "quality"),
    ],
    "conversations": [
        *("source_uri", "messages", "images", "shown", "turns"),
        *("tokens_before", "tokens_after", "ratio"),
    ],
}


def make_gallery(dataset: str, each: int) -> tuple[str, int]:
    """The gallery's HTML, and how many samples it has.

    It has `each` samples of every text source, engine and mode, and `each` conversations of every
    mode: those with the first page ids. Raises DatasetError where nothing is published.
    """
    snapshot = load_snapshot(store.absolute(dataset))
    if snapshot is None:
        raise DatasetError(f"{dataset} holds no published version; `pagefoundry run` makes one")
    pages, conversations = (_first_rows(snapshot, name, each) for name in _KINDS)
    title = f"{store.absolute(dataset).rpartition('/')[2]}, version {snapshot.version}"
    return gallery.html(title, pages, conversations), len(pages) + len(conversations)


def _first_rows(snapshot: Snapshot, name: str, each: int) -> Sequence[Mapping[str, object]]:
    """The first rows of each kind of a table."""
    places: dict[tuple[str, ...], list[tuple[str, str, int]]] = {}
    for uri in snapshot.part_uris(name):
        for place, row in enumerate(read_part(uri, ["page_id", *_KINDS[name]]).to_pylist()):
            kind = tuple(row[column] for column in _KINDS[name])
            places.setdefault(kind, []).append((row["page_id"], uri, place))
    chosen = [row for kind in sorted(places) for row in sorted(places[kind])[:each]]
    return [next(read_rows(uri, [place], _COLUMNS[name])) for _, uri, place in chosen]
