"""Search everything under a dataset for documents that were taken down: `verify --forgotten`.

The proof covers every object: parts of all versions and of none, logs and checkpoints, the card
and Croissant, and staging wherever it lies. Of each it reads the ids (`workers.dataset.search`).
Only the images of a staged shard are not read: the rows beside them say whose they are. An object
of which nothing can be proven like this is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cluster.session import Session
from pipelines.dataset.staged import holds_shards, staging_roots
from pipelines.dataset.state import load_snapshot
from pipelines.dataset.vacuum import TORN
from pipelines.steps.tasks import run_tasks
from pipelines.takedown.erase import PART
from schemas.errors import DatasetError
from schemas.tables import TABLES
from workers import store
from workers.dataset.croissant import CROISSANT
from workers.dataset.forgotten import LIST_NAME, read_forgotten
from workers.dataset.search import ObjectToSearch, SearchedObject, search_object
from workers.store.listing import Stored, list_stored

_OURS = (
    *(f"{name}/" for name in TABLES),
    *("staging/", "README.md", CROISSANT, "_lease.json", "_staging.json"),
)


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search covered, and a line for each object that holds something or is not readable.

    `documents` is the length of the list. `files` and `bytes` are those of all objects that were
    searched, `parquet_files` those of them whose rows were. `image_files` hold the images of shards
    whose rows were searched.
    """

    dataset: str
    documents: int
    files: int
    bytes: int
    parquet_files: int
    image_files: int
    problems: tuple[str, ...]


def search_forgotten(dataset: str, session: Session) -> Searched:
    """Search a dataset for the documents on its list. Raises DatasetError where there is none."""
    uri = store.absolute(dataset)
    if load_snapshot(uri) is None:
        raise DatasetError(f"{dataset} holds no published version; `pagefoundry run` makes one")
    ids = read_forgotten(uri).ids
    if not ids:
        return Searched(uri, 0, 0, 0, 0, 0, ())
    # 1. List everything, and tell what the ids in it can be read of.
    inside = {item.uri: item for item in list_stored(uri)}
    outside = {
        item.uri: item
        for root in staging_roots(uri)
        if not root.startswith(f"{uri}/")
        for item in list_stored(root)
    }
    everything = {**inside, **outside}
    everything.pop(store.join(uri, LIST_NAME), None)
    kinds = {item.uri: _kind(item, uri, everything) for item in everything.values()}

    # 2. Search the others, a task an object.
    tasks = [
        ObjectToSearch(item.uri, item.size, ids)
        for item in everything.values()
        if kinds[item.uri] == "searched"
    ]
    searched = run_tasks(search_object, tasks, session)
    opaque = [uri for uri, kind in kinds.items() if kind == "opaque"]
    return Searched(
        dataset=uri,
        documents=len(ids),
        files=len(searched),
        bytes=sum(done.size for done in searched),
        parquet_files=sum(done.uri.endswith(".parquet") for done in searched),
        image_files=sum(kind == "images" for kind in kinds.values()),
        problems=tuple(sorted([*_held(searched, uri), *map(_unread, opaque)])),
    )


Kind = Literal["searched", "images", "opaque"]


def _kind(item: Stored, dataset: str, everything: Mapping[str, Stored]) -> Kind:
    """Whether ids can be seen in an object, or in the rows beside it, or nowhere.

    Opaque are files of ours that a killed run has left, or that a run is writing.
    """
    folder, _, name = item.uri.rpartition("/")
    path = item.uri.removeprefix(f"{dataset}/")
    if any(path.startswith(f"{table}/data/") for table in TABLES):
        return "searched" if PART.fullmatch(path) else "opaque"
    is_staged = path.startswith("staging/") or path == item.uri
    if not is_staged:
        return "searched"
    if folder.rpartition("/")[2].startswith("publish-") or name.startswith("."):
        return "opaque"
    if not name.endswith(".images") or not holds_shards(folder):
        return "searched"
    return "images" if f"{item.uri.removesuffix('.images')}.parquet" in everything else "opaque"


def _held(searched: Iterable[SearchedObject], dataset: str) -> Iterator[str]:
    for done in searched:
        path = done.uri.removeprefix(f"{dataset}/")
        is_ours = path.startswith(_OURS) or path == done.uri or TORN.fullmatch(path) is not None
        remedy = (
            f"`pagefoundry forget {dataset} --erase` removes it"
            if is_ours
            else "PageFoundry did not write it; remove it yourself"
        )
        if done.damage is not None:
            yield f"{done.uri}: cannot be searched ({done.damage}); {remedy}"
        elif done.rows:
            yield f"{done.uri}: rows of documents that were taken down: {done.rows:,}; {remedy}"
        elif done.mentions:
            yield f"{done.uri}: names documents that were taken down; {remedy}"


def _unread(uri: str) -> str:
    return (
        f"{uri}: cannot be searched; it is of a run that is working or was killed: wait for the "
        "run, or `pagefoundry forget` with --erase removes it"
    )
