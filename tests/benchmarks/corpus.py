"""A real corpus from start to finish: pages, pages/s, rejects, peak memory; and OCR accuracy.

    python -m tests.benchmarks.corpus whole FOLDER DATASET      # the whole folder, routing: prefer
    python -m tests.benchmarks.corpus accuracy DATASET          # a slice of it, read by the engine
    python -m tests.benchmarks.corpus compare NEVER PREFER      # two datasets of the same files

`whole` runs the command line as a user would and watches the memory of all its processes.
`accuracy` takes pages whose text layer `whole` chose, reads them with the engine and compares.
Character accuracy is 1 - edit distance / length of the longer text, on the letters and digits of
both (NFKC, case kept, no spaces, marks or Markdown), for Latin and Chinese separately. Order
counts: a column read at the wrong place costs accuracy.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import psutil
import pyarrow.compute as pc
import pyarrow.dataset as ds
from PIL import Image
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from schemas.pages import PageImage
from schemas.recipe import EngineSpec
from workers.engines import load_engine

SAMPLE_EVERY_S = 2.0
MIN_CHARS = 200


def run_whole(folder: Path, dataset: Path) -> dict[str, object]:
    """Run the command line on `folder`; return figures of the run and its processes."""
    recipe = dataset.with_suffix(".yaml")
    recipe.write_text(f"dataset: {dataset}\nsources: [{{documents: {folder}}}]\nrouting: prefer\n")
    command = [str(Path(sys.executable).with_name("pagefoundry")), "run", str(recipe), "--json"]
    started = time.perf_counter()
    driver = subprocess.Popen(command, stdout=subprocess.PIPE)
    together = largest = driver_peak = 0
    while driver.poll() is None:
        sizes = dict(_resident(psutil.Process(driver.pid)))
        together = max(together, sum(sizes.values()))
        largest = max(largest, max(sizes.values(), default=0))
        driver_peak = max(driver_peak, sizes.get(driver.pid, 0))
        time.sleep(SAMPLE_EVERY_S)
    seconds = time.perf_counter() - started
    assert driver.stdout is not None
    report = json.loads(driver.stdout.read())
    return {
        "report": report,
        "seconds": round(seconds, 1),
        "pages_per_second": round(report["pages"] / seconds, 2),
        "peak_all_processes_mib": together >> 20,
        "peak_largest_process_mib": largest >> 20,
        "peak_driver_mib": driver_peak >> 20,
    }


def _resident(root: psutil.Process) -> Iterable[tuple[int, int]]:
    """Proportional set size by process: shared memory counts once."""
    try:
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            yield process.pid, process.memory_full_info().pss
        except psutil.Error:
            continue


def measure_accuracy(dataset: Path, latin: int, chinese: int) -> dict[str, object]:
    """Read pages again with the engine; return the accuracy against their text layers by script."""
    table = ds.dataset(dataset / "pages/data", format="parquet").to_table(
        columns=["page_id", "source_uri", "text", "text_source", "language"],
        filter=pc.field("text_source") == "text_layer",
    )
    by_script: dict[str, list[dict[str, str]]] = {"Latin": [], "Chinese": []}
    for row in table.sort_by("page_id").to_pylist():
        letters = plain(row["text"])
        if len(letters) >= MIN_CHARS and (script := _script(letters)) is not None:
            by_script[script].append(row)
    # Spread over the documents, so that one large document does not fill the slice.
    chosen = _spread(by_script["Latin"], latin) + _spread(by_script["Chinese"], chinese)
    images = _images(dataset, [row["page_id"] for row in chosen])
    engine = load_engine(EngineSpec())
    started = time.perf_counter()
    readings = engine.read([images[row["page_id"]] for row in chosen])
    seconds = time.perf_counter() - started
    scores: dict[str, list[tuple[float, str]]] = {"Latin": [], "Chinese": []}
    for row, reading in zip(chosen, readings, strict=True):
        truth, read = plain(row["text"]), plain(reading.text)
        score = 1 - Levenshtein.normalized_distance(truth, read)
        script = _script(truth)
        assert script is not None
        scores[script].append((score, f"{row['source_uri']}#{row['page_id'][-5:]}"))
    return {
        "pages": len(chosen),
        "pages_per_second": round(len(chosen) / seconds, 2),
        "scripts": {
            script: {
                "pages": len(scored),
                "median": round(float(np.median([score for score, _ in scored])), 4),
                "p10": round(float(np.percentile([score for score, _ in scored], 10)), 4),
                "worst": sorted(scored)[:5],
            }
            for script, scored in scores.items()
            if scored
        },
    }


def compare(read: Path, truth: Path) -> dict[str, object]:
    """Accuracy of a dataset made with `routing: never` against the text layers of its files."""
    columns = ["page_id", "text", "text_source", "source_uri"]
    layers, readings = (
        ds.dataset(folder / "pages/data", format="parquet").to_table(columns=columns).to_pylist()
        for folder in (truth, read)
    )
    texts = {row["page_id"]: row["text"] for row in readings}
    scores: dict[str, list[float]] = {"Latin": [], "Chinese": []}
    unread = 0
    for row in layers:
        letters = plain(row["text"])
        script = _script(letters) if len(letters) >= MIN_CHARS else None
        if row["text_source"] != "text_layer" or script is None:
            continue
        if row["page_id"] not in texts:
            unread += 1
            continue
        distance = Levenshtein.normalized_distance(letters, plain(texts[row["page_id"]]))
        scores[script].append(1 - distance)
    return {
        "pages": sum(map(len, scores.values())),
        "not_in_dataset": unread,
        "scripts": {
            script: {
                "pages": len(accuracies),
                "median": round(float(np.median(accuracies)), 4),
                "p10": round(float(np.percentile(accuracies, 10)), 4),
            }
            for script, accuracies in scores.items()
            if accuracies
        },
    }


def plain(text: str) -> str:
    """Letters and digits alone, in NFKC."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if char.isalnum())


def _script(letters: str) -> str | None:
    names = [unicodedata.name(char, "") for char in letters[:2000]]
    chinese = sum(name.startswith("CJK") for name in names) / len(names)
    latin = sum(name.startswith(("LATIN", "DIGIT")) for name in names) / len(names)
    return "Chinese" if chinese > 0.5 else "Latin" if latin > 0.95 else None


def _spread(rows: list[dict[str, str]], count: int) -> list[dict[str, str]]:
    documents: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        documents.setdefault(row["source_uri"], []).append(row)
    chosen: list[dict[str, str]] = []
    while len(chosen) < min(count, len(rows)):
        for waiting in documents.values():
            if waiting and len(chosen) < count:
                chosen.append(waiting.pop(len(waiting) // 2))
    return chosen


def _images(dataset: Path, page_ids: list[str]) -> dict[str, PageImage]:
    table = ds.dataset(dataset / "pages/data", format="parquet").to_table(
        columns=["page_id", "image"], filter=pc.field("page_id").isin(page_ids)
    )
    images = {}
    for row in table.to_pylist():
        data = row["image"]["bytes"]
        width, height = Image.open(io.BytesIO(data)).size
        images[row["page_id"]] = PageImage(row["page_id"], data, width, height)
    return images


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("whole")
    whole.add_argument("folder", type=Path)
    whole.add_argument("dataset", type=Path)
    accuracy = commands.add_parser("accuracy")
    accuracy.add_argument("dataset", type=Path)
    accuracy.add_argument("--latin", type=int, default=80)
    accuracy.add_argument("--chinese", type=int, default=40)
    against = commands.add_parser("compare")
    against.add_argument("read", type=Path)
    against.add_argument("truth", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "compare":
        print(json.dumps(compare(arguments.read, arguments.truth)))
        return
    if arguments.command == "whole":
        print(json.dumps(run_whole(arguments.folder.resolve(), arguments.dataset.resolve())))
        return
    result = measure_accuracy(arguments.dataset, arguments.latin, arguments.chinese)
    table = Table("script", "pages", "median", "10th percentile", title="character accuracy")
    for script, row in result["scripts"].items():  # type: ignore[attr-defined]
        table.add_row(script, str(row["pages"]), str(row["median"]), str(row["p10"]))
    Console().print(table)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
