"""The examples: the notebook, run cell by cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.checkpoints import make_checkpoint
from tests.docs.conftest import Tutorial
from tests.docs.pages import REPOSITORY

EXAMPLES = REPOSITORY / "examples"

CHECKED = """
shapes = {name: tuple(values.shape) for name, values in chat_batch.items()}
answer = chat_batch["labels"][0][chat_batch["labels"][0] != -100]
texts = {row["text"] for row in good}
assert processor.decode(answer).removesuffix(processor.tokenizer.eos_token) in texts
assert shapes["input_ids"] == shapes["labels"] and shapes["pixel_values"][0] == 2
assert (chat_batch["labels"] == -100).any(1).all()
assert text_batch.shape[1] == LENGTH and len(text_batch) > 0
assert len(counts.patches) == len(languages) > 0
print("checked")
"""


def test_the_notebook_runs_from_its_first_cell_to_its_last(
    tutorial: Tutorial, tmp_path: Path
) -> None:
    notebook = json.loads((EXAMPLES / "dataset.ipynb").read_text())
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    assert len(cells) == 4
    code = "\n\n".join([*cells, CHECKED])
    model = make_checkpoint("granite-docling", tmp_path / "model")
    environment = {
        "DATASET": str(tutorial.folder / "demo/data"),
        "MODEL": str(model),
        "MPLBACKEND": "Agg",
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "checked"


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = json.loads((EXAMPLES / "dataset.ipynb").read_text())
    assert not any(cell.get("outputs") for cell in notebook["cells"])
