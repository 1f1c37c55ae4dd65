"""What a shard's chain took: seconds, tokens and memory, measured in the workers that did it.

Times travel beside the receipt and never in it: receipts are the same bytes whoever made them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShardTimes:
    """Sums over the pages of a shard, or of many; the default is of none.

    `raster_s`, `read_s` and `finish_s` are wall seconds within each step, waiting and moving apart;
    `read_s` is 0 where no replica was needed. `engine_pages` are the pages that the engine read,
    the others came from their text layer or failed before. `retries` counts an engine's attempts
    beyond a page's first. The tokens are those of the shard's samples and of their crops.
    `gpu_memory_bytes` is the peak that torch had allocated in the replica's process, 0 without a
    GPU. `device` is what the replicas ran on, empty where there was none.
    """

    raster_s: float = 0.0
    read_s: float = 0.0
    finish_s: float = 0.0
    pages: int = 0
    engine_pages: int = 0
    retries: int = 0
    vision_tokens: int = 0
    output_tokens: int = 0
    text_tokens: int = 0
    gpu_memory_bytes: int = 0
    device: str = ""

    def __add__(self, other: ShardTimes) -> ShardTimes:
        """Sums, and the larger of the two memories; of two devices, the last by name."""
        return ShardTimes(
            self.raster_s + other.raster_s,
            self.read_s + other.read_s,
            self.finish_s + other.finish_s,
            self.pages + other.pages,
            self.engine_pages + other.engine_pages,
            self.retries + other.retries,
            self.vision_tokens + other.vision_tokens,
            self.output_tokens + other.output_tokens,
            self.text_tokens + other.text_tokens,
            max(self.gpu_memory_bytes, other.gpu_memory_bytes),
            max(self.device, other.device),
        )
