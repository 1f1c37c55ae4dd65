"""Datasets and sources may have every name that a store allows."""

from __future__ import annotations

import pytest

from tests.names import ALL_AT_ONCE, NAMES, REFUSED_NAMES, cut
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, rows, run_here
from tests.pipelines.test_names import check_commands, recipe_of
from tests.workers.dataset.test_names import check_table
from workers import store

pytestmark = pytest.mark.s3


@pytest.mark.parametrize("name", [*NAMES, ALL_AT_ONCE])
def test_a_dataset_may_have_this_name(name: bytes, s3: str) -> None:
    check_table(f"{s3}/{name.decode()}")


def test_a_dataset_goes_through_every_command_under_any_name(s3: str) -> None:
    check_commands(f"{s3}/{ALL_AT_ONCE.decode()}/data", f"{s3}/{ALL_AT_ONCE.decode()}/corpus")


def test_sources_may_have_any_name(s3: str) -> None:
    """Odd names work for folders, and for objects below a plain prefix."""
    # SeaweedFS treats a backslash as a slash.
    names = [name for name in (*NAMES, *REFUSED_NAMES) if b"\\" not in name]
    sources: list[dict[str, str]] = [{"documents": f"{s3}/flat"}]
    for number, name in enumerate(names):
        file = cut(name, b".pdf").decode(errors="ignore")
        folder = f"{s3}/documents/{name.decode()}"
        store.write_bytes(f"{folder}/{file}", pdf([prose(number)]))
        store.write_bytes(f"{s3}/flat/{file}", pdf([prose(1000 + number)]))
        sources.append({"documents": folder})
    report = run_here(recipe_of(f"{s3}/data", *sources))
    assert (report.documents, report.rejects, report.unreadable) == (2 * len(names), {}, {})
    assert len({row["source_uri"] for row in rows(f"{s3}/data", "pages")}) == 2 * len(names)
    assert problems(f"{s3}/data") == ()
