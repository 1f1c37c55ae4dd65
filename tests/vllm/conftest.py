"""A vLLM small enough for a test, on the CPU, for this process and for those of Ray."""

from __future__ import annotations

import os

os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; by default most of the memory
