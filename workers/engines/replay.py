"""Runs one step again and again, on a GPU as a graph that was recorded once.

A step of generation is about a thousand small kernels. Launched one by one from Python they take
longer to launch than to run; a recorded graph is one launch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch

from schemas.lines import first_line

log = logging.getLogger(__name__)


class Replay:
    """Calls `step`, which must always compute the same shapes in place at the same addresses.

    Args:
        step: called as it is where `records` is false or there is no GPU.
        records: the first call runs the step as it is, which also warms up its kernels; the second
            records it. A step that cannot be recorded, as it waits for the host, is called as it
            is from then on, and a warning says so.
    """

    def __init__(self, step: Callable[[], None], records: bool) -> None:
        self._step = step
        self._records = records and torch.cuda.is_available()
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """Run the step."""
        self._calls += 1
        if self._records and self._calls == 2:
            self._record()
        if self._graph is None:
            self._step()
        else:
            self._graph.replay()

    def _record(self) -> None:
        """Record the step, which does not run it."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._step()
        except RuntimeError as exc:
            self._records = False
            log.warning("a step cannot be recorded, and is launched as it is: %s", first_line(exc))
        else:
            self._graph = graph
