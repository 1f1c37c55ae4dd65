"""Let this process, and all that it starts, see only some folders. Linux only (Landlock, 5.13).

    see_only(readable=["/usr"], writable=["/tmp/scratch"])

Needs no privilege and works inside containers. Constants are from linux/landlock.h, system calls
from asm-generic/unistd.h; their numbers are the same on all machines.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_SOCKET = 1 << 9
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
"""Of the rights, those that a file can have: also truncate and ioctl."""
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights on files each version knows: `refer` came with 2, `truncate` with 3."""
_MOST_RIGHTS = 16  # `ioctl` on devices came with 5


def see_only(readable: Iterable[str], writable: Iterable[str], sockets: Iterable[str] = ()) -> None:
    """Forbid, for good, all files but those below these folders; a missing folder is skipped.

    In the folders `sockets`, only sockets between processes can be made.

    Raises OSError where this system has no Landlock.
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, f"there is no Landlock for {sys.platform}")
    libc = ctypes.CDLL(None, use_errno=True)
    version = _checked(libc.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION))
    everything = (1 << _RIGHTS.get(version, _MOST_RIGHTS)) - 1
    attributes = struct.pack("<Q", everything)
    ruleset = _checked(libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0))
    try:
        granted = ((_READ, readable), (everything, writable), (_MAKE_SOCKET, sockets))
        for rights, paths in granted:
            for path in paths:
                _allow(libc, ruleset, path, rights)
        _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # it is not on this machine
        return
    try:
        if not os.path.isdir(path):
            rights &= _OF_FILES
        rule = struct.pack("<Qi", rights, place)
        _checked(libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0))
    finally:
        os.close(place)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock is refused: {os.strerror(number)}")
    return result
