"""The mix: which samples are taken, so that the groups have the proportions of their weights.

Each group gives the samples that come first in the seeded order of publishing. So the choice in one
group does not depend on the others, and a sample that is taken stays taken while its group grows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.version.records import Catalogue, Flags, Ints, Records
from schemas.errors import SourceError
from schemas.ids import order_key, page_id
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.sources import listed_as


@dataclass(frozen=True, slots=True)
class Selection:
    """What a mix leaves out, with one flag a page; and weight and counts of each group.

    `groups` has for each group its `weight`, the `available` samples and the `samples` taken, and
    their `tokens` under a budget of tokens. It is empty where the recipe has no mix.
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

    `groups` are those of the listed files, by URI. Under a budget in the trainer's own tokens those
    of all these pages are counted. Raises SourceError where a group has so few samples, or the
    budget is so small, that no group can have any.
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
    orders = {
        name: sorted(
            np.flatnonzero(among & (group == number)).tolist(),
            key=lambda place: _order(recipe, catalogue, pages, place),
        )
        for number, name in enumerate(names)
    }
    tokens = _tokens(recipe, pages)
    if recipe.mix.tokens is not None:
        of_groups = {name: tokens[order] for name, order in orders.items()}
        counts = within_budget(of_groups, counts, recipe.mix.tokens)
    for name, order in orders.items():
        left_out[order[counts[name] :]] = True
    counts_by_group = {}
    for name in names:
        taken = {"weight": weights[name], "available": available[name], "samples": counts[name]}
        if recipe.mix.tokens is not None:
            taken["tokens"] = int(tokens[orders[name][: counts[name]]].sum())
        counts_by_group[name] = taken
    return Selection(left_out, counts_by_group)


def _tokens(recipe: Recipe, pages: Records) -> Ints:
    return pages.tokens if recipe.tokenizer is None else pages.trainer_tokens


def within_budget(
    tokens: Mapping[str, Ints], most: Mapping[str, int], budget: int
) -> dict[str, int]:
    """How many samples of each group fit a budget, in the proportions of `most`.

    `tokens` are those of a group's samples, in the order in which they are taken.

    >>> of_groups = {"a": np.array([5, 5, 5, 5]), "b": np.array([1, 1])}
    >>> within_budget(of_groups, {"a": 4, "b": 2}, 15)
    {'a': 2, 'b': 1}

    Raises SourceError where not even one of each weight fits.
    """
    times = math.gcd(*most.values())
    # totals: int64 (times + 1,), of the first n samples of each weight
    totals = np.zeros(times + 1, np.int64)
    for name, own in tokens.items():
        sums = np.concatenate([[0], np.cumsum(own)])
        totals += sums[np.arange(times + 1) * (most[name] // times)]
    fits = int(np.searchsorted(totals, budget, side="right")) - 1
    if fits == 0:
        raise SourceError(
            f"the mix has no sample: one of each weight has {int(totals[1]):,} tokens, and "
            f"`mix.tokens` is {budget:,}; raise it"
        )
    return {name: count // times * fits for name, count in most.items()}


def _group(document: Document, groups: Mapping[str, str], names: list[str]) -> int:
    """The number of a document's group, or -1; of several groups, the one that comes first."""
    of_files = {groups.get(listed_as(file, document.media_type), "") for file in document.files}
    return next((number for number, name in enumerate(names) if name in of_files), -1)


def _order(recipe: Recipe, catalogue: Catalogue, pages: Records, place: int) -> bytes:
    doc_id = catalogue.documents[pages.doc[place]].doc_id
    return order_key(recipe.publish.seed, page_id(doc_id, int(pages.index[place])))
