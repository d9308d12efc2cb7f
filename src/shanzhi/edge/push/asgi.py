"""The push process: one LISTEN connection, many streams. It reads nothing but numbers."""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import django
import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")
django.setup()

from django.conf import settings  # noqa: E402

from shanzhi.edge.push import tokens  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

CHANNEL = "shanzhi_outbox"
BEAT_SECONDS = 25.0
log = logging.getLogger("shanzhi.push")


class Hub:
    """Who listens, and the newest number of each topic that they have not been told."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.listener: asyncio.Task[None] | None = None

    def ensure_listening(self) -> None:
        """Start the one listener of this process, or start it again."""
        if self.listener is None or self.listener.done():
            self.listener = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        pause = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    _conninfo(), autocommit=True, application_name="shanzhi-push"
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    pause = 0.2
                    self.tell({"reconnected": 0})
                    async for notice in connection.notifies():
                        with suppress(ValueError):
                            self.tell(json.loads(notice.payload))
            except psycopg.Error as error:
                log.warning("listening failed, trying again: %s", type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    def tell(self, numbers: dict[str, int]) -> None:
        """Hand the newest numbers to every stream; a slow one gets only the newest."""
        for stream in self.streams:
            stream.pending.update(numbers)
            stream.wake.set()


class Stream:
    """One open connection."""

    def __init__(self) -> None:
        self.pending: dict[str, int] = {}
        self.wake = asyncio.Event()


hub = Hub()


def _conninfo() -> str:
    database = settings.DATABASES["default"]
    return psycopg.conninfo.make_conninfo(
        dbname=database["NAME"],
        user=database["USER"],
        password=database["PASSWORD"],
        host=database["HOST"],
        port=database["PORT"],
    )


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: GET /api/push/stream?token=… is a stream; everything else is 404."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        return
    if scope["path"] != "/api/push/stream" or scope["method"] != "GET":
        await _refuse(send, 404)
        return
    token = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
    if not tokens.holds(token):
        await _refuse(send, 401)
        return
    await _stream(receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-type", b"text/plain"), (b"access-control-allow-origin", b"*")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _stream(receive: Receive, send: Send) -> None:
    hub.ensure_listening()
    stream = Stream()
    hub.streams.add(stream)
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        # The token in the address is the only credential; no cookie is read here.
        (b"access-control-allow-origin", b"*"),
    ]
    # A stream that never reads `receive()` would keep dead clients for ever.
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _send_text(send, "retry: 3000\n\n")
        while not gone.done():
            waiting = asyncio.ensure_future(stream.wake.wait())
            await asyncio.wait({gone, waiting}, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if gone.done():
                break
            stream.wake.clear()
            news, stream.pending = stream.pending, {}
            frames = [
                f"data: {json.dumps({'topic': topic, 'number': number})}\n\n"
                for topic, number in news.items()
            ]
            await _send_text(send, "".join(frames) or ": beat\n\n")
    finally:
        hub.streams.discard(stream)
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_text(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
