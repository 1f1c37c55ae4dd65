"""Which documents came and went between two inventories, and which of them by a changed file."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from workers.dataset.columns import array, lookup, without

_NO_DOCUMENTS = pa.nulls(0, pa.string())  # `pa.array` of a list would import pandas


@dataclass(frozen=True, slots=True)
class Turnover:
    """The documents that only one of two versions has.

    `by_change` are those of them whose file changed, as a table of `doc_id`, `uri` and `other`: the
    document that the other version has at that URI. `taken_down` are those of all documents that
    left on request.
    """

    documents: pa.Array
    by_change: pa.Table
    taken_down: pa.Array

    @staticmethod
    def of(inventory: pa.Table, other: pa.Table, taken_down: pa.Array = _NO_DOCUMENTS) -> Turnover:
        """What `inventory` has and `other` has not."""
        own = without(inventory, other, "doc_id")
        same_uri = _same_uri(_files(own), _files(other))
        return Turnover(array(own["doc_id"]), same_uri, taken_down)


@dataclass(frozen=True, slots=True)
class Sources:
    """The documents that came, and those that left."""

    came: Turnover
    left: Turnover


def _files(inventory: pa.Table) -> pa.Table:
    """One row for each file of each document."""
    uris = array(inventory["uris"])
    parents = pc.list_parent_indices(uris)
    names = pc.struct_field(pc.list_flatten(uris), "uri")
    return pa.table({"doc_id": inventory["doc_id"].take(parents), "uri": names})


def _same_uri(files: pa.Table, others: pa.Table) -> pa.Table:
    """For each document of `files`, its first file at whose URI `others` has another document."""
    other = lookup(files["uri"], others, "uri")["doc_id"]
    shared = files.append_column("other", other).filter(pc.is_valid(other))
    shared = shared.sort_by([("doc_id", "ascending"), ("uri", "ascending")])
    return shared.take(pc.index_in(pc.unique(shared["doc_id"]), value_set=array(shared["doc_id"])))
