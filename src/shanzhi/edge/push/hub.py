"""Who listens (推送枢纽). A stream at rest is one small object: nothing runs for it until there is news."""

import asyncio
import json
import logging
from asyncio import Transport
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings

from shanzhi.edge.cli.connections import conninfo
from shanzhi.work.orders import streams as orders

CHANNEL = "shanzhi_outbox"
BEAT_SECONDS = 40.0
BEAT_SLICES = 200
log = logging.getLogger("shanzhi.push")


class Stream:
    """One open connection of an account (its 16 bytes); `pending` is what it has not been told, by topic."""

    __slots__ = ("account", "hub", "is_slow", "pending", "transport")

    def __init__(self, account: UUID, transport: Transport, hub: "Hub") -> None:
        self.account = account.bytes
        self.transport = transport
        self.hub = hub
        self.pending: dict[str, bytes] | None = None
        self.is_slow = False

    def tell(self, key: str, frame: bytes) -> None:
        """Send a frame soon; what comes together goes together, and to a slow phone only the newest of each key."""
        if self.pending is None:
            self.pending = {key: frame}
            self.hub.soon(self)
        else:
            self.pending[key] = frame

    def flush(self) -> None:
        """Write what is pending, unless the phone takes nothing now."""
        if self.pending is None or self.is_slow:
            return
        frames, self.pending = self.pending, None
        # Whoever has gone is noticed by the connection, not here.
        if not self.transport.is_closing():
            self.transport.write(b"".join(frames.values()))


class Hub:
    """The streams of this process by account, and the one connection that listens."""

    def __init__(self) -> None:
        self.accounts: dict[bytes, tuple[Stream, ...]] = {}
        self.tasks: list[asyncio.Task[None]] = []
        self.seen: int | None = None  # up to this number of the outbox, orders have been told
        self.until = 0
        self.news = asyncio.Event()
        self.count = 0
        self.waiting: list[Stream] = []

    def ensure_listening(self) -> None:
        """Start what this process runs once, or start it again."""
        if not self.tasks or any(task.done() for task in self.tasks):
            for task in self.tasks:
                task.cancel()
            loop = asyncio.get_running_loop()
            self.tasks = [loop.create_task(work()) for work in (self._listen, self._tell_orders, self._beat)]

    def add(self, stream: Stream) -> None:
        """A stream has opened."""
        self.count += 1
        self.accounts[stream.account] = (*self.accounts.get(stream.account, ()), stream)

    def soon(self, stream: Stream) -> None:
        """Write to a stream when everything that is there now has been told."""
        if not self.waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self.waiting.append(stream)

    def _flush(self) -> None:
        waiting, self.waiting = self.waiting, []
        for stream in waiting:
            stream.flush()

    def discard(self, stream: Stream) -> None:
        """A stream has closed."""
        self.count -= 1
        left = tuple(other for other in self.accounts.get(stream.account, ()) if other is not stream)
        if left:
            self.accounts[stream.account] = left
        else:
            self.accounts.pop(stream.account, None)

    def streams(self) -> Iterator[Stream]:
        """All streams that are open now."""
        for of_account in list(self.accounts.values()):
            yield from of_account

    def hear(self, numbers: dict[str, int]) -> None:
        """The newest numbers of the outbox: of orders it matters who is told, all else goes to every stream."""
        plain = {topic: number for topic, number in numbers.items() if topic != orders.TOPIC}
        newest = max(numbers.values(), default=0)
        if orders.TOPIC in numbers:
            self.until = max(self.until, newest)
            self.news.set()
        elif self.seen is not None and self.seen >= self.until:
            self.seen = self.until = max(self.seen, newest)
        self.tell(plain)

    def tell(self, numbers: dict[str, int]) -> None:
        """Hand the newest numbers to every stream; a slow one gets only the newest."""
        for topic, number in numbers.items():
            frame = _frame({"topic": topic, "number": number})
            for stream in self.streams():
                stream.tell(topic, frame)

    def tell_accounts(self, keys: bytes, key: str, frame: bytes) -> int:
        """Hand a frame to the streams of these accounts (16 bytes each); to how many."""
        told = 0
        for start in range(0, len(keys), orders.KEY_BYTES):
            for stream in self.accounts.get(keys[start : start + orders.KEY_BYTES], ()):
                stream.tell(key, frame)
                told += 1
        return told

    async def tell_orders(self, connection: Any) -> None:
        """What happened to orders since the last time: an issued one to its audience, all else as a number."""
        start, until = self.seen or 0, self.until
        for told in await orders.since(connection, start, until):
            if told.event != orders.ISSUED:
                self.tell({orders.TOPIC: told.number})
            else:
                key, frame = f"{orders.TOPIC} {told.order_id}", _frame(_issued(told))
                async for keys in orders.audience(connection, told.order_id):
                    self.tell_accounts(keys, key, frame)
                    await asyncio.sleep(0)
            self.seen = told.number
        self.seen = until

    async def _tell_orders(self) -> None:
        pause = 0.2
        while True:
            await self.news.wait()
            self.news.clear()
            try:
                async with await _connect("shanzhi-push-orders") as connection:
                    await self.tell_orders(connection)
                    pause = 0.2
            except psycopg.Error as error:
                log.warning("reading orders failed, trying again: %s", type(error).__name__)
                self.news.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _listen(self) -> None:
        pause = 0.2
        while True:
            try:
                async with await _connect("shanzhi-push") as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    newest = await orders.newest(connection)
                    if self.seen is None or self.seen > newest:
                        self.seen = self.until = newest
                    self.hear({orders.TOPIC: newest, "reconnected": 0})
                    pause = 0.2
                    async for notice in connection.notifies():
                        with suppress(ValueError):
                            self.hear(json.loads(notice.payload))
            except psycopg.Error as error:
                log.warning("listening failed, trying again: %s", type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    async def _beat(self) -> None:
        """A comment to every stream now and then, a slice of them at a time."""
        while True:
            resting = list(self.streams())
            size = max(1, -(-len(resting) // BEAT_SLICES))
            for start in range(0, BEAT_SLICES * size, size):
                _beat(resting[start : start + size])
                await asyncio.sleep(BEAT_SECONDS / BEAT_SLICES)


def _beat(streams: Iterable[Stream]) -> None:
    for stream in streams:
        stream.tell("", b": beat\n\n")


def _issued(told: orders.Told) -> dict[str, Any]:
    return {
        "topic": orders.TOPIC, "number": told.number, "event": told.event, "order": str(told.order_id),
        "order_number": told.payload.get("number", ""), "sentence": told.payload.get("sentence", ""),
    }  # fmt: skip


def _frame(content: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n".encode()


async def _connect(name: str) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(
        conninfo(settings.DATABASES["default"], connect_timeout=5), autocommit=True, application_name=name
    )
