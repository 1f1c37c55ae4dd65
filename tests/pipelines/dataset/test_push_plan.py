"""What a push sends and commits: all of it once, in an order for readers, or a refusal."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.dataset.push_plan import (
    GROUP_BYTES,
    GROUP_FILES,
    MOST_BYTES,
    MOST_FILES,
    MOST_OPERATIONS,
    Changes,
    Content,
    changes_to,
    check_limits,
    commits_of,
    groups,
)
from schemas.errors import RequestError
from tests.many import few
from workers.dataset.delta import PartFile
from workers.store.hub_repository import RemoteFile

TEXTS = {"README.md": b"card", "croissant.json": b"{}"}


def content_of(*numbers: int, size: int = 1, table: str = "pages") -> Content:
    parts = [PartFile(f"data/part-{number:064x}.parquet", size, 1) for number in numbers]
    return Content(TEXTS, {f"{table}/{part.path}": (part, part.path) for part in parts})


def files_of(content: Content) -> dict[str, RemoteFile]:
    texts = {
        path: RemoteFile(hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(), len(data), None)
        for path, data in content.texts.items()
    }
    parts = {p: RemoteFile("", part.size, part.sha256) for p, (part, _) in content.parts.items()}
    return texts | parts


def test_nothing_changes_what_is_there_already() -> None:
    content = content_of(*range(5000))
    assert not changes_to(content, files_of(content))


def test_a_first_push_of_thousands_of_parts_is_a_commit_a_thousand() -> None:
    changes = changes_to(content_of(*range(2500)), {})
    commits = commits_of(changes, MOST_OPERATIONS)
    assert [len(commit.parts) for commit in commits] == [1000, 1000, 500, 0]
    assert commits[-1].texts == TEXTS


def test_up_to_so_many_operations_are_one_commit() -> None:
    changes = changes_to(content_of(*range(MOST_OPERATIONS - len(TEXTS))), {})
    assert commits_of(changes, MOST_OPERATIONS) == [changes]


@settings(max_examples=few(50, 2000), deadline=None)
@given(
    before=st.sets(st.integers(0, 30)), after=st.sets(st.integers(0, 30)), most=st.integers(1, 70)
)
def test_each_card_finds_its_parts_after_every_commit(
    before: set[int], after: set[int], most: int
) -> None:
    old, new = content_of(*before), content_of(*after)
    there = {path for path in files_of(old) if path not in TEXTS}
    changes = changes_to(new, {path: files_of(old)[path] for path in there})
    card = old
    for commit in commits_of(changes, most):
        assert len(commit) <= max(most, len(TEXTS))
        there = (there - set(commit.gone)) | set(commit.parts) | set(commit.texts)
        card = new if commit.texts else card
        assert card.parts.keys() <= there
    assert there == files_of(new).keys()


def test_a_folder_that_would_be_too_full_is_refused() -> None:
    full = content_of(*range(MOST_FILES))
    check_limits("a/b", full, changes_to(full, {}), ())
    other = {"pages/data/mine.txt": RemoteFile("", 1, None)}
    with pytest.raises(RequestError, match=r"a/b: pages/data would have 10,001 files.*part_bytes"):
        check_limits("a/b", full, changes_to(full, other), other)
    elsewhere = {"pages/mine.txt": RemoteFile("", 1, None)}
    check_limits("a/b", full, changes_to(full, elsewhere), elsewhere)


def test_what_several_commits_replace_counts_while_it_is_there() -> None:
    old, new = files_of(content_of(*range(6000))), content_of(*range(6000, 12000))
    with pytest.raises(RequestError, match="12,000 files"):
        check_limits("a/b", new, changes_to(new, old), old)
    few_new = content_of(*range(500, 6500))
    check_limits("a/b", few_new, changes_to(few_new, old), old)


def test_a_file_that_is_too_large_is_refused() -> None:
    large = content_of(1, size=MOST_BYTES + 1)
    with pytest.raises(RequestError, match=r"500,000,000,001 bytes.*smaller parts"):
        check_limits("a/b", large, changes_to(large, {}), ())


def test_no_changes_are_one_commit_of_nothing() -> None:
    assert commits_of(Changes({}, (), ()), 5) == [Changes({}, (), ())]


def test_groups_are_bounded_and_complete() -> None:
    many = {str(number): 1 for number in range(2 * GROUP_FILES + 1)}
    assert [len(group) for group in groups(many)] == [GROUP_FILES, GROUP_FILES, 1]
    large = {"a": GROUP_BYTES, "b": 1, "c": 3 * GROUP_BYTES, "d": GROUP_BYTES - 1, "e": 1}
    assert list(groups(large)) == [["a"], ["b"], ["c"], ["d", "e"]]
    assert list(groups({})) == []
