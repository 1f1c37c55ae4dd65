"""A child process that runs functions one at a time, each with a deadline, and may die of them.

Owns starting, feeding, killing and replacing the child. The caller decides what runs in it, and
what its death means for a document.

    child = Child(prepare)
    for result in child.run(function, [(1,), (2,)], timeout_s=60):
        ...    # what `function` returned, or a Failed, ChildDiedError or TimeoutError
"""

from __future__ import annotations

import pickle
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeVar

from schemas.errors import EnvironmentFault
from workers.rasterising import fork_server
from workers.rasterising.messages import Channel, receive_message, send_message
from workers.rasterising.native import allow_cpu

_END_TIMEOUT_S = 5
_MAX_TEXT_CHARS = 2000
_CPU_SLACK_S = 5  # of CPU time beyond the deadline, which the parent keeps by the clock

Arguments = tuple[object, ...]
Returned = TypeVar("Returned")


class ChildDiedError(Exception):
    """The child ended during a call; `how` is its signal's name or its exit code."""

    def __init__(self, how: str) -> None:
        super().__init__(f"the process ended: {how}")
        self.how = how


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that raised, as its exception's type and text: not every exception can be pickled."""

    kind: str
    text: str


Failure = Failed | ChildDiedError | TimeoutError
"""A call that has no result: it raised, it ended the process, or it passed its deadline."""


class Child:
    """One process, started when it is first needed and again whenever it has died.

    Args:
        prepare: called first in each new process; `report` keeps what it returned.
        arguments: the arguments of `prepare`; less than 64 KiB together, which a pipe holds.
        leads_group: whether `prepare` makes the process lead a group, which ends with it.
    """

    def __init__(
        self, prepare: Callable[..., object], *arguments: object, leads_group: bool = False
    ) -> None:
        self._prepare = (prepare, arguments)
        self._leads_group = leads_group
        self._process: fork_server.Forked | None = None
        self._channel: Channel | None = None
        self._shared: Arguments = ()  # those that were sent to this process
        self._is_busy = False
        self.report: object = None

    def run(
        self,
        function: Callable[..., Returned],
        calls: Sequence[Arguments],
        timeout_s: float,
        shared: Arguments = (),
    ) -> Iterator[Returned | Failure]:
        """The result of `function(*shared, *call)` for each call, in order.

        A call that fails gives its `Failure` as a value. `shared` is sent to a process once, and
        not again for a later series with equal values. The next call is sent while the child works
        on the last one, so that it is never idle. The time to send counts towards the deadline.

        Raises EnvironmentFault where no child can be started.
        """
        if self._is_busy:
            raise RuntimeError("a child runs one series of calls at a time")
        self._is_busy, sent, done = True, 0, 0
        try:
            if self._channel is not None and self._channel.has_news():
                self._kill()  # an idle child sends nothing, so it has ended
            while done < len(calls):
                channel = self._started()
                while sent < min(done + 2, len(calls)):
                    self._put(channel, (timeout_s, function, calls[sent]), shared)
                    sent += 1
                result: Returned | Failure
                try:
                    result = pickle.loads(channel.receive(timeout_s))
                except TimeoutError as exc:  # an OSError, so it comes first
                    self._kill()
                    result = exc
                except (EOFError, OSError):
                    result = ChildDiedError(self._end())
                done += 1
                if self._channel is None:
                    sent = done  # what was sent ahead is lost with the child
                yield result
        finally:
            self._is_busy = False
            if sent > done:
                self._kill()  # its answers would be taken for answers to later calls

    def close(self) -> None:
        """End the child."""
        self._kill()

    def _started(self) -> Channel:
        if self._channel is not None:
            return self._channel
        ours, theirs = socket.socketpair()
        with theirs:  # closed here, so that the child's death is the end of the stream
            try:
                self._process = fork_server.start(theirs.fileno(), _serve, *self._prepare)
            except fork_server.ServerEndedError as exc:
                ours.close()
                raise EnvironmentFault(f"a child process cannot start: {exc}") from exc
        self._channel = Channel(Connection(ours.detach()))
        try:
            self.report = pickle.loads(self._channel.receive(fork_server.START_TIMEOUT_S))
        except (EOFError, OSError):
            raise EnvironmentFault(f"a child process cannot start: {self._end()}") from None
        if isinstance(self.report, Failed):
            self._kill()
            raise EnvironmentFault(f"a child process cannot start: {self.report.text}")
        return self._channel

    def _put(self, channel: Channel, call: Arguments, shared: Arguments) -> None:
        if shared != self._shared:
            channel.put(pickle.dumps(_Shared(shared)))
            self._shared = shared
        channel.put(pickle.dumps(call))

    def _end(self) -> str:
        """How the child ended. Its stream has ended already."""
        assert self._process is not None
        code = self._process.end(_END_TIMEOUT_S, self._leads_group)
        self._forget()
        if code is None:
            return "closed its pipe"
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _kill(self) -> None:
        if self._process is not None:
            self._process.end(0, self._leads_group)
        self._forget()

    def _forget(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._process, self._channel, self._shared = None, None, ()


@dataclass(frozen=True, slots=True)
class _Shared:
    """The first arguments of the calls that follow."""

    arguments: Arguments


# ---- in the child -------------------------------------------------------------------------


def _serve(pipe: Connection, prepare: Callable[..., object], arguments: Arguments) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver takes Ctrl-C, and ends us
    send_message(pipe, _answer(prepare, arguments))
    shared: Arguments = ()
    while True:
        try:
            message = pickle.loads(receive_message(pipe))
        except EOFError:
            return
        if isinstance(message, _Shared):
            shared = message.arguments
            continue
        timeout_s, function, call = message
        allow_cpu(timeout_s + _CPU_SLACK_S)
        send_message(pipe, _answer(function, (*shared, *call)))


def _answer(function: Callable[..., object], arguments: Arguments) -> bytes:
    try:
        return pickle.dumps(function(*arguments))
    except Exception as exc:  # noqa: BLE001 - a worker's boundary: the parent decides what it means
        return pickle.dumps(Failed(type(exc).__name__, str(exc)[:_MAX_TEXT_CHARS]))
