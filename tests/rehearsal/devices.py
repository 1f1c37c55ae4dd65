"""Starts of replicas on devices that may be bad.

The starts signal each other through files. The module imports little.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from schemas.errors import ModelError

if TYPE_CHECKING:
    from tests.rehearsal.script import Script
    from workers.reading import Replica, ReplicaSettings

CAUSE = "no memory is left on the device"
When = Literal["before", "after"]
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class BadDevices:
    """The first `bad` devices on which a replica starts are bad: every start on them fails.

    With `when="before"`, the good devices start only after every bad one has failed. With
    `when="after"`, the bad devices fail only after a good one has started.
    """

    folder: Path
    bad: int
    when: When

    def make(self) -> None:
        """Make the folders through which the starts signal each other."""
        for name in ("claims", "devices", "starts", "failures"):
            (self.folder / name).mkdir(parents=True)

    def start(self, device: str) -> None:
        """What a replica does at its start. Raises ModelError on a bad device."""
        (self.folder / "starts" / f"{device}-{time.time_ns()}").touch()
        began = self.folder / "began"
        if self._is_bad(device):
            while self.when == "after" and not began.exists():
                time.sleep(_POLL_S)
            (self.folder / "failures" / f"{device}-{time.time_ns()}").touch()
            raise ModelError(CAUSE)
        while self.when == "before" and len({name for name, _ in self.failures()}) < self.bad:
            time.sleep(_POLL_S)
        began.touch()

    def _is_bad(self, device: str) -> bool:
        if (self.folder / "devices" / device).exists():
            return True
        for number in range(self.bad):
            try:
                (self.folder / "claims" / str(number)).touch(exist_ok=False)
            except FileExistsError:
                continue
            (self.folder / "devices" / device).touch()
            return True
        return False

    def starts(self) -> int:
        """How many starts there were, failed ones included."""
        return len(list((self.folder / "starts").iterdir()))

    def failures(self) -> list[tuple[str, float]]:
        """The device of each start that failed, and when."""
        names = (path.name.rpartition("-") for path in (self.folder / "failures").iterdir())
        return [(device, int(at_ns) / 1e9) for device, _, at_ns in names]


def load_on_device(devices: BadDevices, script: Script, settings: ReplicaSettings) -> Replica:
    """A scripted replica, unless it is on a bad device."""
    import ray

    devices.start("-".join(str(gpu) for gpu in ray.get_gpu_ids()))
    # Imported here: 160 starts that fail need none of it.
    from tests.rehearsal.script import load_scripted

    return load_scripted(script, settings)
