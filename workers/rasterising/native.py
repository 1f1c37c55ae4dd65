"""Restrict this process before it opens an untrusted document. Linux only, by system calls.

The process dies with its parent, has limits of memory, CPU time and open files, writes no file,
and has no network, no other programs and no other processes. The last three are a seccomp filter,
which needs no privilege and works inside containers. This is a fence against what documents make
libraries do, not against code that has taken the process over: that could still read files.
"""

from __future__ import annotations

import ctypes
import errno
import math
import os
import platform
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

_MAX_OPEN_FILES = 64  # a child has ten: its pipe, its document, the standard ones

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST_KEPT_BYTES = 32 << 20  # the most that glibc takes; a picture of a page has 5 MB

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


class _Machine(NamedTuple):
    """Numbers of one architecture: its own, of two system calls, and of those that are denied."""

    arch: int
    seccomp: int
    clone: int
    denied: dict[str, int]


# linux/audit.h, and asm/unistd_64.h or asm-generic/unistd.h. io_uring opens sockets, too.
_MACHINES = {
    "x86_64": _Machine(
        arch=0xC000003E,
        seccomp=317,
        clone=56,
        denied={
            "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "sendmsg": 46, "bind": 49,
            "listen": 50, "socketpair": 53, "accept4": 288, "sendmmsg": 307,
            "fork": 57, "vfork": 58, "execve": 59, "execveat": 322,
            "kill": 62, "tkill": 200, "ptrace": 101,
        },
    ),
    "aarch64": _Machine(
        arch=0xC00000B7,
        seccomp=277,
        clone=220,
        denied={
            "socket": 198, "socketpair": 199, "bind": 200, "listen": 201, "accept": 202,
            "connect": 203, "sendto": 206, "sendmsg": 211, "accept4": 242, "sendmmsg": 269,
            "execve": 221, "execveat": 281, "kill": 129, "tkill": 130, "ptrace": 117,
        },
    ),
}  # fmt: skip
# The same numbers on all machines since Linux 5.1.
_DENIED_EVERYWHERE = {"pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_getfd": 438}
_CLONE3 = 435
_X32_BIT = 0x4000_0000  # a second ABI of x86-64, with numbers of its own
_CLONE_THREAD = 0x10000

_LOAD, _JUMP_EQUAL, _JUMP_FROM, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AT_NUMBER, _AT_ARCH, _AT_FIRST_ARGUMENT = 0, 4, 16  # in struct seccomp_data, little-endian
_ALLOW, _FAIL_WITH = 0x7FFF_0000, 0x0005_0000
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC = 1, 1


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def silence() -> None:
    """Discard what this process prints: documents make libraries print without end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def keep_memory() -> None:
    """Let the allocator keep up to 64 MB of what is freed; without glibc, nothing changes."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _LARGEST_KEPT_BYTES)


def limit_resources(memory_bytes: int) -> None:
    """Bound this process's address space and open files; let it write no file and dump no core."""
    for limit, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        lower_limit(limit, most)


def lower_limit(limit: int, most: int) -> None:
    """Lower a limit of this process, for good; one that is lower stays."""
    _, hard = resource.getrlimit(limit)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(limit, (value, value))


def allow_cpu(seconds: float) -> None:
    """End this process by SIGXCPU after so many more seconds of CPU time.

    This backs up the parent's deadline, for the case that the parent is stopped or slow.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def forbid_network_and_programs() -> None:
    """Forbid all threads of this process sockets, other programs and other processes, for good.

    A forbidden call fails with EPERM. Threads can still be started. Raises OSError where this
    system has no such filter.
    """
    _install(_filter)


def forbid_network() -> None:
    """Forbid this process, and all that it starts, every socket but those between processes here.

    Raises OSError as above.
    """
    _install(_network_filter)


def _install(made: Callable[[str], bytes]) -> None:
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        system = f"{sys.platform} on {platform.machine()}"
        raise OSError(errno.ENOSYS, f"there is no filter of system calls for {system}")
    code = made(platform.machine())
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs is refused")
    number = _MACHINES[platform.machine()].seccomp
    failed = libc.syscall(
        number, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(program)
    )
    if failed:
        code_number = ctypes.get_errno()
        raise OSError(code_number, f"seccomp is refused: {os.strerror(code_number)}")


def _filter(machine: str) -> bytes:
    """The filter as classic BPF, eight bytes an instruction; jumps skip `yes` or `no` of them."""
    numbers = _MACHINES[machine]
    refuse = _instruction(_RETURN, _FAIL_WITH | errno.EPERM)
    parts = _refused(machine, (numbers.denied | _DENIED_EVERYWHERE).values())
    parts += [
        # clone3 has its flags in memory, where no filter sees them; where it is missing, libc calls
        # clone.
        _instruction(_JUMP_EQUAL, _CLONE3, no=1),
        _instruction(_RETURN, _FAIL_WITH | errno.ENOSYS),
        _instruction(_JUMP_EQUAL, numbers.clone, no=3),
        _instruction(_LOAD, _AT_FIRST_ARGUMENT),
        _instruction(_JUMP_BITS, _CLONE_THREAD, yes=1),
        refuse,
        _instruction(_RETURN, _ALLOW),
    ]
    return b"".join(parts)


def _network_filter(machine: str) -> bytes:
    """The filter that leaves nothing of sockets but those of AF_UNIX."""
    denied = _MACHINES[machine].denied
    refuse = _instruction(_RETURN, _FAIL_WITH | errno.EPERM)
    parts = _refused(machine, (denied["ptrace"], *_DENIED_EVERYWHERE.values()))
    parts += [
        _instruction(_JUMP_EQUAL, denied["socket"], no=3),
        _instruction(_LOAD, _AT_FIRST_ARGUMENT),
        _instruction(_JUMP_EQUAL, socket.AF_UNIX, yes=1),
        refuse,
        _instruction(_RETURN, _ALLOW),
    ]
    return b"".join(parts)


def _refused(machine: str, denied: Iterable[int]) -> list[bytes]:
    """The filter's beginning: refuse other architectures, and the system calls `denied`."""
    refuse = _instruction(_RETURN, _FAIL_WITH | errno.EPERM)
    parts = [
        _instruction(_LOAD, _AT_ARCH),
        _instruction(_JUMP_EQUAL, _MACHINES[machine].arch, yes=1),
        refuse,
        _instruction(_LOAD, _AT_NUMBER),
        _instruction(_JUMP_FROM, _X32_BIT, no=1),
        refuse,
    ]
    for number in sorted(denied):
        parts += [_instruction(_JUMP_EQUAL, number, no=1), refuse]
    return parts


def _instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)
