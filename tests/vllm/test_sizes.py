"""vLLM's own processing of DeepSeek-OCR's pictures, in every mode: counted placeholders.

A process has one mode, so each mode is tried in a process of its own. What vLLM needs of
torchvision, which has no build for the CPU, stands in `torchvision_stand_in`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import NoEngineError
from tests.checkpoint_deepseek import REAL, TINY_TEXT, Sizes
from tests.checkpoints import make_checkpoint
from workers.engines.profiles.known import PROFILES
from workers.engines.profiles.profile import Mode

if find_spec("vllm") is None:
    pytest.skip("needs vLLM, which `make test-vllm` installs", allow_module_level=True)

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

ANSWER = "The kiln was fired twice."
MODES = PROFILES["deepseek-ocr"].modes
REPOSITORY = Path(__file__).resolve().parents[2]
SIZES = [(905, 1280), (1280, 905), (1700, 2200), (600, 500), (100, 30)]
COUNT = """
import json, sys
from PIL import Image
from workers.engines.profiles.known import PROFILES
from workers.engines.vllm.sizes import set_sizes

if __name__ == "__main__":
    folder, name, sizes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    modes = {mode.name: mode for mode in PROFILES["deepseek-ocr"].modes}
    set_sizes(modes[name])
    from vllm.config import ModelConfig
    from vllm.multimodal import MULTIMODAL_REGISTRY

    processor = MULTIMODAL_REGISTRY.create_processor(ModelConfig(model=folder, dtype="float32"))
    image = processor.info.get_hf_processor().image_token_id
    counts = []
    for width, height in sizes:
        items = processor.info.parse_mm_data({"image": Image.new("RGB", (width, height))})
        made = processor([0, image], items, hf_processor_mm_kwargs={})
        counts.append(made["prompt_token_ids"].count(image))
    print(json.dumps(counts))
"""


READ = """
import json, sys
from schemas.recipe import EngineSpec
from workers.engines.vllm.engine import blank_page, load_vllm

if __name__ == "__main__":
    folder, name, sizes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    engine = load_vllm(EngineSpec(name="vllm", model=folder, mode=name, max_new_tokens=40))
    readings = engine.read([blank_page(*size) for size in sizes])
    engine.loaded.stream.close()
    print(json.dumps([[str(r.error), r.text, r.vision_tokens] for r in readings]))
"""
# vLLM (0.32) has the encoder's sizes in its code. Its attention refuses heads under 64.
SMALL_DECODER = {
    **TINY_TEXT,
    "hidden_size": 128,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}


def run(script: str, folder: Path, mode: str = "", sizes: Sequence[tuple[int, int]] = ()) -> Any:
    """What `script` prints last, in a process of its own with torchvision's stand-in."""
    path = [str(Path(__file__).parent / "torchvision_stand_in"), str(REPOSITORY)]
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), mode, json.dumps(sizes)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "VLLM_LOGGING_LEVEL": "ERROR"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint("deepseek-ocr", tmp_path_factory.mktemp("deepseek"))


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_vllm_makes_as_many_placeholders_as_the_formula_says(mode: Mode, folder: Path) -> None:
    assert mode.tokens is not None
    counts = run(COUNT, folder, mode.name, SIZES)
    assert counts == [mode.tokens(*size).placeholders for size in SIZES]


def test_pages_with_tiles_and_without_are_read(tmp_path: Path) -> None:
    """From the published layout to text, with the encoder's real sizes: 1.6 GB of weights."""
    sizes = Sizes(SMALL_DECODER, REAL.sam, REAL.clip)
    folder = make_checkpoint("deepseek-ocr", tmp_path, ANSWER, sizes=sizes)
    found = run(READ, folder, "gundam", [(600, 1200), (300, 200)])
    assert found == [["None", ANSWER, 2 * 100 + 256], ["None", ANSWER, 256]]


def test_a_second_mode_in_one_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.engines.vllm.sizes import set_sizes

    monkeypatch.setenv("PAGEFOUNDRY_DEEPSEEK_SIZES", "512,512,0")
    with pytest.raises(NoEngineError, match="another mode than base"):
        set_sizes(next(mode for mode in MODES if mode.name == "base"))
