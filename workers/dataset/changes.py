"""What one version of a dataset has that another has not, and why: Arrow tables in and out, pure.

It is given only the rows of parts that one of the versions lacks: a part never changes, so a row
of a part that both have is the same in both. Which parts these are, and reading them, is
`pipelines.dataset.diff`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from schemas.changes import CHANGE, COLUMNS, Settings
from schemas.tables import KEYS, SCHEMAS
from workers.dataset.columns import array, equal, first_case, is_in, join, lookup, without

Rows = Mapping[str, pa.Table]
"""Rows by table, in the shape of `COLUMNS`."""


def no_rows(table: str) -> pa.Table:
    """A table of no rows in the shape of `COLUMNS`."""
    return pa.schema([SCHEMAS[table].field(name) for name in COLUMNS[table]]).empty_table()


def explain(old: Rows, new: Rows, settings: Settings) -> dict[str, pa.Table]:
    """The changes of the tables in `COLUMNS`, each in the shape of `CHANGE`, sorted.

    `old` and `new` have the rows of parts that only that version has.
    """
    sources = _Sources.of(old["inventory"], new["inventory"])
    return {
        "pages": _table_changes("pages", old, new, sources, settings),
        "conversations": _table_changes("conversations", old, new, sources, settings),
        "documents": _table_changes("documents", old, new, sources, settings),
        "rejects": _reject_changes(old["rejects"], new["rejects"]),
        "inventory": _inventory_changes(old["inventory"], new["inventory"], sources),
    }


# ---- what came and went in the sources -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sources:
    """Documents that came, and that left; and those of them that changed places at one URI, as
    tables of `doc_id`, `uri` and `other`, the document that the URI held before or holds now."""

    came: pa.Array
    left: pa.Array
    came_by_change: pa.Table
    left_by_change: pa.Table

    @staticmethod
    def of(old: pa.Table, new: pa.Table) -> _Sources:
        came = without(new, old, "doc_id")
        left = without(old, new, "doc_id")
        return _Sources(
            array(came["doc_id"]),
            array(left["doc_id"]),
            _same_uri(_files(came), _files(old)),
            _same_uri(_files(left), _files(new)),
        )


def _files(inventory: pa.Table) -> pa.Table:
    """One row for each file of each document."""
    uris = array(inventory["uris"])
    parents = pc.list_parent_indices(uris)
    names = pc.struct_field(pc.list_flatten(uris), "uri")
    return pa.table({"doc_id": inventory["doc_id"].take(parents), "uri": names})


def _same_uri(files: pa.Table, others: pa.Table) -> pa.Table:
    """For each document of `files`, its first file at whose URI `others` has another document."""
    other = lookup(files["uri"], others, "uri")["doc_id"]
    found = files.append_column("other", other).filter(pc.is_valid(other))
    found = found.sort_by([("doc_id", "ascending"), ("uri", "ascending")])
    return found.take(pc.index_in(pc.unique(found["doc_id"]), value_set=array(found["doc_id"])))


# ---- pages and documents ---------------------------------------------------------------------


def _table_changes(
    name: str, old: Rows, new: Rows, sources: _Sources, settings: Settings
) -> pa.Table:
    key = KEYS[name]
    added, removed = without(new[name], old[name], key), without(old[name], new[name], key)
    return _sorted(
        _why_added(name, added, array(removed[key]), old["rejects"], sources, settings),
        _why_removed(name, removed, array(added[key]), new["rejects"], sources, settings),
        _why_changed(new[name], old[name], key),
    )


def _why_added(
    name: str,
    rows: pa.Table,
    removed: pa.Array,
    rejects: pa.Table,
    sources: _Sources,
    settings: Settings,
) -> pa.Table:
    was = _rejects_of(name, rows, rejects)
    duplicate = equal(was["reason"], "duplicate")
    other = pc.is_valid(was["reason"])
    change = lookup(rows["doc_id"], sources.came_by_change, "doc_id")
    why = _cases(
        (pc.and_(duplicate, is_in(was["kept_id"], removed)), "keeper_left"),
        (pc.and_(duplicate, settings.differ), "settings_changed"),
        (duplicate, "no_longer_duplicate"),
        (pc.and_(other, settings.reading_differs), "settings_changed"),
        (other, "read_now"),
        (pc.is_valid(change["other"]), "file_changed"),
        (is_in(rows["doc_id"], sources.came), "new_document"),
    )
    detail = pc.coalesce(
        pc.if_else(duplicate, join("was a duplicate of ", was["kept_id"]), None),
        join("was ", was["reason"]),
        join(change["uri"], " held ", change["other"]),
    )
    return _changes("added", why, rows[KEYS[name]], rows["source_uri"], detail)


def _why_removed(
    name: str,
    rows: pa.Table,
    added: pa.Array,
    rejects: pa.Table,
    sources: _Sources,
    settings: Settings,
) -> pa.Table:
    now = _rejects_of(name, rows, rejects)
    duplicate = equal(now["reason"], "duplicate")
    other = pc.is_valid(now["reason"])
    change = lookup(rows["doc_id"], sources.left_by_change, "doc_id")
    why = _cases(
        (pc.and_(duplicate, is_in(now["kept_id"], added)), "duplicate"),
        (pc.and_(duplicate, settings.differ), "settings_changed"),
        (duplicate, "duplicate"),
        (pc.and_(other, settings.reading_differs), "settings_changed"),
        (other, "rejected"),
        (pc.is_valid(change["other"]), "file_changed"),
        (is_in(rows["doc_id"], sources.left), "document_left"),
    )
    similarity = pc.round(now["similarity"].cast(pa.float64()), 3).cast(pa.string())
    detail = pc.coalesce(
        pc.if_else(duplicate, join(similarity, " like ", now["kept_id"]), None),
        join(now["reason"], ": ", now["detail"]),
        now["reason"],
        join(change["uri"], " holds ", change["other"]),
    )
    return _changes("removed", why, rows[KEYS[name]], rows["source_uri"], detail)


def _rejects_of(name: str, rows: pa.Table, rejects: pa.Table) -> pa.Table:
    """What `rejects` says of each row: of the page, else of its whole document."""
    whole = rejects.filter(equal(rejects["level"], "document"))
    if name == "documents":
        return lookup(rows["doc_id"], whole, "doc_id")
    own = lookup(rows["page_id"], rejects.filter(equal(rejects["level"], "page")), "page_id")
    # A document's text may be a duplicate while its pages are not.
    whole = whole.filter(pc.invert(equal(whole["reason"], "duplicate")))
    of_document = lookup(rows["doc_id"], whole, "doc_id")
    columns = ("reason", "detail", "kept_id", "similarity")
    known = pc.is_valid(own["reason"])
    return pa.table({c: pc.if_else(known, own[c], of_document[c]) for c in columns})


def _why_changed(new: pa.Table, old: pa.Table, key: str) -> pa.Table:
    before = lookup(new[key], old, key)
    there = pc.is_valid(before[key])
    new, before = new.filter(there), before.filter(there)
    same_text = pc.equal(new["text_hash"], before["text_hash"])
    re_read = pc.or_(
        pc.not_equal(new["recipe_digest"], before["recipe_digest"]), pc.invert(same_text)
    )
    moved = pc.not_equal(new["source_uri"], before["source_uri"])
    texts = pc.if_else(same_text, "the same text", "another text")
    detail = pc.if_else(re_read, texts, join("was ", before["source_uri"]))
    why = _cases((re_read, "re_read"), (moved, "moved"))
    found = _changes("changed", why, new[key], new["source_uri"], detail)
    return found.filter(pc.or_(re_read, moved))


# ---- rejects and the inventory ---------------------------------------------------------------


def _reject_changes(old: pa.Table, new: pa.Table) -> pa.Table:
    # A page's id is never a document's: it has a slash.
    old = old.append_column("id", pc.coalesce(old["page_id"], old["doc_id"]))
    new = new.append_column("id", pc.coalesce(new["page_id"], new["doc_id"]))
    tables = []
    for change, rows in (
        ("added", without(new, old, "id")),
        ("removed", without(old, new, "id")),
    ):
        detail = pc.coalesce(join("kept: ", rows["kept_id"]), rows["detail"])
        tables.append(_changes(change, rows["reason"], rows["id"], rows["source_uri"], detail))
    before = lookup(new["id"], old, "id")
    there = pc.is_valid(before["id"])
    new, before = new.filter(there), before.filter(there)
    other_reason = pc.not_equal(new["reason"], before["reason"])
    kept, kept_before = (pc.fill_null(table["kept_id"], "") for table in (new, before))
    other_keeper = pc.not_equal(kept, kept_before)
    moved = pc.not_equal(new["source_uri"], before["source_uri"])
    why = _cases((other_reason, "other_reason"), (other_keeper, "other_keeper"), (moved, "moved"))
    detail = pc.if_else(
        other_reason,
        join(before["reason"], " before, ", new["reason"], " now"),
        pc.if_else(other_keeper, join(kept_before, " before, ", kept, " now"), new["reason"]),
    )
    changed = _changes("changed", why, new["id"], new["source_uri"], detail)
    return _sorted(*tables, changed.filter(pc.or_(other_reason, pc.or_(other_keeper, moved))))


def _inventory_changes(old: pa.Table, new: pa.Table, sources: _Sources) -> pa.Table:
    old, new = (table.append_column("names", _names(table)) for table in (old, new))
    tables = []
    for change, rows, by_change, word, says in (
        ("added", without(new, old, "doc_id"), sources.came_by_change, "new_document", " held "),
        ("removed", without(old, new, "doc_id"), sources.left_by_change, "document_left",
         " holds "),
    ):  # fmt: skip
        found = lookup(rows["doc_id"], by_change, "doc_id")
        why = pc.if_else(pc.is_valid(found["other"]), "file_changed", word)
        detail = join(found["uri"], says, found["other"])
        tables.append(_changes(change, why, rows["doc_id"], _first_uri(rows), detail))
    before = lookup(new["doc_id"], old, "doc_id")
    there = pc.is_valid(before["doc_id"])
    new, before = new.filter(there), before.filter(there)
    counted = pc.or_(
        pc.not_equal(pc.fill_null(new["page_count"], -1), pc.fill_null(before["page_count"], -1)),
        pc.not_equal(pc.fill_null(new["reason"], ""), pc.fill_null(before["reason"], "")),
    )
    files = pc.not_equal(new["names"], before["names"])
    touched = pc.not_equal(_names(new, "version"), _names(before, "version"))
    why = _cases((counted, "counted_anew"), (files, "files"), (touched, "touched"))
    detail = pc.if_else(files, join("was in ", before["names"]), None)
    changed = _changes("changed", why, new["doc_id"], _first_uri(new), detail)
    return _sorted(*tables, changed.filter(pc.or_(counted, pc.or_(files, touched))))


def _names(inventory: pa.Table, field: str = "uri") -> pa.Array:
    """The names of each document's files in one string."""
    uris = array(inventory["uris"])
    names = pc.struct_field(pc.list_flatten(uris), field)
    lengths = pc.list_value_length(uris).to_numpy(zero_copy_only=False)
    offsets = pa.array([0, *lengths.cumsum()], pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(offsets, array(names)), ", ")


def _first_uri(inventory: pa.Table) -> pa.Array:
    return pc.struct_field(pc.list_element(array(inventory["uris"]), 0), "uri")


def _cases(*cases: tuple[pa.Array, str]) -> pa.Array:
    return first_case(*cases, otherwise="unexplained")


def _changes(
    change: str, why: pa.Array, ids: pa.Array, uris: pa.Array, detail: pa.Array
) -> pa.Table:
    kinds = pa.repeat(pa.scalar(change), len(ids))
    return pa.table([kinds, why, ids, uris, detail.cast(pa.string())], schema=CHANGE)


def _sorted(*tables: pa.Table) -> pa.Table:
    order = [(name, "ascending") for name in ("change", "why", "id")]
    return pa.concat_tables(tables).sort_by(order)
