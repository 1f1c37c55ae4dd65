"""Which releases of vLLM are accepted, and the message where vLLM is missing."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from schemas.errors import NoEngineError
from schemas.recipe import EngineSpec
from workers.engines.checkpoint import find_checkpoint
from workers.engines.profiles.known import PROFILES
from workers.engines.vllm.core import check_version, has_fixed_mode
from workers.engines.vllm.engine import load_vllm, plan_for_vllm


def write_config(folder: Path, architecture: str, model_type: str) -> EngineSpec:
    config = {"architectures": [architecture], "model_type": model_type}
    (folder / "config.json").write_text(json.dumps(config))
    return EngineSpec(name="vllm", model=str(folder))


@pytest.mark.parametrize("version", ["0.8.5.post1", "0.31.9", "0.32rc3", "0.32.dev7+g12ab"])
def test_a_vllm_that_prepares_prompts_in_another_way_is_refused(version: str) -> None:
    with pytest.raises(NoEngineError, match=r"is too old; install 0\.32 or later"):
        check_version(version)


@pytest.mark.parametrize("version", ["0.32.0", "0.33.0rc1", "0.32.0+cpu", "1.0"])
def test_a_newer_vllm_is_accepted(version: str) -> None:
    check_version(version)


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed")
def test_without_vllm_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VLLM_USE_V2_MODEL_RUNNER", "VLLM_NO_USAGE_STATS", "VLLM_LOGGING_LEVEL"):
        monkeypatch.setenv(name, "restored by monkeypatch")
    spec = write_config(tmp_path, "LightOnOcrForConditionalGeneration", "lighton_ocr")
    with pytest.raises(NoEngineError, match=r"install pagefoundry\[vllm\]"):
        load_vllm(spec)


def test_a_mode_that_vllm_cannot_read_in_is_refused(tmp_path: Path) -> None:
    spec = write_config(tmp_path, "DeepseekOCR2ForCausalLM", "deepseek_vl_v2")
    with pytest.raises(NoEngineError, match="in mode gundam only, not in small"):
        load_vllm(spec.model_copy(update={"mode": "small"}))


def test_vllm_can_read_in_every_mode_of_deepseek_ocr(tmp_path: Path) -> None:
    spec = write_config(tmp_path, "DeepseekOCRForCausalLM", "deepseek_vl_v2")
    checkpoint = find_checkpoint(spec)
    assert has_fixed_mode(checkpoint)
    for mode in PROFILES["deepseek-ocr"].modes:
        plan = plan_for_vllm(spec.model_copy(update={"mode": mode.name}), checkpoint)
        assert plan.mode is mode


def test_a_checkpoint_without_profile_needs_a_prompt(tmp_path: Path) -> None:
    with pytest.raises(NoEngineError, match="give `prompt`"):
        load_vllm(write_config(tmp_path, "NobodysForConditionalGeneration", "nobodys"))


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoEngineError, match="is no folder here"):
        load_vllm(EngineSpec(name="vllm", model=str(tmp_path / "missing")))
