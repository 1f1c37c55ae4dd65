"""Delta tables: a commit is a set of parts, repeating it changes nothing, old versions stay."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction, create_table_with_add_actions
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.descriptions import TABLE_DESCRIPTIONS, described, description
from schemas.errors import DatasetError, LeaseError
from schemas.tables import INVENTORY, SEEN, TABLES
from workers.dataset.delta import (
    PartFile,
    commit_parts,
    ensure_table,
    open_table,
    table_history,
    write_checkpoint,
)
from workers.dataset.parts import read_part, write_part


def part_of(dataset: Path, number: int) -> PartFile:
    rows = [{"doc_id": f"document {number}", "page_count": number}]
    group = pa.Table.from_pylist(rows, schema=INVENTORY)
    return write_part(str(dataset), "inventory", [group])


def numbers(dataset: Path, version: int | None = None) -> list[int]:
    """What a version's parts hold, read part by part."""
    table = open_table(str(dataset / "inventory"), version)
    assert table is not None
    parts = [read_part(table.part_uri(part)) for part in table.parts]
    return sorted(number for part in parts for number in part["page_count"].to_pylist())


def commit(dataset: Path, *held: int, **metadata: int):
    parts = [part_of(dataset, number) for number in held]
    return commit_parts(str(dataset), "inventory", parts, metadata or None)


def test_where_there_is_no_table_there_is_none(tmp_path: Path) -> None:
    assert open_table(str(tmp_path / "inventory")) is None


def test_committing_twice_makes_one_version(tmp_path: Path) -> None:
    first = commit(tmp_path, 1, 2, pages=2)
    assert commit(tmp_path, 2, 1, pages=2) == first
    assert commit(tmp_path, 2, 1) == first
    assert numbers(tmp_path) == [1, 2]


def test_parts_are_added_and_removed_in_one_commit(tmp_path: Path) -> None:
    before = commit(tmp_path, 1, 2)
    after = commit(tmp_path, 2, 3)
    assert after.version == before.version + 1
    assert numbers(tmp_path) == [2, 3]
    assert numbers(tmp_path, before.version) == [1, 2]


def test_new_metadata_alone_makes_a_version(tmp_path: Path) -> None:
    before = commit(tmp_path, 1, pages=1)
    after = commit(tmp_path, 1, pages=2)
    assert (after.version, after.parts) == (before.version + 1, before.parts)
    assert [entry[2] for entry in table_history(after.uri)][:2] == [{"pages": 2}, {"pages": 1}]


def test_new_notes_alone_make_no_version(tmp_path: Path) -> None:
    first = commit_parts(str(tmp_path), "inventory", [], {"a": 1}, notes={"rate": 2.5})
    again = commit_parts(str(tmp_path), "inventory", [], {"a": 1}, notes={"rate": 3.5})
    assert (first.metadata, first.version) == ({"a": 1, "rate": 2.5}, 1)
    assert again == first


def test_each_version_tells_its_own_metadata_and_time(tmp_path: Path) -> None:
    first, second = commit(tmp_path, 1, pages=1), commit(tmp_path, 1, 2, pages=2)
    assert open_table(first.uri, first.version) == first
    assert open_table(first.uri, second.version) == second
    assert first.metadata == {"pages": 1}


def test_a_version_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    last = commit(tmp_path, 1)
    for missing in (last.version + 1, -1):
        with pytest.raises(DatasetError, match=rf"versions 0 to {last.version}, not {missing}"):
            open_table(last.uri, missing)


def test_a_table_can_be_emptied(tmp_path: Path) -> None:
    commit(tmp_path, 1)
    assert commit(tmp_path).parts == ()
    assert numbers(tmp_path) == []


def test_commits_carry_the_transaction_of_one_application(tmp_path: Path) -> None:
    """With one id a run, a table's state would grow by an entry each night."""
    table = [commit(tmp_path, 1, pages=number) for number in range(3)][-1]
    assert DeltaTable(table.uri).transaction_version("pagefoundry") == table.version
    entries = "".join(path.read_text() for path in (tmp_path / "inventory/_delta_log").iterdir())
    assert set(re.findall(r'"appId":"(.+?)"', entries)) == {"pagefoundry"}


def test_a_table_opens_without_the_history_before_its_checkpoint(tmp_path: Path) -> None:
    made = [commit(tmp_path, 1, pages=number) for number in range(4)]
    write_checkpoint(made[-1].uri, made[-2].version)
    log = tmp_path / "inventory/_delta_log"
    for version in range(made[-2].version):
        (log / f"{version:020d}.json").write_text("not read")
    assert open_table(made[-1].uri) == made[-1]
    assert open_table(made[-1].uri, made[-2].version) == made[-2]


def test_a_version_is_opened_with_its_own_metadata_while_others_commit(tmp_path: Path) -> None:
    first = commit(tmp_path, 1, pages=0)
    with ThreadPoolExecutor(1) as thread:
        committing = thread.submit(lambda: [commit(tmp_path, 1, pages=n) for n in range(1, 20)])
        seen = []
        while not committing.done():
            seen.append(open_table(first.uri))
    assert all(table.metadata == {"pages": table.version - 1} for table in seen)


@pytest.mark.slow
def test_a_clock_that_jumps_makes_no_version_forgotten(tmp_path: Path) -> None:
    """deltalake makes a checkpoint every hundred commits, and can drop old entries then."""
    log = tmp_path / "inventory/_delta_log"
    commit(tmp_path, 1, pages=0)
    last = commit(tmp_path, 1, pages=1)
    written = (log / f"{last.version:020d}.json").read_bytes()
    for number in range(last.version + 1, 99):  # as commits that give the metadata alone
        (log / f"{number:020d}.json").write_bytes(written)
    for entry in log.iterdir():
        os.utime(entry, (0, 0))
    for number in range(4):
        last = commit(tmp_path, 1, pages=98 + number)
    assert list(log.glob("*.checkpoint.parquet"))
    assert [entry[0] for entry in table_history(last.uri)] == list(range(last.version, -1, -1))
    assert numbers(tmp_path, version=3) == [1]


@pytest.mark.parametrize("held", [(1, 3), (3,), ()])
def test_a_commit_that_another_came_before_is_refused(tmp_path: Path, held: tuple[int]) -> None:
    """The others' parts, added or not, are not mixed with ours."""
    last = commit(tmp_path, 1)
    parts = [part_of(tmp_path, number) for number in held]
    between = commit(tmp_path, 1, 2)
    with pytest.raises(LeaseError, match=f"another run committed version {between.version} first"):
        commit_parts(str(tmp_path), "inventory", parts, follows=last)
    assert open_table(last.uri) == between
    assert commit_parts(str(tmp_path), "inventory", parts, follows=between).version == 3


def test_a_version_that_is_known_counts_only_while_it_is_the_latest(tmp_path: Path) -> None:
    known = commit(tmp_path, 1)
    parts = [part_of(tmp_path, number) for number in (1, 2, 3)]
    after = commit_parts(str(tmp_path), "inventory", parts[:2], known=known)
    assert (after.version, numbers(tmp_path)) == (known.version + 1, [1, 2])
    # Another commit came meanwhile, so the known version is not what is built on.
    assert ensure_table(str(tmp_path), "inventory", known) == after
    assert commit_parts(str(tmp_path), "inventory", parts[:2], known=known) == after
    back = commit_parts(str(tmp_path), "inventory", parts[:1], known=known)
    assert (back.version, numbers(tmp_path)) == (after.version + 1, [1])


def test_a_commit_that_is_there_already_is_not_made_again(tmp_path: Path) -> None:
    """As when the answer to a commit was lost on the way, and the commit was not."""
    last = commit(tmp_path, 1, pages=1)
    made = commit(tmp_path, 1, 2, pages=2)
    parts = [part_of(tmp_path, number) for number in (1, 2)]
    arguments = (str(tmp_path), "inventory", parts)
    assert commit_parts(*arguments, {"pages": 2}, follows=last) == made
    with pytest.raises(LeaseError):
        commit_parts(*arguments, {"pages": 3}, follows=last)


def test_two_that_make_a_table_at_once_have_the_same_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: ensure_table(str(tmp_path), "inventory"), range(8)))
    assert {(table.version, table.parts) for table in made} == {(0, ())}


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_table_of_each_schema_opens(tmp_path: Path, table: str) -> None:
    commit_parts(str(tmp_path), table, [])
    assert DeltaTable(str(tmp_path / table)).to_pyarrow_table().num_rows == 0


def test_delta_readers_see_the_rows_of_the_version(tmp_path: Path) -> None:
    first = commit(tmp_path, 1, 2)
    commit(tmp_path, 3)
    old = DeltaTable(first.uri, version=first.version).to_pyarrow_table(columns=["page_count"])
    now = DeltaTable(first.uri).to_pyarrow_table(columns=["page_count"])
    assert sorted(old["page_count"].to_pylist()) == [1, 2]
    assert now["page_count"].to_pylist() == [3]


def earlier_table(tmp_path: Path) -> tuple[Path, pa.Schema, PartFile]:
    """The inventory as an earlier release wrote it: some columns are missing, also nested."""
    seen = pa.struct([field for field in SEEN if field.name != "version"])
    old = pa.schema(
        [
            field.with_type(pa.list_(seen)) if field.name == "uris" else field
            for field in INVENTORY
            if field.name not in ("reason", "detail", "source")
        ]
    )
    uri, part = tmp_path / "inventory", "data/part-old.parquet"
    (uri / "data").mkdir(parents=True)
    row = {"doc_id": "old", "uris": [{"uri": "a", "size": 1}], "page_count": 1}
    pq.write_table(pa.Table.from_pylist([row], schema=old), uri / part)
    size = (uri / part).stat().st_size
    added = AddAction(part, size, {}, 0, True, json.dumps({"numRecords": 1}))
    create_table_with_add_actions(str(uri), Schema.from_arrow(old), [added], name="inventory")
    return uri, old, PartFile(part, size, 1)


def test_a_table_of_an_earlier_release_takes_new_columns_with_its_next_parts(
    tmp_path: Path,
) -> None:
    uri, old, _ = earlier_table(tmp_path)
    made = commit(tmp_path, 2, 3)
    assert numbers(tmp_path) == [2, 3]
    assert made.version == 1
    assert DeltaTable(str(uri)).schema() == Schema.from_arrow(described(INVENTORY, "inventory"))
    before = DeltaTable(str(uri), version=0)
    assert before.schema() == Schema.from_arrow(old)
    assert before.to_pyarrow_table()["doc_id"].to_pylist() == ["old"]


def test_a_part_of_an_earlier_release_stays_and_reads_as_null(tmp_path: Path) -> None:
    uri, _, part = earlier_table(tmp_path)
    made = commit_parts(str(tmp_path), "inventory", [part, part_of(tmp_path, 2)], {"pages": 2})
    assert made.version == 2  # after a commit that only adds the columns
    assert open_table(str(uri), 1).parts == (part,)
    rows = DeltaTable(str(uri)).to_pyarrow_table().select(["doc_id", "source", "detail"])
    assert sorted(rows.to_pylist(), key=lambda row: row["doc_id"]) == [
        {"doc_id": "document 2", "source": None, "detail": None},
        {"doc_id": "old", "source": None, "detail": None},
    ]
    parts = [part, part_of(tmp_path, 2), part_of(tmp_path, 3)]
    assert commit_parts(str(tmp_path), "inventory", parts, {"pages": 3}).version == 3


@pytest.mark.parametrize("table", TABLES)
def test_a_table_says_what_it_and_its_columns_mean(tmp_path: Path, table: str) -> None:
    commit_parts(str(tmp_path), table, [])
    made = DeltaTable(str(tmp_path / table))
    assert made.metadata().description == TABLE_DESCRIPTIONS[table]
    for field in made.schema().fields:
        assert field.metadata == {"comment": description(table, field.name)}


def test_a_table_that_says_nothing_of_its_columns_goes_on_as_it_is(tmp_path: Path) -> None:
    uri, part = tmp_path / "inventory", part_of(tmp_path, 1)
    create_table_with_add_actions(str(uri), Schema.from_arrow(INVENTORY), [], name="inventory")
    first = commit_parts(str(tmp_path), "inventory", [part])
    assert first.version == 1
    assert commit_parts(str(tmp_path), "inventory", [part]) == first
    both = commit_parts(str(tmp_path), "inventory", [part, part_of(tmp_path, 2)])
    last = commit(tmp_path, 3)
    assert (both.version, last.version) == (2, 3)  # no commit in between for the words alone
    assert DeltaTable(str(uri)).schema() == Schema.from_arrow(INVENTORY)
    assert numbers(tmp_path) == [3]


def test_a_version_that_came_before_the_columns_is_not_mixed_with_ours(tmp_path: Path) -> None:
    _, _, part = earlier_table(tmp_path)
    last = open_table(str(tmp_path / "inventory"))
    commit(tmp_path, 2)
    parts = [part, part_of(tmp_path, 3)]
    with pytest.raises(LeaseError, match="another run committed version 1 first"):
        commit_parts(str(tmp_path), "inventory", parts, follows=last)


@given(st.lists(st.sets(st.integers(1, 4)), min_size=1, max_size=4))
@settings(max_examples=10)
def test_every_version_stays_what_was_committed(tmp_path_factory, commits) -> None:
    dataset = tmp_path_factory.mktemp("dataset")
    versions = [commit(dataset, *held).version for held in commits]
    for version, held in zip(versions, commits, strict=True):
        assert numbers(dataset, version) == sorted(held)
