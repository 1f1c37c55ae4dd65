"""Run LibreOffice behind a fence: what happens in the child of `office`.

This process sees and writes only LibreOffice's own files and its scratch folder (Landlock), has no
network (seccomp), limits of memory, CPU time and file sizes, and leads a process group, so that
nothing it started outlives it. LibreOffice runs with a profile of its own for each document, in
which macros, links to other files and scripts are off.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

from schemas.pages import PageError
from workers.rasterising import landlock, native
from workers.rasterising.office_profile import write_profile
from workers.rasterising.settings import memory_error

PDF_NAME, PROFILE = "document.pdf", "profile"
_MAX_OPEN_FILES = 1024
_MAX_FILE_BYTES = 1 << 30
_RESTART = (79, 81)
"""Exit codes by which LibreOffice asks to be started again, as it does once for a new profile."""
_READABLE = (
    "/usr", "/lib", "/lib64", "/bin", "/etc/fonts", "/etc/libreoffice", "/etc/ld.so.cache",
    "/etc/alternatives", "/etc/localtime", "/var/cache/fontconfig",
    "/var/lib/libreoffice", "/var/spool/libreoffice", "/dev/urandom", "/dev/random",
    "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip
_SOCKET_FOLDERS = ("/tmp", "/var/tmp")
"""LibreOffice makes a socket in the first of these that it may write, and nowhere else; by it a
second one on the same profile would find the first."""
_LOG_BYTES = 4000


def prepare(program: str, scratch: str, memory_bytes: int) -> str | None:
    """Restrict this process. Returns what could not be forbidden; None where everything was."""
    native.die_with_parent()
    os.setsid()
    native.silence()
    for limit, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        native.lower_limit(limit, most)
    gaps = []
    try:
        native.forbid_network()
    except OSError as exc:
        gaps.append(f"LibreOffice's network is not forbidden, as {exc.strerror}")
    try:
        own = str(Path(program).parent.parent)
        landlock.see_only((*_READABLE, own), (scratch, "/dev/null"), _SOCKET_FOLDERS)
    except OSError as exc:
        gaps.append(f"other files are not hidden from LibreOffice, as {exc.strerror}")
    return "; ".join(gaps) or None


def convert(program: str, folder: str, name: str) -> PageError | bool:
    """Convert the file `name` in `folder` to `PDF_NAME` there.

    Returns whether it is there, or must be asked for again; or why it cannot be made.
    """
    home = Path(folder)
    profile, fresh = home / PROFILE, home.parent / PROFILE
    if fresh.exists():
        shutil.copytree(fresh, profile)
    elif not profile.exists():
        write_profile(profile)
    command = [
        program, "--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck",
        f"-env:UserInstallation={profile.as_uri()}",
        "--convert-to", "pdf", "--outdir", folder, str(home / name),
    ]  # fmt: skip
    # The locale decides the paper and the numbers of documents that name none.
    environment = {
        "HOME": folder, "TMPDIR": folder, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
        "TZ": "UTC", "SAL_USE_VCLPLUGIN": "svp",
    }  # fmt: skip
    code = _run(command, environment, home)
    if code in _RESTART and not fresh.exists():
        profile.rename(fresh)  # no document has been opened with it yet
        return False
    if code == 0 and (home / PDF_NAME).is_file():
        return True
    return _failure(code, (home / "log").read_bytes()[:_LOG_BYTES])


def _run(command: list[str], environment: dict[str, str], home: Path) -> int:
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            preexec_fn=native.die_with_parent,  # noqa: PLW1509 - here is one thread of Python
        )
        return process.wait()


def forget_socket(folder: Path) -> None:
    """Delete the socket that LibreOffice left; it may make one, but not delete files there.

    Its name has the MD5 of the profile's address (CreateMD5FromString in officeipcthread.cxx).
    """
    address = (folder / PROFILE).as_uri().encode("utf-16-le")
    key = "".join(f"{byte:x}" for byte in hashlib.md5(address, usedforsecurity=False).digest())
    for place in _SOCKET_FOLDERS:
        for user in ("", f"{os.getuid()}_"):
            Path(place, f"OSL_PIPE_{user}SingleOfficeIPC_{key}").unlink(missing_ok=True)


def _failure(code: int, log: bytes) -> PageError:
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if b"bad_alloc" in log:
        return memory_error(limit)
    if code == -signal.SIGXCPU:
        return PageError("timeout", "LibreOffice used more CPU time than its deadline has seconds")
    if code < 0:
        how = signal.Signals(-code).name
        if code == -signal.SIGABRT:
            how += f", as where {limit / 2**20:.0f} MiB of memory are too little"
        return PageError("native_crash", f"LibreOffice ended: {how}")
    lines = log.decode("utf-8", "replace").split("\n")
    said = next((line.strip() for line in lines if line.startswith("Error")), f"exit code {code}")
    return PageError("corrupt", f"LibreOffice cannot read the file: {said}"[:300])
