"""Messages between a process and its child over a pair of sockets, each behind its length.

Owns framing and waiting; what a message says is its sender's matter.

- A `Channel` is the parent's end. It waits nowhere but in `receive`, which has a deadline, and
  sends and receives there in one loop: two sides whose messages are larger than what lies between
  them never wait for each other.
- `receive_message` and `send_message` are the child's. They block for as long as the parent
  neither reads nor writes; the parent ends a child that is late, and a child dies with its parent.
"""

from __future__ import annotations

import os
import select
import struct
import time
from multiprocessing.connection import Connection

_LENGTH = struct.Struct("!Q")


class Channel:
    """The parent's end of a pair of sockets; no message is empty."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._fd = connection.fileno()
        os.set_blocking(self._fd, False)
        self._unsent: list[memoryview] = []
        self._incoming, self._filled, self._is_length = bytearray(_LENGTH.size), 0, True

    def put(self, message: bytes) -> None:
        """Leave a message that is sent while the next ones are received."""
        self._unsent += _framed(message)

    def receive(self, timeout_s: float) -> bytearray:
        """The next message of the child, which meanwhile takes what was put.

        Raises TimeoutError where it is not whole by the deadline, EOFError or another OSError
        where the child ended before it was.
        """
        # By the monotonic clock: jumps of the system's clock neither cut nor prolong the wait.
        deadline_s = time.monotonic() + timeout_s
        poll = select.poll()
        left_s = timeout_s
        while left_s > 0:
            poll.register(self._fd, select.POLLIN | (select.POLLOUT if self._unsent else 0))
            events = sum(event for _, event in poll.poll(left_s * 1000))
            # The child's end is seen by reading, behind all that it has sent.
            if events & ~select.POLLOUT and (message := self._read()) is not None:
                return message
            if events & select.POLLOUT:
                self._write()
            left_s = deadline_s - time.monotonic()
        raise TimeoutError(f"not done after {timeout_s:g} s")

    def has_news(self) -> bool:
        """Whether the child has sent something, or ended."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Close this end; what was put and not sent is lost."""
        self._connection.close()

    def _read(self) -> bytearray | None:
        """Take what is here, once; a message where that makes it whole."""
        count = os.readv(self._fd, [memoryview(self._incoming)[self._filled :]])
        if count == 0:
            raise EOFError
        self._filled += count
        if self._filled < len(self._incoming):
            return None
        whole, was_length = self._incoming, self._is_length
        size = _LENGTH.unpack(whole)[0] if was_length else _LENGTH.size
        self._incoming, self._filled, self._is_length = bytearray(size), 0, not was_length
        return None if was_length else whole

    def _write(self) -> None:
        """Send what there is room for, once."""
        try:
            _drop(self._unsent, os.writev(self._fd, self._unsent))
        except (BrokenPipeError, ConnectionResetError):
            self._unsent.clear()  # the child has ended, and yet its answer may lie here


def send_message(connection: Connection, message: bytes) -> None:
    """Send a message to the parent; waits until it has taken it."""
    unsent = _framed(message)
    while unsent:
        _drop(unsent, os.writev(connection.fileno(), unsent))


def receive_message(connection: Connection) -> bytearray:
    """The next message of the parent; waits until it comes. Raises EOFError where none will."""
    (size,) = _LENGTH.unpack(_exactly(connection.fileno(), _LENGTH.size))
    return _exactly(connection.fileno(), size)


def _exactly(fd: int, size: int) -> bytearray:
    data, filled = bytearray(size), 0
    while filled < size:
        count = os.readv(fd, [memoryview(data)[filled:]])
        if count == 0:
            raise EOFError
        filled += count
    return data


def _framed(message: bytes) -> list[memoryview]:
    return [memoryview(_LENGTH.pack(len(message))), memoryview(message)]


def _drop(pieces: list[memoryview], count: int) -> None:
    """Take the first bytes off `pieces`."""
    while pieces and count >= len(pieces[0]):
        count -= len(pieces.pop(0))
    if pieces:
        pieces[0] = pieces[0][count:]
