"""The mix: which samples are taken, so that the groups have the proportions of their weights.

Each group gives the samples that come first in the seeded order of publishing. So the choice in one
group does not depend on the others, and a sample that is taken stays taken while its group grows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.version.records import Catalogue, Flags, Records
from schemas.errors import SourceError
from schemas.ids import order_key, page_id
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.sources import listed_as


@dataclass(frozen=True, slots=True)
class Selection:
    """What a mix leaves out, with one flag a page; and weight and counts of each group.

    `groups` has for each group its `weight`, the `available` samples and the `samples` taken. It is
    empty where the recipe has no mix.
    """

    left_out: Flags
    groups: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def choose_by_mix(
    recipe: Recipe,
    groups: Mapping[str, str],
    catalogue: Catalogue,
    pages: Records,
    among: Flags,
) -> Selection:
    """Choose from the pages that are flagged in `among`, by the recipe's mix.

    `groups` are those of the listed files, by URI. Raises SourceError where a group has so few
    samples that no group can have any.
    """
    left_out = np.zeros(len(pages), bool)
    if recipe.mix is None:
        return Selection(left_out)
    weights = recipe.mix.weights
    names = list(weights)
    of_document = np.array(
        [_group(document, groups, names) for document in catalogue.documents], np.int32
    )
    group = of_document[pages.doc]
    counted = Counter(group[among].tolist())
    available = {name: counted[number] for number, name in enumerate(names)}
    counts = recipe.mix.counts(available)
    if not any(counts.values()):
        raise SourceError(
            f"the mix {dict(weights)} has no sample: its groups have {available}; "
            "give the smallest more sources, or a smaller weight"
        )
    for number, name in enumerate(names):
        places = np.flatnonzero(among & (group == number))
        order = sorted(places.tolist(), key=lambda place: _order(recipe, catalogue, pages, place))
        left_out[order[counts[name] :]] = True
    counts_by_group = {
        name: {"weight": weights[name], "available": available[name], "samples": counts[name]}
        for name in names
    }
    return Selection(left_out, counts_by_group)


def _group(document: Document, groups: Mapping[str, str], names: list[str]) -> int:
    """The number of a document's group, or -1; of several groups, the one that comes first."""
    of_files = {groups.get(listed_as(file, document.media_type), "") for file in document.files}
    return next((number for number, name in enumerate(names) if name in of_files), -1)


def _order(recipe: Recipe, catalogue: Catalogue, pages: Records, place: int) -> bytes:
    doc_id = catalogue.documents[pages.doc[place]].doc_id
    return order_key(recipe.publish.seed, page_id(doc_id, int(pages.index[place])))
