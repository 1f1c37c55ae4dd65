"""Settings of vLLM for tests on the CPU, in this process and in those of Ray."""

from __future__ import annotations

import os

os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; by default most of the memory
