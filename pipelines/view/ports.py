"""The port of the viewer, on loopback alone. Imports little, as it is asked first."""

from __future__ import annotations

import errno
import socket

from schemas.errors import RequestError

_ADDRESS = "127.0.0.1"


def listening(port: int) -> socket.socket:
    """A socket that listens on loopback. Raises RequestError where it cannot."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_ADDRESS, port))
        listener.listen()  # who has the link is kept waiting from here on, and not turned away
    except OSError as exc:
        listener.close()
        if exc.errno == errno.EADDRINUSE:
            raise RequestError(f"port {port} is in use; give another, or --port 0 for any") from exc
        if exc.errno == errno.EACCES:
            raise RequestError(f"port {port} is not yours to use; give one above 1023") from exc
        raise
    return listener
