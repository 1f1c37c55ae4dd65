"""Read a published dataset by `pagefoundry.open`."""

from __future__ import annotations

import json
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from PIL import Image
from torchdata.stateful_dataloader import StatefulDataLoader

import pagefoundry
from pagefoundry import Rows
from pipelines.dataset.state import load_snapshot
from schemas.errors import StorageError
from schemas.page_text import full_text_of
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import recipe_for, run_here

OLD_PAGES, PAGES = 20, 18


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 has 20 pages of 5 documents; in version 2 one is gone and a shorter one came."""
    folder = tmp_path_factory.mktemp("loading")
    recipe = recipe_for(
        folder / "data",
        folder / "corpus",
        "routing: only\non_missing: remove\nmax_removed: 1\npublish: {row_group_bytes: 300000}\n",
    )
    for number in range(5):
        write_pdf(folder / "corpus", f"{number}.pdf", first_seed=10 * number, pages=4)
    run_here(recipe)
    (folder / "corpus" / "3.pdf").unlink()
    write_pdf(folder / "corpus", "new.pdf", first_seed=90, pages=2)
    run_here(recipe)
    return folder / "data"


@pytest.fixture(scope="module")
def stored(dataset: Path) -> dict[str, dict[str, Any]]:
    """The rows of the newest version, by id, as the tables have them."""
    snapshot = load_snapshot(str(dataset))
    assert snapshot is not None
    rows = snapshot.columns(
        "pages", snapshot.tables["pages"].parts and ["page_id", "text", "blocks"]
    )
    assert rows is not None
    return {row["page_id"]: row for row in rows.to_pylist()}


# ---- choosing ---------------------------------------------------------------------------------


def test_the_newest_version_has_its_rows_and_no_others(
    dataset: Path, stored: dict[str, dict[str, Any]]
) -> None:
    pages = pagefoundry.open(str(dataset))
    assert (len(pages), pages.version, pages.versions()) == (PAGES, 2, [1, 2])
    rows = list(pages)
    assert {row["page_id"]: row["text"] for row in rows} == {
        key: row["text"] for key, row in stored.items()
    }
    assert len(rows) == PAGES
    assert list(rows[0]) == list(pages.schema.names)
    assert pages.to_table().num_rows == PAGES


def test_an_older_version_is_as_it_was(dataset: Path) -> None:
    old = pagefoundry.open(str(dataset), version=1)
    assert len(old) == len(list(old.select("page_id"))) == OLD_PAGES


def test_other_tables_are_those_of_the_version(dataset: Path) -> None:
    documents = pagefoundry.open(str(dataset), table="documents", version=1)
    assert sorted(row["page_count"] for row in documents) == [4, 4, 4, 4, 4]
    newest = pagefoundry.open(str(dataset), table="documents")
    assert sorted(row["page_count"] for row in newest) == [2, 4, 4, 4, 4]


def test_filters_and_columns(dataset: Path) -> None:
    pages = pagefoundry.open(str(dataset))
    first = pages.filter(pc.field("page_index") == 0)
    assert len(first) == 5
    assert [list(row) for row in first.select("text", "page_id")] == [["text", "page_id"]] * 5
    both = pages.filter([("page_index", "in", [0, 1])]).filter(pc.field("page_index") > 0)
    assert {row["page_index"] for row in both} == {1}
    assert both.to_table().num_rows == 5
    nothing = pages.filter(pc.field("language") == "xx")
    assert (len(nothing), list(nothing), nothing.to_table().num_rows) == (0, [], 0)


def test_pictures_and_texts(dataset: Path, stored: dict[str, dict[str, Any]]) -> None:
    plain = next(iter(pagefoundry.open(str(dataset)).select("page_id", "image", "width")))
    decoded = next(iter(pagefoundry.open(str(dataset), pictures="decoded")))
    assert plain["page_id"] == decoded["page_id"]
    assert isinstance(decoded["image"], Image.Image)
    assert decoded["image"].size == (decoded["width"], decoded["height"])
    assert plain["image"]["bytes"][:2] == b"\xff\xd8"
    full = list(pagefoundry.open(str(dataset), text="full").select("page_id", "text"))
    assert [row["text"] for row in full] == [full_text_of(stored[row["page_id"]]) for row in full]
    assert set(full[0]) == {"page_id", "text"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table": "page"}, "'page' is no table of a dataset; name inventory, rejects"),
        ({"version": 9}, "version 9 of .* cannot be opened"),
        ({"table": "documents", "text": "full"}, "`text='full'` is for rows of `pages`"),
    ],
)
def test_what_is_not_there_is_named(dataset: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(pagefoundry.DatasetError, match=message):
        pagefoundry.open(str(dataset), **arguments)


def test_what_is_no_dataset_is_named(tmp_path: Path, dataset: Path) -> None:
    with pytest.raises(pagefoundry.DatasetError, match="nothing is no dataset: there is no table"):
        pagefoundry.open(str(tmp_path / "nothing"))
    with pytest.raises(pagefoundry.DatasetError, match="pages has no column 'txt'; it has page_id"):
        pagefoundry.open(str(dataset)).select("txt")


def test_a_store_that_does_not_answer_is_no_missing_dataset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            monkeypatch.setenv(name, "none")
        options = {"max_retries": "0", "retry_timeout": "1s"}
        with pytest.raises(StorageError, match=r"s3://lake/data/pages cannot be read: .*S3 error"):
            pagefoundry.open("s3://lake/data", storage_options=options)


def test_a_part_that_is_gone_is_named(dataset: Path, tmp_path: Path) -> None:
    old = pagefoundry.open(str(dataset), version=1)
    [lost, *_] = old.opened.parts
    where = dataset / "pages" / lost.path
    moved = where.rename(tmp_path / "part")
    try:
        with pytest.raises(pagefoundry.DatasetError, match=r"part-.* is gone: .* newer version"):
            list(old)
    finally:
        moved.rename(where)


def test_importing_it_loads_no_more_than_it_needs() -> None:
    code = (
        "import sys, pagefoundry; print([name for name in "
        "('torch', 'ray', 'fsspec', 'pydantic', 'PIL', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


# ---- training ---------------------------------------------------------------------------------


def ids(batches: Iterator[list[dict[str, Any]]]) -> list[list[str]]:
    return [[row["page_id"] for row in batch] for batch in batches]


@pytest.fixture
def pages(dataset: Path) -> Rows:
    return pagefoundry.open(str(dataset)).select("page_id", "text")


def test_an_epoch_has_every_row_once_over_two_ranks(
    pages: Rows, stored: dict[str, dict[str, Any]]
) -> None:
    loaders = [pages.loader(4, rank=rank, ranks=2) for rank in range(2)]
    batches = [ids(iter(loader)) for loader in loaders]
    assert [len(one) for one in batches] == [len(loader) for loader in loaders] == [3, 2]
    assert sorted(key for one in batches for batch in one for key in batch) == sorted(stored)
    # The next epoch has another order.
    assert ids(iter(loaders[0])) != batches[0]


def test_even_ranks_have_as_many_full_batches(pages: Rows) -> None:
    batches = [ids(iter(pages.loader(4, rank=r, ranks=2, even=True))) for r in range(2)]
    assert [[len(batch) for batch in one] for one in batches] == [[4, 4], [4, 4]]


def test_it_goes_on_in_the_middle_of_an_epoch(pages: Rows) -> None:
    whole = pages.loader(4)
    epochs = [ids(iter(whole)), ids(iter(whole))]
    loader = pages.loader(4)
    first = ids(iter(loader))
    assert first == epochs[0]
    given = []
    for batch in loader:
        given += ids(iter([batch]))
        if len(given) == 2:
            break
    state = json.loads(json.dumps(loader.state_dict()))
    resumed = pages.loader(4)
    resumed.load_state_dict(state)
    assert given + ids(iter(resumed)) == epochs[1]
    # The loader that was left goes on, too.
    assert given + ids(iter(loader)) == epochs[1]


def test_a_state_of_another_order_is_refused(pages: Rows) -> None:
    state = pages.loader(4, seed=1).state_dict()
    with pytest.raises(ValueError, match="these differ: batch_size 4 -> 2, seed 1 -> 0"):
        pages.loader(2).load_state_dict(state)


@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")  # torchdata calls it
def test_torchdatas_stateful_loader_goes_on_where_its_state_says(pages: Rows) -> None:
    def loader() -> StatefulDataLoader[Any]:
        return StatefulDataLoader(pages.torch(4), batch_size=4, collate_fn=list)

    whole = ids(iter(pages.loader(4)))
    first = loader()
    batches = iter(first)
    given = ids(iter([next(batches), next(batches)]))
    resumed = loader()
    resumed.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
    assert given + ids(iter(resumed)) == whole


RUN = """
import json, sys
import pagefoundry

if __name__ == "__main__":
    dataset, state, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    loader = pagefoundry.open(dataset).select("page_id").loader(2, workers=workers)
    try:
        loader.load_state_dict(json.loads(open(state).read()))
    except FileNotFoundError:
        pass
    for batch in loader:
        open(state + ".new", "w").write(json.dumps(loader.state_dict()))
        import os; os.replace(state + ".new", state)
        print(json.dumps([row["page_id"] for row in batch]), flush=True)
        if workers == 2:
            sys.stdin.readline()  # until the test lets it go on
"""


def test_a_run_that_was_killed_goes_on_with_other_workers(
    dataset: Path, pages: Rows, tmp_path: Path
) -> None:
    script = tmp_path / "train.py"
    script.write_text(RUN)
    command = [sys.executable, str(script), str(dataset), str(tmp_path / "state.json")]
    with subprocess.Popen(
        [*command, "2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdin is not None
        given = []
        for _ in range(3):
            given.append(json.loads(first.stdout.readline()))
            if len(given) < 3:
                first.stdin.write("\n")
                first.stdin.flush()
        first.send_signal(signal.SIGKILL)
    second = subprocess.run(
        [*command, "0"], capture_output=True, text=True, check=True, timeout=120
    )
    given += [json.loads(line) for line in second.stdout.splitlines()]
    assert given == ids(iter(pages.loader(2)))
