"""Messages between a process and its child over a pair of sockets, each after its length.

Owns framing and waiting, not what a message contains.

- A `Channel` is the parent's end. It waits only in `receive`, which has a deadline, and which
  sends and receives in one loop: the two sides cannot deadlock, even where both send more than
  the sockets' buffers hold.
- `receive_message` and `send_message` are the child's end. They block as long as the parent
  neither reads nor writes; the parent kills a child that is late, and a child dies with its parent.
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
        """Queue a message; `receive` sends it."""
        self._unsent += _framed(message)

    def receive(self, timeout_s: float) -> bytearray:
        """The child's next message. Queued messages are sent meanwhile.

        Raises TimeoutError where the message is not complete by the deadline, EOFError or another
        OSError where the child ended before.
        """
        # The monotonic clock, so that jumps of the system's clock do not change the wait.
        deadline_s = time.monotonic() + timeout_s
        poll = select.poll()
        left_s = timeout_s
        while left_s > 0:
            poll.register(self._fd, select.POLLIN | (select.POLLOUT if self._unsent else 0))
            events = sum(event for _, event in poll.poll(left_s * 1000))
            # Reading shows the child's end, after everything that it sent.
            if events & ~select.POLLOUT and (message := self._read()) is not None:
                return message
            if events & select.POLLOUT:
                self._write()
            left_s = deadline_s - time.monotonic()
        raise TimeoutError(f"not done after {timeout_s:g} s")

    def has_news(self) -> bool:
        """Whether the child has sent something, or has ended."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Close this end; queued messages that were not sent are lost."""
        self._connection.close()

    def _read(self) -> bytearray | None:
        """Read once; the message where that completes it, else None."""
        count = os.readv(self._fd, [memoryview(self._incoming)[self._filled :]])
        if count == 0:
            raise EOFError
        self._filled += count
        if self._filled < len(self._incoming):
            return None
        complete, was_length = self._incoming, self._is_length
        size = _LENGTH.unpack(complete)[0] if was_length else _LENGTH.size
        self._incoming, self._filled, self._is_length = bytearray(size), 0, not was_length
        return None if was_length else complete

    def _write(self) -> None:
        """Write once, as much as there is room for."""
        try:
            _drop(self._unsent, os.writev(self._fd, self._unsent))
        except (BrokenPipeError, ConnectionResetError):
            self._unsent.clear()  # the child has ended, but its answer may wait to be read


def send_message(connection: Connection, message: bytes) -> None:
    """Send a message to the parent; blocks until the parent takes it."""
    unsent = _framed(message)
    while unsent:
        _drop(unsent, os.writev(connection.fileno(), unsent))


def receive_message(connection: Connection) -> bytearray:
    """The parent's next message; blocks until it comes. Raises EOFError where the parent ended."""
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
