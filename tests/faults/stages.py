"""Where histories take place: a folder, a small disk, a separate clock, Ray nodes, S3."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.harness import Stage
from tests.faults.worlds import World
from tests.local_ray import CPU_NODE, GPU_NODE, Fleet
from tests.s3.faulty_proxy import FaultyProxy
from tests.s3.server import SeaweedServer

DISK_BYTES = 32 * 2**20
_NAMESPACES = (("--mount",), ("--user", "--map-root-user", "--mount"))


def local(world: World, folder: Path) -> Stage:
    """Return a stage on a folder, with the command in one process."""
    view = folder / "data"
    shutil.copytree(world.first, view)
    return Stage("local", world, str(view), str(view), lambda: _names(view), forks=True)


def _names(folder: Path) -> list[str]:
    return [
        os.path.relpath(os.path.join(path, name), folder)
        for path, _, names in os.walk(folder)
        for name in names
    ]


@contextmanager
def small_disk(world: World, folder: Path) -> Iterator[Stage | None]:
    """Yield a stage on a small file system in its own mount namespace.

    Yields None if the machine does not permit one.
    """
    disk = folder / "disk"
    disk.mkdir()
    script = f"mount -t tmpfs -o size={DISK_BYTES} small {disk} && echo mounted && exec cat"
    for flags in _NAMESPACES:
        holder = subprocess.Popen(
            ["unshare", *flags, "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with holder:
            assert holder.stdout is not None
            if holder.stdout.readline() != "mounted\n":
                continue
            view = Path(f"/proc/{holder.pid}/root{disk}/data")
            shutil.copytree(world.first, view)
            enter = ["nsenter", "--target", str(holder.pid), "--mount"]
            if "--user" in flags:
                enter += ["--user", "--preserve-credentials"]
            names = functools.partial(_names, view)

            def readable(view: str) -> str:
                """Copy the view: libraries that resolve links would read the empty mount point."""
                copy = folder / "copy"
                shutil.copytree(view, copy)
                return str(copy)

            yield Stage(
                "small disk", world, f"{disk}/data", str(view), names, readable, prefix=enter
            )
            return
    yield None


def own_clock(world: World, folder: Path) -> Stage | None:
    """Return a stage whose wall clock the test sets; None without libfaketime."""
    spec = importlib.util.find_spec("libfaketime")
    if spec is None or spec.origin is None:
        return None
    library = Path(spec.origin).parent / "vendor/libfaketime/src/libfaketime.so.1"
    offset = folder / "offset"
    offset.write_text("+0\n")
    stage = local(world, folder)
    stage.name, stage.props, stage.forks = "own clock", offset, False
    stage.environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    return stage


# ---- Ray --------------------------------------------------------------------------------------


def on_ray(world: World, folder: Path, fleet: Fleet) -> Stage:
    """Return a stage on a folder, with the command on Ray nodes: one of them dies when told to.

    That node has one CPU and, in name, one GPU; two others have as much together.
    """
    *_, doomed = fleet.have(CPU_NODE, GPU_NODE, {**CPU_NODE, **GPU_NODE})
    stage = local(world, folder)
    stage.name, stage.ray, stage.mark = "ray", fleet.address, fleet.mark
    stage.props, stage.forks = functools.partial(fleet.kill, doomed), False
    return stage


# ---- S3 ---------------------------------------------------------------------------------------


@dataclass
class Store:
    """An S3 server and the proxy in front of it."""

    server: SeaweedServer
    proxy: FaultyProxy


def on_s3(world: World, store: Store, prefix: str) -> Stage:
    """Return a stage on a prefix of the server.

    The command reaches the server through the proxy, the test directly.

    The environment of this process must give access to the server.
    """
    from s3fs import S3FileSystem

    fs = S3FileSystem(
        endpoint_url=store.server.endpoint, use_listings_cache=False, skip_instance_cache=True
    )
    fs.call_s3  # noqa: B018 - connects
    uri = f"s3://{prefix}"
    for path in world.first.rglob("*"):
        if path.is_file():
            fs.pipe_file(f"{prefix}/{path.relative_to(world.first)}", path.read_bytes())

    def names() -> list[str]:
        try:
            return [name.removeprefix(f"{prefix}/") for name in fs.find(prefix)]
        except OSError:  # the server is down
            return []

    environment = store.server.environment() | {"AWS_ENDPOINT_URL": store.proxy.endpoint}
    return Stage("s3", world, uri, uri, names, environment=environment, props=store, forks=True)
