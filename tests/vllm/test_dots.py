"""dots.ocr in vLLM: a checkpoint in the layout of its release, and no code of it is run."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from schemas.errors import NoEngineError
from schemas.recipe import EngineSpec
from tests.checkpoints import make_checkpoint
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import problems, rows
from workers.engines.checkpoint import find_checkpoint
from workers.engines.profiles.known import PROFILES

if find_spec("vllm") is None:
    pytest.skip("needs vLLM, which `make test-vllm` installs", allow_module_level=True)

from tests.vllm.test_sizes import run
from workers.engines.vllm.engine import load_vllm

# vLLM's own imports warn.
pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

BOX = (140, 84, 420, 168)  # in pixels of the picture that the model sees
SAYS = "The kiln was fired twice."
ANSWER = json.dumps([{"bbox": BOX, "category": "Text", "text": SAYS}])
RECIPE = """
dataset: {folder}/data
sources: [{{documents: {folder}/corpus}}]
routing: never
raster: {{longest_edge_px: 900}}
engine: {{name: vllm, model: {folder}/model, max_new_tokens: 60}}
quality: {{min_confidence: 0, max_symbol_share: 1, max_repetition: 1}}
dedup: {{exact_text: false, near: null, image: null}}
"""
RUN = """
import sys
from pathlib import Path
from schemas.recipe import parse_recipe
from tests.pipelines.datasets import run_here

if __name__ == "__main__":
    recipe = parse_recipe((Path(sys.argv[1]) / "recipe.yaml").read_text())
    print(run_here(recipe).counts["pages"])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint, with code as the released one has it, which must not run."""
    model = make_checkpoint("dots-ocr", tmp_path / "model", ANSWER)
    for name in ("configuration_dots", "modeling_dots_ocr"):
        (model / f"{name}.py").write_text("raise SystemExit('code of the checkpoint runs')")
    return tmp_path


def test_a_released_checkpoint_goes_to_parquet(folder: Path) -> None:
    write_pdf(folder / "corpus", "a.pdf", first_seed=1, pages=2, words=40)
    (folder / "recipe.yaml").write_text(RECIPE.format(folder=folder))
    assert run(RUN, folder) == 2
    assert problems(folder / "data") == ()
    [mode] = PROFILES["dots-ocr"].modes
    assert mode.tokens is not None
    assert mode.seen_px is not None
    model = str(folder / "model")
    revision = find_checkpoint(EngineSpec(name="vllm", model=model)).revision
    for row in rows(folder / "data", "pages"):
        assert row["text"] == SAYS
        size = row["width"], row["height"]
        wide, high = mode.seen_px(*size)
        [block] = row["blocks"]
        place = (BOX[0] / wide, BOX[1] / high, BOX[2] / wide, BOX[3] / high)
        assert block["bbox"] == pytest.approx(place, abs=1e-3)
        assert row["vision_tokens"] == mode.tokens(*size).valid
        assert (row["model"], row["model_revision"]) == (model, revision)
        assert (row["engine"], row["mode"], row["task"]) == ("vllm", "native", "markdown")


def test_another_release_of_vllm_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm.model_executor.models.dots_ocr", None)
    monkeypatch.delitem(sys.modules, "workers.engines.vllm.dots", raising=False)
    with pytest.raises(NoEngineError, match=r"code of the checkpoint: .*dots_ocr.*install vLLM"):
        load_vllm(EngineSpec(name="vllm", model=str(folder / "model")))
