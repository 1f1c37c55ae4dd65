"""Which rows differ between two versions of a dataset, and why. Arrow tables in and out, pure.

Only the rows of parts that one of the versions lacks are given: parts never change, so the rows of
a part that both versions have are the same. `pipelines.dataset.diff` finds these parts and reads
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from schemas.changes import CHANGE, COLUMNS, Settings
from schemas.reject_reasons import DUPLICATE_REASONS, KEEPER_FORGOTTEN, POLICY_REASONS
from schemas.tables import KEYS, SCHEMAS
from workers.dataset.columns import (
    array,
    equal,
    findings_keys,
    first_case,
    is_in,
    join,
    lookup,
    without,
)
from workers.dataset.turnover import Sources, Turnover

Rows = Mapping[str, pa.Table]
"""Rows by table, in the shape of `COLUMNS`."""


def no_rows(table: str) -> pa.Table:
    """A table of no rows in the shape of `COLUMNS`."""
    return pa.schema([SCHEMAS[table].field(name) for name in COLUMNS[table]]).empty_table()


def explain(
    old: Rows, new: Rows, settings: Settings, forgotten: frozenset[str] = frozenset()
) -> dict[str, pa.Table]:
    """The changes of the tables in `COLUMNS`, each in the shape of `CHANGE`, sorted.

    `old` and `new` hold the rows of those parts that only the one version has; `forgotten` are the
    documents that were taken down.
    """
    inventories = old["inventory"], new["inventory"]
    taken_down = pa.array(sorted(forgotten), pa.string())
    sources = Sources(
        Turnover.of(*inventories[::-1]), Turnover.of(*inventories, taken_down=taken_down)
    )
    return {
        "pages": _table_changes("pages", old, new, sources, settings),
        "conversations": _table_changes("conversations", old, new, sources, settings),
        "documents": _table_changes("documents", old, new, sources, settings),
        "rejects": _reject_changes(old["rejects"], new["rejects"]),
        "inventory": _inventory_changes(old["inventory"], new["inventory"], sources),
    }


# ---- rows that one version has, or both ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """The words for rows that only one version has, by what the other version says of them.

    `keeper` is the word for a duplicate whose keeper only the other version has, `duplicate` for
    other duplicates, `policy` for rejects of policies, `reject` for other rejects, `document` where
    the whole document is not there.
    """

    change: str
    keeper: str
    duplicate: str
    policy: str
    reject: str
    document: str
    holds: str
    duplicate_detail: Callable[[pa.Table], pa.Array]
    reject_detail: Callable[[pa.Table], pa.Array]


def _similar_to(rejects: pa.Table) -> pa.Array:
    similarity = pc.round(rejects["similarity"].cast(pa.float64()), 3).cast(pa.string())
    return join(similarity, " like ", rejects["kept_id"])


_ADDED = _Words(
    change="added",
    keeper="keeper_left",
    duplicate="no_longer_duplicate",
    policy="let_in",
    reject="read_now",
    document="new_document",
    holds=" held ",
    duplicate_detail=lambda was: join("was a duplicate of ", was["kept_id"]),
    reject_detail=lambda was: join("was ", was["reason"]),
)
_REMOVED = _Words(
    change="removed",
    keeper="duplicate",
    duplicate="duplicate",
    policy="policy",
    reject="rejected",
    document="document_left",
    holds=" holds ",
    duplicate_detail=_similar_to,
    reject_detail=lambda now: pc.coalesce(join(now["reason"], ": ", now["detail"]), now["reason"]),
)


def _table_changes(
    name: str, old: Rows, new: Rows, sources: Sources, settings: Settings
) -> pa.Table:
    key = KEYS[name]
    added, removed = without(new[name], old[name], key), without(old[name], new[name], key)
    before, after = (
        _rejects_of(name, added, old["rejects"]),
        _rejects_of(name, removed, new["rejects"]),
    )
    return _sorted(
        _one_sided(_ADDED, name, added, before, array(removed[key]), sources.came, settings),
        _one_sided(_REMOVED, name, removed, after, array(added[key]), sources.left, settings),
        _why_changed(new[name], old[name], key),
    )


def _one_sided(
    words: _Words,
    name: str,
    rows: pa.Table,
    rejects: pa.Table,
    keys_of_other: pa.Array,
    turnover: Turnover,
    settings: Settings,
) -> pa.Table:
    """Why only one version has these rows.

    `rejects` is what the other version's `rejects` says of each; `keys_of_other` are the keys of
    the rows that only the other version has.
    """
    duplicate = is_in(rejects["reason"], pa.array(DUPLICATE_REASONS))
    keeperless = equal(rejects["reason"], KEEPER_FORGOTTEN)
    other_reject = pc.is_valid(rejects["reason"])
    change = lookup(rows["doc_id"], turnover.by_change, "doc_id")
    has_left = is_in(rows["doc_id"], turnover.documents)
    why = _cases(
        (pc.and_(has_left, is_in(rows["doc_id"], turnover.taken_down)), "forgotten"),
        (pc.and_(duplicate, is_in(rejects["kept_id"], keys_of_other)), words.keeper),
        (keeperless, words.keeper),
        (pc.and_(duplicate, settings.differ), "settings_changed"),
        (duplicate, words.duplicate),
        (is_in(rejects["reason"], pa.array(POLICY_REASONS)), words.policy),
        (pc.and_(other_reject, settings.reading_differs), "settings_changed"),
        (other_reject, words.reject),
        (pc.is_valid(change["other"]), "file_changed"),
        (has_left, words.document),
    )
    detail = pc.coalesce(
        pc.if_else(duplicate, words.duplicate_detail(rejects), None),
        words.reject_detail(rejects),
        join(change["uri"], words.holds, change["other"]),
    )
    return _changes(words.change, why, rows[KEYS[name]], rows["source_uri"], detail)


def _rejects_of(name: str, rows: pa.Table, rejects: pa.Table) -> pa.Table:
    """What `rejects` says of each row: of the page, else of its whole document."""
    whole = rejects.filter(equal(rejects["level"], "document"))
    if name == "documents":
        return lookup(rows["doc_id"], whole, "doc_id")
    own = lookup(rows["page_id"], rejects.filter(equal(rejects["level"], "page")), "page_id")
    # A document's text may be a duplicate while its pages are not.
    whole = whole.filter(pc.invert(is_in(whole["reason"], pa.array(DUPLICATE_REASONS))))
    of_document = lookup(rows["doc_id"], whole, "doc_id")
    columns = ("reason", "detail", "kept_id", "similarity")
    known = pc.is_valid(own["reason"])
    return pa.table({c: pc.if_else(known, own[c], of_document[c]) for c in columns})


def _both(new: pa.Table, old: pa.Table, key: str) -> tuple[pa.Table, pa.Table]:
    """The rows of `new` whose key `old` has too, and those rows of `old`, along each other."""
    before = lookup(new[key], old, key)
    is_there = pc.is_valid(before[key])
    return new.filter(is_there), before.filter(is_there)


def _why_changed(new: pa.Table, old: pa.Table, key: str) -> pa.Table:
    new, before = _both(new, old, key)
    same_text = pc.equal(new["text_hash"], before["text_hash"])
    same_digest = pc.equal(new["recipe_digest"], before["recipe_digest"])
    found, found_before = (findings_keys(rows["findings"]) for rows in (new, before))
    judged = pc.and_(same_digest, pa.array(found != found_before))
    re_read = pc.invert(pc.or_(judged, pc.and_(same_digest, same_text)))
    moved = pc.not_equal(new["source_uri"], before["source_uri"])
    texts = pc.if_else(same_text, "the same text", "another text")
    is_other = pc.or_(judged, re_read)
    numbers, numbers_before = (_in_words(rows["copies"]) for rows in (new, before))
    recounted = pc.not_equal(numbers, numbers_before)
    splits, splits_before = (_in_words(rows["split"]) for rows in (new, before))
    parted = pc.not_equal(splits, splits_before)
    detail = first_case(
        (is_other, texts),
        (parted, join("split: ", splits_before, " before, ", splits, " now")),
        (moved, join("was ", before["source_uri"])),
        otherwise=join("copies: ", numbers_before, " before, ", numbers, " now"),
    )
    why = _cases(
        *((judged, "policy"), (re_read, "re_read"), (parted, "split")),
        *((moved, "moved"), (recounted, "copies")),
    )
    changed = _changes("changed", why, new[key], new["source_uri"], detail)
    return changed.filter(pc.or_(pc.or_(is_other, parted), pc.or_(moved, recounted)))


def _in_words(values: pa.ChunkedArray) -> pa.Array:
    """The values as words, `none` for null."""
    return array(pc.fill_null(values.cast(pa.string()), "none"))


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
    new, before = _both(new, old, "id")
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


def _inventory_changes(old: pa.Table, new: pa.Table, sources: Sources) -> pa.Table:
    old, new = (table.append_column("names", _names(table)) for table in (old, new))
    tables = []
    for words, rows, turnover in (
        (_ADDED, without(new, old, "doc_id"), sources.came),
        (_REMOVED, without(old, new, "doc_id"), sources.left),
    ):
        change = lookup(rows["doc_id"], turnover.by_change, "doc_id")
        why = _cases(
            (is_in(rows["doc_id"], turnover.taken_down), "forgotten"),
            (pc.is_valid(change["other"]), "file_changed"),
            (pc.is_valid(rows["doc_id"]), words.document),
        )
        detail = join(change["uri"], words.holds, change["other"])
        tables.append(_changes(words.change, why, rows["doc_id"], _first_uri(rows), detail))
    new, before = _both(new, old, "doc_id")
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


_cases = partial(first_case, otherwise="unexplained")


def _changes(
    change: str, why: pa.Array, ids: pa.Array, uris: pa.Array, detail: pa.Array
) -> pa.Table:
    kinds = pa.repeat(pa.scalar(change), len(ids))
    return pa.table([kinds, why, ids, uris, detail.cast(pa.string())], schema=CHANGE)


def _sorted(*tables: pa.Table) -> pa.Table:
    order = [(name, "ascending") for name in ("change", "why", "id")]
    return pa.concat_tables(tables).sort_by(order)
