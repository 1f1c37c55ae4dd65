"""Moving values between the host and a device without waiting for either.

Owns: pinned memory, the streams, and `Fetched`, values that are still to come. Does not: compute.

On CUDA, a plain copy to the device waits until the device has done all that it was given before,
and then neither works while the other does. So everything goes through `send` and `Fetched`. On
the CPU device nothing is copied, and there are no streams.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def send(values: NDArray[Any], device: torch.device) -> Tensor:
    """`values` on `device`; on CUDA the copy is queued on the caller's stream."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    if device.type != "cuda":
        return tensor
    # Torch reuses pinned memory, and not before a copy from it is done.
    return tensor.pin_memory().to(device, non_blocking=True)


class Fetched:
    """Values that the device is still computing or copying to the host.

    On the CPU, the thread that first waits computes them: a batch on one core is faster than an
    operator on two, above all where other work shares the cores.
    """

    def __init__(self, compute: Callable[[], tuple[Tensor, ...]], is_cuda: bool) -> None:
        self._compute = compute
        self._lock = Lock()
        self._values: list[Tensor] | None = None
        self._arrived: torch.cuda.Event | None = None
        if is_cuda:
            # For a copy that does not wait, torch takes pinned memory.
            self._values = [value.to("cpu", non_blocking=True) for value in compute()]
            self._arrived = torch.cuda.current_stream().record_event()

    def wait(self) -> list[NDArray[Any]]:
        """The values, when they have arrived; any thread may wait."""
        if self._arrived is not None:
            self._arrived.synchronize()
        with self._lock:
            if self._values is None:
                self._values = list(self._compute())
        return [value.numpy() for value in self._values]


class Streams:
    """Three queues of a CUDA device, which works on all at once; nothing on the CPU.

    Pages are sent in the first, detected in the second, and their lines are cut and read in the
    third. So copies and small kernels of one fill the gaps of the others.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        is_cuda = device.type == "cuda"
        make: Callable[[torch.device], torch.cuda.Stream] = torch.cuda.Stream
        self._streams = [make(device) for _ in range(3)] if is_cuda else []

    def send_page(self, pixels: NDArray[np.uint8]) -> Tensor:
        """A page on the device, for the streams of detection and recognition; any thread may."""
        if not self._streams:
            return send(pixels, self._device)
        sending, *users = self._streams
        with torch.cuda.stream(sending):
            page = send(pixels, self._device)
        for user in users:
            user.wait_stream(sending)
            page.record_stream(user)  # its memory is not used anew before this stream is through
        return page

    def detection(self) -> AbstractContextManager[Any]:
        """What is computed inside is queued for detection."""
        return self._on(1)

    def recognition(self) -> AbstractContextManager[Any]:
        """What is computed inside is queued for cutting and recognition."""
        return self._on(2)

    def _on(self, number: int) -> AbstractContextManager[Any]:
        return torch.cuda.stream(self._streams[number]) if self._streams else nullcontext()
