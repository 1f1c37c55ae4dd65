"""The device: what it reaches in bare loops, and how busy its driver says it was."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable

import torch

from tests.benchmarks.gpu.floors import Ceilings

DAY_S = 86_400
_SAMPLE_MS = 200


def synchronise() -> None:
    """Wait until the device has done all that it was asked for."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def describe() -> dict[str, object]:
    """The device by name, and the versions that decide its speed."""
    on_gpu = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "memory_gib": torch.cuda.get_device_properties(0).total_memory / 2**30 if on_gpu else None,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }


def measure_ceilings(is_small: bool) -> Ceilings:
    """Bytes a second of a copy (read and written), operations a second of a matrix product.

    In the precision of the models: bfloat16 on a GPU, float32 on a CPU.
    """
    on_gpu = torch.cuda.is_available()
    device, dtype = ("cuda", torch.bfloat16) if on_gpu else ("cpu", torch.float32)
    side = 512 if is_small else 8192
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    product_s = _fastest_s(lambda: left @ right)
    source = torch.zeros(side * side * 16, device=device, dtype=dtype)
    target = torch.empty_like(source)
    copy_s = _fastest_s(lambda: target.copy_(source))
    return Ceilings(2 * source.nbytes / copy_s, 2 * side**3 / product_s)


def _fastest_s(run: Callable[[], object], times: int = 10) -> float:
    run()
    synchronise()
    seconds = []
    for _ in range(times):
        started_s = time.perf_counter()
        run()
        synchronise()
        seconds.append(time.perf_counter() - started_s)
    return min(seconds)


class BusySampler:
    """The driver's own figure of how busy the GPU was while the block ran.

    It is the share of time in which any kernel ran. None without a GPU or `nvidia-smi`.
    """

    share: float | None = None

    def __enter__(self) -> BusySampler:
        tool = shutil.which("nvidia-smi") if torch.cuda.is_available() else None
        self._process = tool and subprocess.Popen(
            [
                *(tool, f"--id={torch.cuda.current_device()}", f"--loop-ms={_SAMPLE_MS}"),
                *("--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if not self._process:
            return
        self._process.terminate()
        output, _ = self._process.communicate()
        samples = [int(line) for line in output.split() if line.isdigit()]
        if samples:
            self.share = sum(samples) / len(samples) / 100
