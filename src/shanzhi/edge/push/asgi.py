"""The push process (推送进程): one connection that listens, many streams. It reads numbers, and who gets an order."""

import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")
django.setup()

from shanzhi.edge.push import tokens  # noqa: E402
from shanzhi.edge.push.hub import Hub, Stream  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

hub = Hub()

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    # The token in the address is the only credential; no cookie is read here.
    (b"access-control-allow-origin", b"*"),
]


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
    account_id = tokens.account_of(token)
    if account_id is None:
        await _refuse(send, 401)
        return
    # The server keeps the scope as long as the stream; two kilobytes of headers for each phone.
    scope.clear()
    del token
    await _stream(account_id, receive, send)


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


async def _stream(account_id: UUID, receive: Receive, send: Send) -> None:
    hub.ensure_listening()
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    stream = Stream(account_id, send)
    hub.add(stream)
    try:
        await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
        # A stream that never reads `receive()` would keep dead clients for ever.
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        hub.discard(stream)
