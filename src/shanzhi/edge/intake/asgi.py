"""The intake process (收件进程): takes what phones send, answers when it is durable."""

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast
from uuid import UUID

import django
import msgspec
import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")
django.setup()

from django.conf import settings  # noqa: E402

from shanzhi.base.access.errors import BadRequest, MethodNotAllowed  # noqa: E402
from shanzhi.city.people.queries import DEVICE_PREFIX  # noqa: E402
from shanzhi.city.people.sessions import token_hash  # noqa: E402
from shanzhi.core.kit.errors import InvalidInput, NotFound, ShanzhiError, SignInRequired  # noqa: E402
from shanzhi.core.kit.outcomes import Outcome  # noqa: E402
from shanzhi.edge.cli.connections import conninfo  # noqa: E402
from shanzhi.edge.intake.batching import Away, Batcher, Store, Stranger  # noqa: E402
from shanzhi.edge.intake.errors import NotJson, TooLarge, TooSlow, Unavailable  # noqa: E402
from shanzhi.edge.intake.kinds import KINDS, Kind  # noqa: E402
from shanzhi.edge.intake.texts import Reader  # noqa: E402
from shanzhi.edge.push import tokens  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MOST_BYTES = 1024 * 1024
BODY_SECONDS = 20
RETRY_AFTER = b"2"
TEXTS = "/api/intake/texts/"
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    # The bearer token is the only credential; no cookie is read here.
    (b"access-control-allow-origin", b"*"),
]
_PREFLIGHT = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"86400"),
]


class Body(msgspec.Struct):
    """What a request holds; each item is read by its kind."""

    items: list[msgspec.Raw]


class ErrorOut(msgspec.Struct):
    """Why an item, or a request, was not taken."""

    code: str
    status: int
    zh: str
    en: str
    field: str


class ItemOut(msgspec.Struct, omit_defaults=True, gc=False):
    """What became of an item; in the order of the request. `id` is null when it could not be read."""

    id: UUID | str | None
    status: str
    error: ErrorOut | None = None


_BODY = msgspec.json.Decoder(Body)
_ENCODER = msgspec.json.Encoder()


def _connect() -> psycopg.Connection[Any]:
    """The connection of this process; a commit on it is durable, and nothing on it waits for ever."""
    connection = psycopg.connect(
        conninfo(settings.DATABASES["default"], connect_timeout=3, tcp_user_timeout=10_000),
        autocommit=True,
        application_name="shanzhi-intake",
    )
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
    )
    # A batch is small and its tables large: by index, also while the server knows nothing of new rows.
    for name in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
        connection.execute("SELECT set_config(%s, 'off', false)", [name])
    connection.execute("SELECT set_config('statement_timeout', '10s', false)")
    return connection


_batcher: Batcher | None = None


def batcher() -> Batcher:
    """The one batcher of this process."""
    global _batcher
    if _batcher is None:
        _batcher = Batcher(Store(_connect, lambda: settings.SHANZHI_CLOCK))
    return _batcher


_reader: Reader | None = None


def reader() -> Reader:
    """The one reader of this process."""
    global _reader
    if _reader is None:
        _reader = Reader(_connect)
    return _reader


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: POST /api/intake/… takes items of a kind, GET …/texts/… gives an order; all else is refused."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        try:
            await _handle(scope, receive, send)
        except ShanzhiError as error:
            await _refuse(send, error)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            # What is there now stays, and what comes with a request makes no cycles: nothing to look through.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 20)
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            if _batcher is not None:
                await _batcher.close()
            if _reader is not None:
                await _reader.end()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _handle(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].startswith(TEXTS):
        await _pull(scope, send)
        return
    kind = KINDS.get(scope["path"])
    if kind is None:
        raise NotFound
    if scope["method"] == "OPTIONS":
        await _answer(send, 204, b"", _PREFLIGHT)
        return
    if scope["method"] != "POST":
        raise MethodNotAllowed(method=scope["method"])
    headers = dict(scope["headers"])
    hashed, account_id = _credential(headers.get(b"authorization", b"").decode("latin-1"))
    if not headers.get(b"content-type", b"").lower().startswith(b"application/json"):
        raise NotJson
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(headers.get(b"content-length", b""), receive)
    except TimeoutError as error:
        raise TooSlow from error
    if body is None:
        return
    raws = _items(body, kind)
    items = _read_all(kind, raws)
    try:
        outcomes = await batcher().submit(kind, items, hashed, account_id)
    except Stranger as error:
        raise SignInRequired from error
    except Away as error:
        raise Unavailable from error
    answers = [_told(item, raw, one) for item, raw, one in zip(items, raws, outcomes, strict=True)]
    await _answer(send, 200, _ENCODER.encode({"items": answers}), _HEADERS)


async def _pull(scope: Scope, send: Send) -> None:
    """GET …/texts/<order>: the order as the caller gets it."""
    if scope["method"] == "OPTIONS":
        await _answer(send, 204, b"", _PREFLIGHT)
        return
    if scope["method"] != "GET":
        raise MethodNotAllowed(method=scope["method"])
    headers = dict(scope["headers"])
    hashed, account_id = _credential(headers.get(b"authorization", b"").decode("latin-1"))
    try:
        order_id = UUID(scope["path"].removeprefix(TEXTS))
    except ValueError as error:
        raise NotFound from error
    try:
        found = await reader().pull(order_id, hashed, account_id)
    except Stranger as error:
        raise SignInRequired from error
    except Away as error:
        raise Unavailable from error
    if not found:
        raise NotFound
    await _answer(send, 200, _ENCODER.encode({"orders": found}), _HEADERS)


def _credential(header: str) -> tuple[bytes | None, Any]:
    """The hash of a phone's token, or the account of a signed one. Raises SignInRequired."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() == "bearer" and token.startswith(DEVICE_PREFIX):
        return token_hash(token), None
    if scheme.lower() == "bearer" and (account_id := tokens.account_of(token)):
        return None, account_id
    raise SignInRequired


async def _body(length: bytes, receive: Receive) -> bytes | None:
    """The body; None when the caller has gone. Raises TooLarge."""
    if length.isdigit() and int(length[:20]) > MOST_BYTES:
        raise TooLarge
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BYTES:
            raise TooLarge
        if not message.get("more_body"):
            return b"".join(parts)


def _items(body: bytes, kind: Kind) -> list[msgspec.Raw]:
    try:
        items = _BODY.decode(body).items
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadRequest(reason_en=str(error)) from error
    if not 1 <= len(items) <= kind.most:
        raise InvalidInput(
            field="items",
            reason_zh=f"每次应提交 1 至 {kind.most} 条。",
            reason_en=f"A request holds 1 to {kind.most} items.",
        )
    return items


def _read_all(kind: Kind, raws: Sequence[msgspec.Raw]) -> list[Any]:
    """The items; one that cannot be read is the error that says why."""
    items: list[Any] = []
    for raw in raws:
        try:
            items.append(kind.read(raw))
        except ShanzhiError as error:
            items.append(error)
    return items


def _told(item: Any, raw: msgspec.Raw, outcome: Outcome) -> ItemOut:
    if outcome.error is None:
        return ItemOut(item.id, outcome.status)
    return ItemOut(_id_of(item, raw), outcome.status, _error_out(outcome.error))


def _id_of(item: Any, raw: msgspec.Raw) -> UUID | str | None:
    if not isinstance(item, ShanzhiError):
        return cast(UUID, item.id)
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError):
        return None
    known = found.get("id") if isinstance(found, dict) else None
    return known[:64] if isinstance(known, str) else None


def _error_out(error: ShanzhiError) -> ErrorOut:
    return ErrorOut(error.code, error.status, error.sentence("zh"), error.sentence("en"), error.field)


async def _refuse(send: Send, error: ShanzhiError) -> None:
    retry = [(b"retry-after", RETRY_AFTER)] if error.status == 503 else []
    await _answer(send, error.status, _ENCODER.encode({"error": _error_out(error)}), [*_HEADERS, *retry])


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())] if status != 204 else headers
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
