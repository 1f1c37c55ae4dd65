"""Walk through a container in a test: what of it can be read, and why the rest cannot."""

from __future__ import annotations

from pathlib import Path

from workers.sources.containers.entries import LostError
from workers.sources.containers.kinds import Kind, recognise
from workers.sources.containers.opened import opened
from workers.sources.containers.selection import Selection
from workers.sources.containers.walking import unpack, walk

ALL = Selection(("**",))


def walked(
    folder: Path, data: bytes, name: str = "file", selection: Selection = ALL
) -> tuple[list[tuple[str, bytes]], dict[str, str]]:
    """Names and bytes of the members, in order; and by name, why others cannot be read."""
    path = folder / name
    path.write_bytes(data)
    kind = recognise(str(path), data[:1024], name)
    assert kind is not None
    return walked_as(kind, path, selection)


def walked_as(
    kind: Kind, path: Path, selection: Selection = ALL
) -> tuple[list[tuple[str, bytes]], dict[str, str]]:
    """The same, of a container whose kind is known."""
    read: list[tuple[str, bytes]] = []
    lost: dict[str, str] = {}
    target = path.parent / "unpacked"
    with opened(str(path)) as handle:
        for entry in walk(str(path), handle, path.stat().st_size, kind, selection, path.name):
            try:
                unpack(entry, target)
                read.append((entry.member.name, target.read_bytes()))
            except LostError as exc:
                lost[entry.member.name] = f"{exc.reason}: {exc.detail}"
    return read, lost
