"""What semantic deduplication finds and costs: planted pairs among synthetic embeddings.

    python -m tests.benchmarks.semantic [--vectors 100000] [--homes 2] [--clusters N]
                                        [--shape topics] [--dimensions 384] [--json]

A fifth of the vectors are the second of a pair whose cosine is drawn between 0.90 and 1. The other
vectors are drawn at random in all directions (`spread`, in which no clusters are, so that most
pairs lie at a border), or around 1,000 topics with a cosine of 0.5 to each (`topics`). They go
through the code that publishing uses, in one process of one thread. Similarity is 0.95.

`found` are the shares of planted pairs of which the second or the first is dropped, by their
cosine; `false` are drops whose true cosine, before vectors are kept as whole numbers, is below 0.95
by more than 0.0005. Seconds are CPU seconds, without making the vectors.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse  # noqa: E402
import itertools  # noqa: E402
import json  # noqa: E402
import multiprocessing  # noqa: E402
import resource  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402
import pyarrow as pa  # noqa: E402

from cluster.session import IN_PROCESS, open_session  # noqa: E402
from pipelines.version.embeddings import Embedded  # noqa: E402
from pipelines.version.records import NOBODY  # noqa: E402
from pipelines.version.semantic import cluster_count, compare_rows  # noqa: E402
from schemas.semantic import Semantic  # noqa: E402
from workers.embeddings.kept import WHOLE, KeptEmbeddings, kept_files  # noqa: E402
from workers.embeddings.vectors import to_bytes, whole_numbers  # noqa: E402
from workers.text_models.texts import KEY, text_key  # noqa: E402

SIMILARITY, TOPICS, TO_TOPIC = 0.95, 1000, 0.5
BINS = (0.90, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0)
PER_FILE = 1024
Floats = npt.NDArray[np.float64]


def unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def make(count: int, dimensions: int, shape: str) -> tuple[npt.NDArray[np.float32], Floats]:
    """Vectors of length 1, of which the last fifth are pairs of the first, and their cosines."""
    random = np.random.default_rng(0)
    firsts = count - count // 5
    own = unit(random.normal(size=(firsts, dimensions)))
    if shape == "topics":
        topics = unit(random.normal(size=(TOPICS, dimensions)))[
            random.integers(TOPICS, size=firsts)
        ]
        own = unit(TO_TOPIC * topics + np.sqrt(1 - TO_TOPIC**2) * own)
    pairs = count - firsts
    cosines = random.uniform(BINS[0], 1, pairs)
    aside = random.normal(size=(pairs, dimensions))
    aside = unit(aside - (aside * own[:pairs]).sum(axis=1, keepdims=True) * own[:pairs])
    seconds = cosines[:, None] * own[:pairs] + np.sqrt(1 - cosines**2)[:, None] * aside
    return np.concatenate([own, seconds]).astype(np.float32), cosines


def write(folder: Path, args: argparse.Namespace) -> None:
    """Write the vectors as a run keeps them, and as they are beside them."""
    vectors, cosines = make(args.vectors, args.dimensions, args.shape)
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "cosines.npy", cosines)
    for start in range(0, len(vectors), PER_FILE):
        rows = to_bytes(whole_numbers(vectors[start : start + PER_FILE]))
        names = [f"{start + number:064x}" for number in range(len(rows))]
        keys = [text_key(name) for name in names]
        kept = KeptEmbeddings(f"{folder}/kept/{start:09d}", "page")
        column = pa.array(rows, pa.binary())
        kept.write(names, [0] * len(rows), keys, [WHOLE] * len(rows), column)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """What is found among the vectors, and what that costs."""
    count = args.vectors
    files = [kept_files(str(path))[0] for path in sorted((folder / "kept").iterdir())]
    places = np.arange(count)
    file, row = (places // PER_FILE).astype(np.int32), (places % PER_FILE).astype(np.int32)
    keys = np.array([text_key(f"{number:064x}") for number in range(count)], KEY)
    embedded = Embedded(files, file, row, keys, frozenset())
    semantic = Semantic(model="-", similarity=SIMILARITY, clusters=args.clusters)
    quality = np.random.default_rng(1).uniform(size=count)
    before, began = peak_mib(), time.process_time()
    with open_session(IN_PROCESS) as session:
        drops = compare_rows(
            embedded, places, quality, semantic, f"{folder}/scratch", session, args.homes
        )
    seconds, peak = time.process_time() - began, peak_mib()
    vectors, cosines = np.load(folder / "vectors.npy"), np.load(folder / "cosines.npy")
    firsts = count - len(cosines)
    is_found = drops.dropped[firsts:] | drops.dropped[: len(cosines)]
    dropped = np.flatnonzero(drops.dropped)
    keepers = drops.keeper[dropped]
    true = (vectors[dropped] * vectors[keepers]).sum(axis=1, dtype=np.float64)
    found = {
        f"{low:.2f} to {high:.2f}": float(is_found[(cosines >= low) & (cosines < high)].mean())
        for low, high in itertools.pairwise(BINS)
    }
    return {
        "shape": args.shape,
        "vectors": count,
        "homes": args.homes,
        "clusters": args.clusters or cluster_count(count),
        "found": found,
        "found of all at 0.95 or more": float(is_found[cosines >= SIMILARITY].mean()),
        "drops": len(dropped),
        "false": int((true < SIMILARITY - 0.0005).sum()),
        "to a row that is dropped": int((drops.keeper[keepers] != NOBODY).sum()),
        "CPU seconds": round(seconds, 1),
        "peak MiB": round(peak),
        "peak before MiB": round(before),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--homes", type=int, default=2)
    parser.add_argument("--clusters", type=int)
    parser.add_argument("--shape", choices=("topics", "spread"), default="topics")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own, so that the peak is that of comparing.
        making = multiprocessing.get_context("spawn").Process(
            target=write, args=(Path(folder), args)
        )
        making.start()
        making.join()
        assert making.exitcode == 0
        result = measure(Path(folder), args)
    if args.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        shown = (
            value
            if not isinstance(value, dict)
            else "".join(f"\n    {low}: {share:.4f}" for low, share in value.items())
        )
        print(f"{name}: {shown}")


if __name__ == "__main__":
    main()
