"""The crops of a version's pages: each follows the row of its page, wherever that lies.

    page in a part of `pages`                        ─► its crops in the parts of `crops`
    page in a shard, an original, changed by a policy ─► its crops in the file beside it

So crops leave with their page and come back with it, and change where a policy changes it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cluster.session import Session
from pipelines.version.inputs import Inputs, published_files
from pipelines.version.records import NOBODY, Flags, Ints, Records, load_all
from workers.publishing.crops import CropPlaces
from workers.publishing.families import ranges

CropsOf = Callable[[Records], Records]
"""The records of the crops of some pages."""


def load_crops(inputs: Inputs, pages: Records, session: Session) -> Records:
    """The crops of some pages, each from where its page's row lies, in the order of the pages."""
    published = list(published_files(inputs.snapshot, ("crops",)))
    # The crops' file beside each file of pages, by its place among `files`.
    beside = {
        pages.files[number].uri: pages.files[number].crops_file
        for number in np.unique(pages.file).tolist()
        if pages.files[number].crops
    }
    files = [*published, *beside.values()]
    if not files or not len(pages):
        return load_all(inputs.recipe, [], "crop", inputs.catalogue, inputs.scratch, session)
    places = {uri: len(published) + number for number, uri in enumerate(beside)}
    # In which file the crops of a page lie; NOBODY for any part of `crops`, -2 for none.
    homes = np.array([places.get(file.uri, -2) for file in pages.files])[pages.file]
    homes[pages.origin("pages", "conversations")] = NOBODY

    def wanted(records: Records) -> Flags:
        place = np.minimum(np.searchsorted(pages.keys, records.keys), len(pages) - 1)
        home = np.where(records.file < len(published), NOBODY, records.file)
        flags: Flags = (pages.keys[place] == records.keys) & (homes[place] == home)
        return flags

    return load_all(inputs.recipe, files, "crop", inputs.catalogue, inputs.scratch, session, wanted)


def crop_places(crops: Records, pages: Records, of_pages: Ints) -> CropPlaces | None:
    """Where the crops of some pages of one file lie; `of_pages` are numbers of `pages`."""
    keys = pages.keys[of_pages]
    first = np.searchsorted(crops.keys, keys)
    counts = np.searchsorted(crops.keys, keys, side="right") - first
    if not counts.any():
        return None
    mine = ranges(first, counts)
    numbers, file = np.unique(crops.file[mine], return_inverse=True)
    return CropPlaces(
        tuple(crops.files[number] for number in numbers.tolist()),
        np.repeat(pages.row[of_pages], counts),
        file.astype(np.int32),
        crops.row[mine],
    )
