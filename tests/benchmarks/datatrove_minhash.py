"""datatrove's MinHash deduplication of given texts, in an environment of its own.

Its four steps run one after the other in one process, from JSON lines to JSON lines, with word
5-grams, 64-bit hashes, and buckets of 8 hashes. All other settings are datatrove's defaults.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HASHES_PER_BUCKET = 8


def run(texts: Sequence[str], python: str, buckets: int) -> dict[str, Any]:
    """Deduplicate; return the numbers of the kept texts, the CPU seconds and the wall seconds."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        source.mkdir()
        with (source / "pages.jsonl").open("w") as lines:
            for number, text in enumerate(texts):
                lines.write(json.dumps({"text": text, "id": str(number)}) + "\n")
        command = [python, __file__, folder, str(buckets)]
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        subprocess.run(command, check=True, capture_output=True, env=os.environ | single)
        spent: dict[str, Any] = json.loads(Path(folder, "spent.json").read_text())
        kept = [
            int(json.loads(line)["id"])
            for path in Path(folder, "kept").glob("*.jsonl")
            for line in path.read_text().splitlines()
        ]
    return spent | {"kept": kept}


def deduplicate(folder: str, buckets: int) -> None:
    """Deduplicate in this process, which must have datatrove."""
    from datatrove.pipeline.dedup import (  # type: ignore[import-not-found] # not in this environment
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.readers import JsonlReader  # type: ignore[import-not-found]
    from datatrove.pipeline.writers import JsonlWriter  # type: ignore[import-not-found]

    config = MinhashConfig(n_grams=5, num_buckets=buckets, hashes_per_bucket=HASHES_PER_BUCKET)
    reader = JsonlReader(f"{folder}/source")
    began_s, spent_s = time.perf_counter(), time.process_time()
    signing = MinhashDedupSignature(f"{folder}/signatures", config=config)
    signing.run(reader.run(None, 0, 1), 0, 1)
    for bucket in range(buckets):
        MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config).run(
            None, bucket, buckets
        )
    MinhashDedupCluster(f"{folder}/buckets", f"{folder}/removed", config=config).run(None, 0, 1)
    sifting = MinhashDedupFilter(f"{folder}/removed")
    writer = JsonlWriter(f"{folder}/kept", compression=None)
    for _ in writer.run(sifting.run(JsonlReader(f"{folder}/source").run(None, 0, 1), 0, 1), 0, 1):
        pass
    spent = {"seconds": time.perf_counter() - began_s, "cpu_s": time.process_time() - spent_s}
    Path(folder, "spent.json").write_text(json.dumps(spent))


if __name__ == "__main__":
    deduplicate(sys.argv[1], int(sys.argv[2]))
