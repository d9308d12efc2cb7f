"""The push process (推送进程): one connection that listens, many streams. It reads numbers, and who gets an order.

    python -m shanzhi.edge.push.server --host 127.0.0.1 --port 8001

It speaks just enough HTTP for one thing, GET /api/push/stream?token=…: a stream at rest is a socket and two small
objects, a quarter of what it costs behind a server for everything. TLS and limits by address are the proxy's.
"""

import argparse
import asyncio
import os
import signal
import socket
from contextlib import suppress
from typing import cast
from urllib.parse import parse_qs, urlsplit

# Settings alone: the applications and what they bring along would be 150 MB for each process.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")

from django.conf import settings  # noqa: E402
from django.utils.log import configure_logging  # noqa: E402

from shanzhi.edge.push import tokens  # noqa: E402
from shanzhi.edge.push.hub import Hub, Stream  # noqa: E402

PATH = "/api/push/stream"
MOST_STREAMS = 20_000  # of a process; its limit of open files may be lower
MOST_REQUEST_BYTES = 16 * 1024
REQUEST_SECONDS = 10.0
BACKLOG = 4096
WAITING_BYTES = (
    8 * 1024
)  # written to a slow phone and not taken yet; after that only the newest of each topic waits
GONE_MILLISECONDS = 60_000  # a phone that acknowledges nothing for so long is gone

_OPENED = (
    b"HTTP/1.1 200 OK\r\n"
    b"content-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-store\r\n"
    b"x-accel-buffering: no\r\n"
    # The token in the address is the only credential; no cookie is read here.
    b"access-control-allow-origin: *\r\n"
    b"connection: close\r\n\r\n"
    b"retry: 3000\n\n"
)
_REASONS = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 408: "Request Timeout",
            431: "Request Header Fields Too Large", 503: "Service Unavailable"}  # fmt: skip

hub = Hub()


class Connection(asyncio.Protocol):
    """One connection: a request, then frames until the phone has gone."""

    __slots__ = ("late", "received", "stream", "transport")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.received: bytes | None = b""
        self.stream: Stream | None = None
        self.late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the request, not for ever."""
        self.transport = cast(asyncio.Transport, transport)
        self.late = asyncio.get_running_loop().call_later(REQUEST_SECONDS, self._refuse, 408)

    def data_received(self, data: bytes) -> None:
        """Bytes of the request; whatever comes after it is not read."""
        if self.received is None:
            return
        self.received += data
        head, end, _ = self.received.partition(b"\r\n\r\n")
        if end:
            self._answer(head)
        elif len(self.received) > MOST_REQUEST_BYTES:
            self._refuse(431)

    def _answer(self, head: bytes) -> None:
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            self._refuse(400)
            return
        address = urlsplit(words[1])
        if words[0] != "GET" or address.path != PATH:
            self._refuse(404)
            return
        account_id = tokens.account_of(parse_qs(address.query).get("token", [""])[0])
        if account_id is None:
            self._refuse(401)
        elif hub.count >= MOST_STREAMS:
            self._refuse(503)
        else:
            self._done_reading()
            assert self.transport is not None
            hub.ensure_listening()
            self.transport.set_write_buffer_limits(high=WAITING_BYTES)
            self.transport.write(_OPENED)
            self.stream = Stream(account_id, self.transport, hub)
            hub.add(self.stream)

    def _done_reading(self) -> None:
        self.received = None
        if self.late is not None:
            self.late.cancel()
            self.late = None

    def _refuse(self, status: int) -> None:
        self._done_reading()
        if self.transport is not None:
            self.transport.write(
                f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n"
                "access-control-allow-origin: *\r\nconnection: close\r\n\r\n".encode()
            )
            self.transport.close()

    def pause_writing(self) -> None:
        """The phone takes no more for now."""
        if self.stream is not None:
            self.stream.is_slow = True

    def resume_writing(self) -> None:
        """It does again: what was kept goes out."""
        if self.stream is not None:
            self.stream.is_slow = False
            self.stream.flush()

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever has gone is forgotten."""
        self._done_reading()
        if self.stream is not None:
            hub.discard(self.stream)
            self.stream = None
        self.transport = None


async def serve(host: str, port: int) -> None:
    """Listen until SIGTERM or SIGINT."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(Connection, host, port, backlog=BACKLOG)
    for listening in server.sockets:
        # Those that are accepted inherit it.
        with suppress(OSError):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MILLISECONDS)
    hub.ensure_listening()
    await stop.wait()
    server.close()
    for stream in list(hub.streams()):
        stream.transport.abort()
    for task in hub.tasks:
        task.cancel()
    await asyncio.gather(*hub.tasks, return_exceptions=True)


def main() -> None:
    """Serve on an address."""
    options = argparse.ArgumentParser(description="Push streams.")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8001)
    given = options.parse_args()
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    asyncio.run(serve(given.host, given.port))


if __name__ == "__main__":
    main()
