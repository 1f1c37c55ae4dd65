"""What a shard took: seconds, tokens and memory, measured in the workers.

Times travel beside the receipt, not in it, so that a receipt's bytes do not depend on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShardTimes:
    """Sums over the pages of one shard or of several; the default is the sum of none.

    Args:
        raster_s, read_s, finish_s: wall seconds inside each step, without waiting and transfers;
            `read_s` is 0 if no replica was needed.
        engine_pages: pages that the engine read; the others have a text layer or failed before.
        retries: attempts of the engine beyond a page's first.
        vision_tokens, output_tokens, text_tokens: of the samples and their crops.
        gpu_memory_bytes: the peak that torch had allocated in the replica's process; 0 without a
            GPU.
        device: what the replicas ran on; empty if there was none.
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
        """The sums; of memory the larger value, of two devices the last by name."""
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
