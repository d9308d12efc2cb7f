"""A small HTTP load generator: a fixed number of keep-alive connections, each one request at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Load:
    """What was measured: requests a second, latencies in milliseconds, answers by status."""

    rate: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last one is complete."""

    def __init__(self, next_request: Callable[[], bytes | None], done: Callable[[int, float], None]) -> None:
        self.next_request = next_request
        self.done = done
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = bytearray()
        self.begun = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._send()

    def _send(self) -> None:
        request = self.next_request()
        if request is None:
            self.transport.close()
            return
        self.begun = time.perf_counter()
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lower = bytes(self.buffer[:head]).lower()
        at = lower.find(b"content-length:")
        if at >= 0:
            length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
        elif self.buffer.endswith(b"\r\n0\r\n\r\n"):  # in chunks; answers are not pipelined
            length = len(self.buffer) - head - 4
        else:
            return
        if len(self.buffer) < head + 4 + length:
            return
        status = int(self.buffer[9:12])
        del self.buffer[: head + 4 + length]
        self.done(status, time.perf_counter() - self.begun)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


async def _run(port: int, make: Callable[[], bytes], connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    end = time.perf_counter() + seconds
    took: list[float] = []
    statuses: dict[int, int] = {}

    def next_request() -> bytes | None:
        return make() if time.perf_counter() < end else None

    def done(status: int, spent: float) -> None:
        took.append(spent)
        statuses[status] = statuses.get(status, 0) + 1

    begun = time.perf_counter()
    opened = [
        (await loop.create_connection(lambda: _Connection(next_request, done), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.closed for connection in opened))
    spent = time.perf_counter() - begun
    took.sort()
    return Load(
        rate=len(took) / spent,
        p50_ms=took[len(took) // 2] * 1000,
        p99_ms=took[int(len(took) * 0.99)] * 1000,
        statuses=statuses,
    )


def measure(port: int, make: Callable[[], bytes], *, connections: int, seconds: float) -> Load:
    """Load `port` for `seconds` with requests from `make`."""
    return asyncio.run(_run(port, make, connections, seconds))
