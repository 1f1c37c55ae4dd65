"""What a takedown says at its end: what is left to do, and where it does not reach."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from pipelines.cli.show import takedown as show
from pipelines.takedown import Removed, Searched, TableLoss, Takedown

DONE = Takedown(
    dataset="s3://lake/data",
    dry_run=False,
    asked=1,
    listed=1,
    on_list=1,
    version_before=3,
    version=4,
    documents=1,
    pages=2,
    tables=(TableLoss("pages", 2, 1, 3_000_000),),
    keeperless=0,
    keeperless_documents=(),
    removed=(Removed("parts of old versions", 1, 3_000_000),),
    unmatched=(),
)
BUCKET = "remove these with a lifecycle rule"
PROVE = "pagefoundry verify s3://lake/data --forgotten"
STILL = "--erase removes them there"


def printed(renderable: object) -> str:
    out = io.StringIO()
    Console(file=out, width=400).print(renderable)
    return out.getvalue()


@pytest.mark.parametrize(
    ("done", "said", "unsaid"),
    [
        (DONE, {BUCKET, PROVE, "4, after 3"}, {STILL}),
        (replace(DONE, dataset="/lake/data"), {"/lake/data --forgotten"}, {BUCKET, STILL}),
        (replace(DONE, removed=()), {STILL}, {BUCKET, PROVE}),
        (replace(DONE, dry_run=True, version=None), {"would be erased"}, {BUCKET, PROVE, STILL}),
        (
            replace(DONE, keeperless=3, keeperless_documents=("ab" * 32,)),
            {"3 rows of 1 other documents", f"--doc {'ab' * 32}"},
            set(),
        ),
        (replace(DONE, unmatched=("/x[1]\x1b[2J.pdf",)), {r"/x[1]\x1b[2J.pdf"}, {"\x1b[2J"}),
    ],
)
def test_the_end_of_a_takedown(done: Takedown, said: set[str], unsaid: set[str]) -> None:
    text = printed(show.takedown(done))
    assert {words for words in said if words not in text} == set()
    assert {words for words in unsaid if words in text} == set()


def test_a_long_search_is_cut_in_print() -> None:
    lines = tuple(f"s3://lake/data/{number}: names documents" for number in range(25))
    text = printed(show.searched(Searched("s3://lake/data", 1, 25, 100, 0, 0, lines)))
    assert text.count("names documents") == 20
    assert "and 5 more" in text
