"""Child processes forked from a server that has imported what they need.

Owns the server, and starting and ending its children; not what a child does. Importing takes a
child 0.6 s of CPU time, a fork 0.02 s.

- A process has one server, from its first child on. The server ends with the process, whatever
  ends that, and ends its children.
- The server has one thread, and inherits no file or socket but its end of a pair of sockets.
- A child has the environment, the working folder and `sys.path` that its parent has when it asks.
- Nothing imports the parent's `__main__`: a script needs no `if __name__ == "__main__"`.
- A child that has ended keeps its process id until `Forked.end`: a signal never goes to another.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from workers.rasterising import native
from workers.rasterising.messages import Channel, receive_message, send_message

# Importing takes a second or two; on a machine that starts everything at once, a minute.
START_TIMEOUT_S = 300
_END_TIMEOUT_S = 5

_Place = tuple[dict[str, str], str, list[str]]
"""An environment, a working folder, and `sys.path`."""


class ServerEndedError(Exception):
    """The server ended or does not answer; its children have ended."""


class _Server:
    """The parent's side. Requests of several threads wait for one another."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        command = (
            f"import sys; sys.path[:] = {sys.path!r}; "
            f"from {__name__} import serve; serve({theirs.fileno()})"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", command],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            # A library for matrices would start a thread for each core.
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )
        theirs.close()
        self._socket = ours
        self._channel = Channel(Connection(os.dup(ours.fileno())))
        self.has_ended = False

    def ask(self, function: Callable[..., object], *arguments: object, fd: int = -1) -> object:
        """What `function(*arguments)` returns in the server, which gets a copy of the file `fd`.

        Raises ServerEndedError.
        """
        try:
            if self.has_ended:
                raise EOFError
            socket.send_fds(self._socket, [b"."], [fd] if fd >= 0 else [])
            self._channel.put(pickle.dumps((function, arguments)))
            return pickle.loads(self._channel.receive(START_TIMEOUT_S))
        except (EOFError, OSError) as exc:  # also TimeoutError
            self.close()
            raise ServerEndedError("the server of child processes ended") from exc

    def close(self) -> None:
        """End the server, and all its children."""
        self._close_sockets()
        self._process.kill()
        self._process.wait(_END_TIMEOUT_S)

    def forget(self) -> None:
        """Leave the server to the process that this one was forked from."""
        self._close_sockets()
        self._process.returncode = 0  # not to be waited for here

    def _close_sockets(self) -> None:
        self.has_ended = True
        self._socket.close()
        self._channel.close()


class _Own:
    """The server of this process, where it has one, and the lock of those who ask it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.server: _Server | None = None

    def close(self) -> None:
        """End the server."""
        if self.server is not None and not self.server.has_ended:
            self.server.close()

    def forget(self) -> None:
        """Begin anew in a forked process: the server is not its own, nor who holds the lock."""
        if self.server is not None:
            self.server.forget()
        self.lock, self.server = threading.Lock(), None


_own = _Own()
atexit.register(_own.close)
os.register_at_fork(after_in_child=_own.forget)


@dataclass(frozen=True, slots=True)
class Forked:
    """A child of the server."""

    pid: int
    _server: _Server

    def end(self, patience_s: float, is_leader: bool = False) -> int | None:
        """The exit code of the child, or minus the signal that ended it.

        A child that runs for another `patience_s` is killed, with its group where it leads one;
        then this is None.
        """
        with _own.lock:
            try:
                code = self._server.ask(_end, self.pid, patience_s, is_leader)
            except ServerEndedError:
                return -signal.SIGKILL  # a child asks for this signal at its server's end
        assert code is None or isinstance(code, int)
        return code


def start(pipe: int, function: Callable[..., object], *arguments: object) -> Forked:
    """Run `function(Connection(pipe), *arguments)` in a new child, which gets a copy of this file.

    Raises ServerEndedError where the server cannot start.
    """
    place = (dict(os.environ), os.getcwd(), sys.path)
    call = pickle.dumps((function, arguments))  # what it needs is imported in the child alone
    with _own.lock:
        if _own.server is not None and not _own.server.has_ended:
            with contextlib.suppress(ServerEndedError):  # another one is started
                return Forked(_forked(_own.server, place, call, pipe), _own.server)
        _own.server = _Server()
        return Forked(_forked(_own.server, place, call, pipe), _own.server)


def _forked(server: _Server, place: _Place, call: bytes, pipe: int) -> int:
    pid = server.ask(_fork, place, call, fd=pipe)
    assert isinstance(pid, int)
    return pid


# ---- in the server ------------------------------------------------------------------------


def serve(control: int) -> None:
    """Import what children need, and answer requests until the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver takes Ctrl-C, and ends us
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    os.chdir("/")
    _import()
    gc.freeze()
    requests, connection = socket.socket(fileno=control), Connection(os.dup(control))
    while True:
        news, fds, _, _ = socket.recv_fds(requests, 1, 1)
        if not news:
            return
        function, arguments = pickle.loads(receive_message(connection))
        if function is _fork:
            arguments = (*arguments, fds[0], [control, connection.fileno()])
        send_message(connection, pickle.dumps(function(*arguments)))
        for fd in fds:
            os.close(fd)


def _import() -> None:
    from workers.rasterising.mupdf import import_without_models

    import_without_models()
    from workers.rasterising import render  # noqa: F401


def _fork(place: _Place, call: bytes, pipe: int, ours: list[int]) -> int:
    server = os.getpid()
    pid = os.fork()
    if pid != 0:
        return pid
    code = 1
    try:
        native.die_with_parent()
        if os.getppid() != server:
            os._exit(code)
        for fd in ours:
            os.close(fd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        environment, folder, sys.path[:] = place
        if environment != os.environ:
            os.environ.clear()
            os.environ.update(environment)
        os.chdir(folder)
        function, arguments = pickle.loads(call)
        function(Connection(pipe), *arguments)
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end of a process
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _end(pid: int, patience_s: float, is_leader: bool) -> int | None:
    """The exit code of a child that ends by itself in time. Any other is killed."""
    code = _exit_code(pid, patience_s)
    if is_leader:
        with contextlib.suppress(ProcessLookupError):  # it has not made its group yet
            os.killpg(pid, signal.SIGKILL)
    if code is None:
        os.kill(pid, signal.SIGKILL)
        _exit_code(pid, _END_TIMEOUT_S)
    os.waitpid(pid, os.WNOHANG)
    return code


def _exit_code(pid: int, timeout_s: float) -> int | None:
    """How a child has ended, which stays a zombie; None where it runs for so long."""
    deadline_s = time.monotonic() + timeout_s
    while (ended := os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)) is None:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0 or signal.sigtimedwait({signal.SIGCHLD}, left_s) is None:
            return None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
