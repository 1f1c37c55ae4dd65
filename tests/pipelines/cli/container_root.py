"""A root folder like a container's, for commands of a manifest to run in as they stand.

The programs of this machine are there, read-only; what a container is given lies where its mounts
say: configuration, volumes, scratch, shared memory, the service account. Nothing else can be
written, the network is the loopback's where asked, and all processes end with the command. Made of
`unshare` and bind mounts, which a user with namespaces of his own may use without being root.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[3]
_OWN = ("tmp", "var", "run", "dev")  # a container's own: nothing of this machine's is seen there
_NAMESPACES = ("--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child")

# Brings the loopback of a new network up: there is no `ip` on every machine.
_LOOPBACK_UP = (
    "import fcntl, socket, struct; s = socket.socket(); "
    "fcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 0x1 | 0x40))"
)


@dataclass(slots=True)
class ContainerRoot:
    """What lies in the root: files by their path, and folders that can be written."""

    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)
    volumes: dict[str, Path] = field(default_factory=dict)
    shared_memory: bool = False

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        own_network: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it, with that environment and the image's PATH, and nothing else."""
        self.folder.mkdir(parents=True)
        for path, data in self.files.items():
            target = self._inside(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        script = "\n".join([*self._mounts(), self._enter(command, environment, own_network)])
        network = ("--net",) if own_network else ()
        return subprocess.run(
            ["unshare", *_NAMESPACES, *network, "sh", "-ec", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def _inside(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def _mounts(self) -> list[str]:
        root = shlex.quote(str(self.folder))
        lines = [f"mount --bind {root} {root}", f"mount --make-rprivate {root}"]
        taken = {path.split("/")[1] for path in (*self.files, *self.volumes)}
        for entry in sorted(Path("/").iterdir()):
            if entry.name in taken or entry.name in _OWN:
                continue
            if entry.is_symlink():
                self._inside(str(entry)).symlink_to(os.readlink(entry))
            elif entry.is_dir():
                lines.append(self._bind(entry, str(entry)))
        for name in ("null", "zero", "random", "urandom"):
            self._inside(f"/dev/{name}").parent.mkdir(exist_ok=True)
            self._inside(f"/dev/{name}").touch()
            lines.append(f"mount --bind /dev/{name} {root}/dev/{name}")
        lines += [self._bind(folder, path) for path, folder in sorted(self.volumes.items())]
        if self.shared_memory:
            self._inside("/dev/shm").mkdir()
            lines.append(f"mount -t tmpfs -o size=1g tmpfs {root}/dev/shm")
        for needed in (Path(sys.prefix), Path(sys.base_prefix), _REPOSITORY):
            if needed.parts[1] in _OWN:
                lines.append(f"mkdir -p {root}{needed} && {self._bind(needed, str(needed), False)}")
        lines.append(f"mount -o remount,bind,ro {root}")
        return lines

    def _bind(self, source: Path, path: str, make: bool = True) -> str:
        target = self._inside(path)
        if make:
            target.mkdir(parents=True, exist_ok=True)
        return f"mount --rbind {shlex.quote(str(source))} {shlex.quote(str(target))}"

    def _enter(
        self, command: Sequence[str], environment: Mapping[str, str], own_network: bool
    ) -> str:
        path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        given = [f"{name}={value}" for name, value in {"PATH": path, **environment}.items()]
        start = [sys.executable, "-c", _LOOPBACK_UP] if own_network else ["true"]
        inside = ["chroot", str(self.folder), "env", "-i", "-C", "/", *given, *command]
        return f"mount -t proc proc {self.folder}/proc\n{shlex.join(start)}\n{shlex.join(inside)}"


def require_namespaces() -> None:
    """Skips where a user may not make namespaces."""
    if shutil.which("unshare") is None:
        pytest.skip("no `unshare` on this machine, to make a root like a container's")
    tried = subprocess.run(
        ["unshare", *_NAMESPACES, "--net", "sh", "-c", "mount -t tmpfs tmpfs /mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"this machine allows no namespaces: {tried.stderr.strip()}")


def expanded(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """A container's command with `$(NAME)` replaced, as the kubelet does."""
    found = list(command)
    for name, value in environment.items():
        found = [word.replace(f"$({name})", value) for word in found]
    return found
