"""Serve the viewer on loopback until a signal ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from pipelines.view.app import make_app
from pipelines.view.guard import Guard
from pipelines.view.viewing import Viewing

_END_S = 3  # for answers under way when the viewer ends


class _Server(uvicorn.Server):
    """Ends on SIGINT and SIGTERM as a command that is done, not as one that was cut off."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle the signals while it serves; the last handlers are back afterwards."""
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(
    viewing: Viewing, listener: socket.socket, is_opened: bool, announce: Callable[[str], None]
) -> None:
    """Serve a dataset until SIGINT or SIGTERM.

    Args:
        listener: a socket of `ports.listening`.
        is_opened: a browser is opened with the link, where there is a desktop.
        announce: is given lines for the user, the last one with the link.
    """
    guard = Guard(make_app(viewing), listener.getsockname()[1])
    config = uvicorn.Config(
        guard,
        access_log=False,
        log_level="warning",
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=_END_S,
    )
    with TemporaryDirectory(prefix="pagefoundry-view-") as folder:
        announce(f"{viewing.dataset}, version {viewing.version}; Ctrl-C ends the viewer")
        announce(guard.link)
        if is_opened and has_desktop():
            _open_browser(guard.link, Path(folder))
        _Server(config).run(sockets=[listener])


def has_desktop() -> bool:
    """Whether a browser with a window can be opened."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform == "darwin" or any(os.environ.get(name) for name in names)


def _open_browser(link: str, folder: Path) -> None:
    # By a file that only this user reads: what a process is started with, others can see.
    page = folder / "open.html"
    page.touch(0o600)
    page.write_text(f'<meta charset="utf-8"><meta http-equiv="refresh" content="0;url={link}">')
    threading.Thread(target=webbrowser.open, args=(page.as_uri(),), daemon=True).start()
