"""Where a dataset's staging is, what lies there, and what of it may be removed.

Staging is `<dataset>/staging`, or a folder under `placement.staging`. Several datasets may name the
same place; each has its own folder there, so none removes what belongs to another. The dataset
notes such a place in `_staging.json` before anything is staged there, so that `verify` and
`vacuum`, which have no recipe, find it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pipelines.steps.places import INVENTORY, LINKS, staging_below, staging_root
from schemas.errors import IntegrityError, LeaseError, StorageError
from schemas.ids import digest
from schemas.recipe import Recipe
from workers import store
from workers.dataset.vacuum import remove
from workers.embeddings.kept import EMBEDDINGS
from workers.people.kept import NAMES
from workers.scores.kept import SCORES
from workers.shards.originals import ORIGINALS
from workers.store.listing import Stored, list_stored

log = logging.getLogger(__name__)

MEMORY_NAME = "_staging.json"
_SCRATCH = "publish-"
# `Staging.remember_receipts` writes it.
RECEIPTS_COPY = "receipts"
_DAY_S = 86_400


def scratch_folder(recipe: Recipe) -> str:
    """The folder of the files that publishing passes between its tasks."""
    return store.join(staging_root(recipe), f"{_SCRATCH}{digest([recipe.dataset])[:16]}")


@contextmanager
def scratch_of(recipe: Recipe) -> Iterator[str]:
    """A folder for the files that publishing passes between its tasks: empty first, then removed.

    What a killed run leaves there is removed by the next run, or by `vacuum`.
    """
    folder = scratch_folder(recipe)
    _empty(folder)
    try:
        yield folder
    except LeaseError:
        raise  # the folder may belong to another run by now
    except BaseException:
        try:
            _empty(folder)
        except StorageError as exc:
            log.warning("%s could not be removed, the next run removes it: %s", folder, exc)
        raise
    _empty(folder)


def _empty(folder: str) -> None:
    remove(list_stored(folder))
    store.remove_empty_folder(folder)


def staging_roots(dataset: str) -> list[str]:
    """All places of the dataset's staging: its own folder, and those that recipes have named."""
    return [
        store.join(dataset, "staging"),
        *(staging_below(staging, dataset) for staging in _remembered(dataset)),
    ]


def remember_staging(recipe: Recipe) -> None:
    """Note in the dataset where its staging is, if that is elsewhere. Call it before staging."""
    if recipe.placement.staging is None:
        return
    dataset, staging = store.absolute(recipe.dataset), store.absolute(recipe.placement.staging)
    remembered = _remembered(dataset)
    if staging not in remembered:
        _remember(dataset, [*remembered, staging])


def forget_empty_staging(dataset: str) -> None:
    """Remove the notes on places where nothing is staged any more."""
    remembered = _remembered(dataset)
    left = [staging for staging in remembered if list_stored(staging_below(staging, dataset))]
    if left != remembered:
        _remember(dataset, left)


def _remembered(dataset: str) -> list[str]:
    uri = store.join(dataset, MEMORY_NAME)
    try:
        places = json.loads(store.read_bytes(uri))["staging"]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError) as exc:
        raise IntegrityError(
            f"{uri} does not say where staging is ({exc}); delete it, and the staging that it "
            "named, if you know where that is"
        ) from exc
    return [str(place) for place in places]


def _remember(dataset: str, staging: Sequence[str]) -> None:
    uri = store.join(dataset, MEMORY_NAME)
    if staging:
        store.write_bytes(uri, json.dumps({"staging": sorted(staging)}).encode())
    else:
        store.delete(uri)


# ---- what lies there --------------------------------------------------------------------------


def is_originals(folder: str) -> bool:
    """Whether a folder of staging keeps rows as they were before a policy."""
    return folder.rsplit("/", 1)[-1].startswith(ORIGINALS)


def sweep_originals(recipe: Recipe, names: frozenset[str]) -> None:
    """Remove the originals that the newest version does not rest on; `names` are those it does."""
    for folder, items in staged_folders(staging_root(recipe)).items():
        if not is_originals(folder):
            continue
        going = [item for item in items if item.name.split(".")[0] not in names]
        remove([item for item in going if item.name.endswith(".json")])
        remove([item for item in going if not item.name.endswith(".json")])
        store.remove_empty_folder(folder)


def sweep_embeddings(recipe: Recipe, name: str | None, files: frozenset[str]) -> None:
    """Remove the embeddings that the newest version does not rest on.

    `name` is the folder of those it rests on, None without any, and `files` are the files in it.
    """
    if name is None:
        return
    folder = store.join(staging_root(recipe), name)
    remove([item for item in list_stored(folder) if item.name not in files])


def staged_folders(root: str, listed: Iterable[Stored] | None = None) -> dict[str, list[Stored]]:
    """The files in staging, by their folder: one for each recipe digest, one of the inventory.

    What links gave is left out: no version makes it needless. `listed` is a listing that has all
    files, if there is one already.
    """
    folders: dict[str, list[Stored]] = {}
    for item in list_stored(root) if listed is None else listed:
        folder, slash, _ = item.uri.removeprefix(f"{root}/").partition("/")
        if slash and folder != LINKS and item.uri.startswith(f"{root}/"):
            folders.setdefault(store.join(root, folder), []).append(item)
    return folders


def is_torn(item: Stored) -> bool:
    """Whether a file is what a process leaves on local disk that is killed while it writes."""
    return item.name.startswith(".")


def holds_shards(folder: str) -> bool:
    """Whether a folder of staging is that of a recipe digest."""
    name = folder.rsplit("/", 1)[-1]
    return name != INVENTORY and not name.startswith((_SCRATCH, SCORES, NAMES, EMBEDDINGS))


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Staged files that may be removed, receipts apart: receipts are removed first."""

    receipts: Sequence[Stored]
    files: Sequence[Stored]

    @staticmethod
    def among(
        folders: Mapping[str, Sequence[Stored]],
        before_s: float,
        covered: frozenset[str] = frozenset(),
        embeddings: str | None = None,
    ) -> Leftovers:
        """All files last written before `before_s`, and those of the shards in `covered`.

        The files of a shard are removed together, once the youngest is old enough, so that a
        receipt always has its files. The copy of the receipts is removed with the last of them.
        Originals stay: they are as young as the version that rests on them. So do the embeddings
        that it rests on, in the folder named `embeddings`.
        """
        going: list[Stored] = []
        for folder, items in folders.items():
            if is_originals(folder) or folder.rsplit("/", 1)[-1] == embeddings:
                continue
            if not holds_shards(folder):
                going += [item for item in items if item.modified_s < before_s]
                continue
            shards: dict[str, list[Stored]] = {}
            for item in items:
                shards.setdefault(item.name.split(".")[0], []).append(item)
            copy = shards.pop(RECEIPTS_COPY, [])
            outdated = {
                name
                for name, files in shards.items()
                if name in covered or max(file.modified_s for file in files) < before_s
            }
            going += [file for name in outdated for file in shards[name]]
            going += copy if len(outdated) == len(shards) else []
        return Leftovers(
            [item for item in going if item.name.endswith(".json")],
            [item for item in going if not item.name.endswith(".json")],
        )

    @staticmethod
    def joined(parts: Iterable[Leftovers]) -> Leftovers:
        """The leftovers of several places together."""
        parts = list(parts)
        return Leftovers(
            [item for part in parts for item in part.receipts],
            [item for part in parts for item in part.files],
        )


def sweep(recipe: Recipe, now_s: float, embeddings: str | None = None) -> None:
    """Remove what has been staged longer than the recipe's `placement.staging_days`.

    Called under the lease at the end of a run. A version is published, so no later run needs these
    files to go on; only a change of deduplication or of a policy could have used them. The folder
    named `embeddings` stays.

    What links gave stays. Torn files beside it have a day, since `plan` fetches without a lease.
    """
    days = recipe.placement.staging_days
    root = staging_root(recipe)
    if days is not None:
        listed = list_stored(root)
        links = f"{store.join(root, LINKS)}/"
        torn = [item for item in listed if item.uri.startswith(links) and is_torn(item)]
        remove([item for item in torn if item.modified_s < now_s - _DAY_S])
        folders = staged_folders(root, listed)
        # `settled.json` there serves later runs, however long nothing is new.
        folders.pop(store.join(root, INVENTORY), None)
        leftovers = Leftovers.among(folders, now_s - days * _DAY_S, embeddings=embeddings)
        for objects in (leftovers.receipts, leftovers.files):
            remove(objects)
    store.remove_empty_folder(root)
