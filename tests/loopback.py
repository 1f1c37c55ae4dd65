"""HTTP on loopback for tests: a server in a thread with an event loop of its own.

Connections are kept alive, answers are sent in chunks, and a handler may do with its connection
whatever it likes: answer, wait, cut or reset it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    head: bytes


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None where the client has closed it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body, head)


async def _until_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # Reading here could take the first byte of the next request.
    while not (reader.at_eof() or writer.transport.is_closing()):
        await asyncio.sleep(0.01)


class Exchange:
    """The answer to one request."""

    def __init__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.writer = writer

    async def send(self, status: int, body: bytes, headers: Mapping[str, str] = {}) -> None:
        kind = {"Content-Type": "application/json", **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in kind.items())
        head = f"HTTP/1.1 {status} So\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        await self.writer.drain()

    async def begin_stream(self) -> None:
        self.writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        await self.writer.drain()

    async def send_chunk(self, data: bytes) -> None:
        self.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self.writer.drain()

    async def end_stream(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def cut(self) -> None:
        """Close the connection as if nothing more was to come."""
        self.writer.close()

    def reset(self) -> None:
        """Close the connection with a TCP reset."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class LoopbackServer:
    """A server to be derived from: `answer` is called for each request, in the server's loop."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def answer(self, exchange: Exchange) -> None:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> LoopbackServer:
        self._thread.start()
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._call(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self) -> None:
        """Listen, on the same port as before."""
        self._call(self._open())

    def close(self) -> None:
        """Stop listening and drop all connections, as a server that is killed does."""
        self._call(self._close())

    def _call(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)  # type: ignore[arg-type]

    async def _open(self) -> None:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, limit=2**26
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            # Python 3.11 loses a connection whose acceptance is under way when its server closes.
            for listening in self._server.sockets:
                self._loop.remove_reader(listening.fileno())
            await asyncio.sleep(0.01)
            self._server.close()
            self._server = None
        for _ in range(3):  # those that were being accepted come last
            tasks = tuple(self._connections)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()  # also those whose client reads no more
            await asyncio.sleep(0.01)
        self._writers.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self._writers.append(writer)
        try:
            while (request := await read_request(reader)) is not None:
                exchange = Exchange(request, writer)
                work = asyncio.create_task(self.answer(exchange))
                # A client that closes its connection aborts its request, as in vLLM.
                gone = asyncio.create_task(_until_gone(reader, writer))
                try:
                    await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
                    if not work.done():
                        return
                    await work
                    if writer.is_closing() or request.headers.get("connection") == "close":
                        return
                finally:
                    for part in (work, gone):
                        part.cancel()
                    await asyncio.gather(work, gone, return_exceptions=True)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()
