"""datatrove's decontamination filter on given texts, in an environment of its own.

Its index holds the 12-grams of questions, answers and the passages where they meet; all other
settings are datatrove's defaults. Only the filter is timed, document by document in one process,
not reading or writing.
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


def run(items: Sequence[tuple[str, str]], texts: Sequence[str], python: str) -> dict[str, Any]:
    """Whether each text is contaminated, and the CPU seconds of the filter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "source.json").write_text(json.dumps({"items": items, "texts": texts}))
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        command = [python, __file__, folder]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | single)
        result: dict[str, Any] = json.loads(Path(folder, "result.json").read_text())
        return result


def decontaminate(folder: str) -> None:
    """Filter in this process, which must have datatrove."""
    import numpy as np
    from datatrove.data import Document  # type: ignore[import-not-found] # not in this environment
    from datatrove.pipeline.decont.n_grams import (  # type: ignore[import-not-found]
        NGramsDecontConfig,
        NGramsDecontFilter,
        NGramsDecontIndexer,
    )

    source = json.loads(Path(folder, "source.json").read_text())
    index = Path(folder, "index")
    index.mkdir()
    config = NGramsDecontConfig(find_query_ngrams=True)
    sieve = NGramsDecontFilter(str(index), config=config)
    # The indexer itself asks for `lighteval`; its hashes need only what the filter has, too.
    hashes = {
        value
        for question, answer in source["items"]
        for value in NGramsDecontIndexer.compute_hashes(sieve, answer, question)
    }
    array = np.array(sorted(hashes), dtype=config.hash_config.np_descr)
    array.tofile(index / "made.index.hashes")
    sieve.filter(Document(text="the index is loaded with the first document", id="0"))
    documents = [Document(text=text, id=str(n)) for n, text in enumerate(source["texts"])]
    start_s = time.process_time()
    kept = [sieve.filter(document) is True for document in documents]
    spent_s = time.process_time() - start_s
    result = {"contaminated": [not one for one in kept], "cpu_s": spent_s, "hashes": len(hashes)}
    Path(folder, "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    decontaminate(sys.argv[1])
