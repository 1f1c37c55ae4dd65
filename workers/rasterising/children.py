"""Processes that run functions for us and may die of it: one at a time, each with a deadline.

Owns starting, feeding, killing and replacing a child. What runs in it, and what its death says of
a document, is the caller's matter.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from schemas.errors import EnvironmentFault
from workers.rasterising.messages import Channel, receive_message, send_message
from workers.rasterising.native import allow_cpu

# Importing takes a second or two; on a machine that starts everything at once, a minute.
_START_TIMEOUT_S = 300
_END_TIMEOUT_S = 5
_MAX_TEXT_CHARS = 2000
_CPU_SLACK_S = 5  # past the deadline by the clock, which the parent keeps


class ChildDiedError(Exception):
    """The child ended within a call; `how` is its signal's name or its exit code."""

    def __init__(self, how: str) -> None:
        super().__init__(f"the process ended: {how}")
        self.how = how


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that raised, as its exception's type and text: not every exception can be pickled."""

    kind: str
    text: str


class Child:
    """One process, started when it is first needed and again whenever it has died.

    Args:
        prepare: called in the process before all else; what it returns is kept in `report`.
        arguments: what `prepare` is called with; together less than the 64 KiB that a pipe holds.
    """

    def __init__(self, prepare: Callable[..., Any], *arguments: Any) -> None:
        self._prepare = (prepare, arguments)
        self._process: Any = None
        self._channel: Channel | None = None
        self._shared: tuple[Any, ...] = ()  # what the process has of it
        self._is_busy = False
        self.report: Any = None

    def run(
        self,
        function: Callable[..., Any],
        calls: Sequence[tuple[Any, ...]],
        timeout_s: float,
        shared: tuple[Any, ...] = (),
    ) -> Iterator[Any]:
        """The results of `function` for each call, in order.

        The arguments of a call stand behind the `shared` ones, which are sent to a process once,
        also for later series that share what is equal.

        A call that raises gives a `Failed`; one that ends the process gives a `ChildDiedError`,
        one that passes its deadline a `TimeoutError`, as values. The next call is sent while the
        result of the last is awaited, so that the child is never idle. What sending takes counts
        as a part of the wait.

        Raises EnvironmentFault where no child can be started.
        """
        if self._is_busy:
            raise RuntimeError("a child runs one series of calls at a time")
        self._is_busy, sent, done = True, 0, 0
        try:
            if self._channel is not None and self._channel.has_news():
                self._kill()  # nothing is to come from an idle child but its end
            while done < len(calls):
                channel = self._started()
                while sent < min(done + 2, len(calls)):
                    self._put(channel, (timeout_s, function, calls[sent]), shared)
                    sent += 1
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
                self._kill()  # its answers would be taken for those of later calls

    def close(self) -> None:
        """End the child."""
        self._kill()

    def _started(self) -> Channel:
        if self._channel is not None:
            return self._channel
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._prepare), daemon=True)
        self._process.start()
        theirs.close()  # so that the child's death is the end of the stream
        self._channel = Channel(ours)
        try:
            self.report = pickle.loads(self._channel.receive(_START_TIMEOUT_S))
        except (EOFError, OSError):
            raise EnvironmentFault(f"a child process cannot start: {self._end()}") from None
        if isinstance(self.report, Failed):
            self._kill()
            raise EnvironmentFault(f"a child process cannot start: {self.report.text}")
        return self._channel

    def _put(self, channel: Channel, call: tuple[Any, ...], shared: tuple[Any, ...]) -> None:
        if shared != self._shared:
            channel.put(pickle.dumps(_Shared(shared)))
            self._shared = shared
        channel.put(pickle.dumps(call))

    def _end(self) -> str:
        """How the child ended, which its stream says it did."""
        self._process.join(_END_TIMEOUT_S)
        code = self._process.exitcode
        self._kill()
        if code is None:
            return "closed its pipe"
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _kill(self) -> None:
        if self._channel is not None:
            self._process.kill()
            self._process.join(_END_TIMEOUT_S)
            self._channel.close()
        self._process, self._channel, self._shared = None, None, ()


@dataclass(frozen=True, slots=True)
class _Shared:
    """The first arguments of the calls that follow."""

    arguments: tuple[Any, ...]


# ---- in the child -------------------------------------------------------------------------


def _serve(pipe: Connection, prepare: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which ends us
    send_message(pipe, _answer(prepare, arguments))
    shared: tuple[Any, ...] = ()
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


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    try:
        return pickle.dumps(function(*arguments))
    except Exception as exc:  # noqa: BLE001 - a worker's boundary: the parent decides what it means
        return pickle.dumps(Failed(type(exc).__name__, str(exc)[:_MAX_TEXT_CHARS]))
