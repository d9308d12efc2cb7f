"""The push process: who may listen, what is told, and that the dead are forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.core import signing
from django.db import connection

from shanzhi.base.outbox import actions as outbox
from shanzhi.base.outbox import relay
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.cli.connections import conninfo
from shanzhi.edge.push import server, tokens
from shanzhi.edge.push.hub import Hub

A, B, C = (UUID(int=number) for number in (1, 2, 3))


class Client:
    """One connection, as the event loop would hand it over: what is written to it is kept."""

    def __init__(self, query: str, path: str = "/api/push/stream", method: str = "GET") -> None:
        self.request = f"{method} {path}?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        self.written = b""
        self.is_closed = False
        self.connection = server.Connection()

    def open(self) -> None:
        self.connection.connection_made(self)  # type: ignore[arg-type]
        # A request comes in pieces.
        self.connection.data_received(self.request[:9])
        self.connection.data_received(self.request[9:])

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0

    def leave(self) -> None:
        self.is_closed = True
        self.connection.connection_lost(None)

    def text(self) -> str:
        return self.written.partition(b"\r\n\r\n")[2].decode()

    async def until(self, wanted: str) -> None:
        for _ in range(500):
            if wanted in self.text():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(self.text())


def status(client: Client) -> int:
    return int(client.written.split(b" ")[1])


def test_without_a_fresh_token_of_ours_nobody_listens() -> None:
    async def walk() -> list[int]:
        old = signing.dumps("x", salt="another salt")
        clients = [Client(""), Client("token=x"), Client(f"token={old}"), Client("", "/elsewhere")]
        clients.insert(3, Client(f"token={tokens.make('None')}"))
        clients.append(Client(f"token={tokens.make(str(A))}", method="POST"))
        for client in clients:
            client.open()
            assert client.is_closed
        assert server.hub.count == 0
        return [status(client) for client in clients]

    assert asyncio.run(walk()) == [401, 401, 401, 401, 404, 404]


def test_a_request_that_is_none_is_refused_and_forgotten(monkeypatch: Any) -> None:
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.01)

    async def walk() -> list[int]:
        nonsense, endless, silent = Client(""), Client(""), Client("")
        nonsense.request = b"\x16\x03\x01 hello\r\n\r\n"
        endless.request = b"GET / HTTP/1.1\r\n" + b"x" * server.MOST_REQUEST_BYTES
        silent.request = b""
        for client in (nonsense, endless, silent):
            client.open()
        await asyncio.sleep(0.05)
        for client in (nonsense, endless, silent):
            client.connection.data_received(b"more")
            client.leave()
        return [status(client) for client in (nonsense, endless, silent)]

    assert asyncio.run(walk()) == [400, 431, 408]


def test_a_process_takes_as_many_streams_as_it_may(monkeypatch: Any) -> None:
    monkeypatch.setattr(server, "MOST_STREAMS", 1)

    async def work(hub: Hub, clients: list[Client]) -> None:
        more = Client(f"token={tokens.make(str(B))}")
        more.open()
        assert (status(more), more.is_closed, hub.count) == (503, True, 1)

    walk(monkeypatch, [A], work)


def test_a_token_lasts_five_minutes(monkeypatch: Any) -> None:
    token = tokens.make(str(A))
    assert tokens.account_of(token) == A
    import time

    now = time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + tokens.SECONDS + 1)
    assert tokens.account_of(token) is None


def walk(
    monkeypatch: Any, accounts: list[UUID], work: Callable[[Hub, list[Client]], Awaitable[None]]
) -> list[str]:
    """Open a stream for each account, do the work, close all; what each was sent."""
    monkeypatch.setattr(Hub, "ensure_listening", lambda hub: None)

    async def whole() -> list[str]:
        hub = Hub()
        monkeypatch.setattr(server, "hub", hub)
        clients = [Client(f"token={tokens.make(str(account))}") for account in accounts]
        for client in clients:
            client.open()
            assert status(client) == 200 and client.text() == "retry: 3000\n\n"
        assert len(list(hub.streams())) == len(clients)
        await work(hub, clients)
        for client in clients:
            client.leave()
        assert (hub.accounts, hub.count) == ({}, 0)
        return [client.text().removeprefix("retry: 3000\n\n") for client in clients]

    return asyncio.run(whole())


def test_numbers_are_told_and_what_came_together_is_told_together(monkeypatch: Any) -> None:
    async def work(hub: Hub, clients: list[Client]) -> None:
        hub.hear({"cases": 7})
        hub.hear({"cases": 9, "clocks": 3})
        for client in clients:
            await client.until('"clocks"')

    # Only the newest number of a topic; an account may have two streams.
    told = 'data: {"topic": "cases", "number": 9}\n\ndata: {"topic": "clocks", "number": 3}\n\n'
    assert walk(monkeypatch, [A, B, B], work) == [told] * 3


def test_who_has_gone_is_forgotten_and_the_others_stay(monkeypatch: Any) -> None:
    async def work(hub: Hub, clients: list[Client]) -> None:
        clients[1].leave()
        clients[1].connection.connection_lost(None)
        assert [stream.account for stream in hub.streams()] == [A.bytes, B.bytes]
        hub.tell({"cases": 1})
        await clients[2].until('"cases"')

    told = walk(monkeypatch, [A, B, B], work)
    assert ['"cases"' in text for text in told] == [True, False, True]


def test_a_slow_stream_does_not_hold_up_the_others(monkeypatch: Any) -> None:
    async def work(hub: Hub, clients: list[Client]) -> None:
        clients[0].connection.pause_writing()
        for number in (1, 2, 3):
            hub.tell({"cases": number})
            await clients[1].until(f'"number": {number}}}')
        slow = next(iter(hub.streams()))
        # What waits for it does not grow.
        assert slow.pending == {"cases": b'data: {"topic": "cases", "number": 3}\n\n'}
        assert clients[0].text() == "retry: 3000\n\n"
        clients[0].connection.resume_writing()

    told = walk(monkeypatch, [A, B], work)
    assert told[0] == 'data: {"topic": "cases", "number": 3}\n\n'
    assert told[1].count("data:") == 3


async def opened() -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(conninfo(settings.DATABASES["default"]), autocommit=True)


def publish(audience: Any, order: Any, event: str) -> None:
    payload = {"sentence": f"{order.sentence}\n！", "number": order.number}
    outbox.publish([outbox.News("900101", "orders", order.id, event, payload, audience.at)])


@pytest.mark.once
def test_only_the_audience_hears_of_an_order(monkeypatch: Any, audience: Any, transactional_db: None) -> None:
    other, recipients = audience.another("ZL-OTHER")
    type(recipients[0]).objects.filter(order=other).exclude(account=audience.accounts[1]).delete()
    outbox.publish([outbox.News("900101", "cases", uuid7(), "made", {}, audience.at)])
    publish(audience, audience.order, "issued")
    publish(audience, other, "issued")
    numbers = relay.number_waiting()
    publish(audience, other, "recalled")
    later = relay.number_waiting()
    connection.close()

    async def work(hub: Hub, clients: list[Client]) -> None:
        hub.seen = 0
        async with await opened() as reading:
            hub.hear(numbers)
            await hub.tell_orders(reading)
            await hub.tell_orders(reading)
            await clients[2].until("cases")
            hub.hear({"cases": hub.seen})
            hub.hear(later)
            await hub.tell_orders(reading)
        for client in clients:
            await client.until(f'"number": {later["orders"]}}}')
        assert hub.seen == later["orders"]

    mine, both, stranger = walk(
        monkeypatch, [audience.accounts[0].id, audience.accounts[1].id, C], work
    )  # fmt: skip
    for text, orders in ((mine, [audience.order]), (both, [audience.order, other]), (stranger, [])):
        assert text.count('"event": "issued"') == len(orders)
        for order in orders:
            assert text.count(f'"order": "{order.id}", "order_number": "{order.number}"') == 1
        # A line break in the sentence does not break the frame; the recall is told to all.
        assert text.count("请到示例点集合\\n！") == len(orders)
        assert text.count("\ndata:") + text.startswith("data:") == text.count("data:")
        assert text.count(f'{{"topic": "orders", "number": {later["orders"]}}}') == 1


@pytest.mark.once
def test_the_hub_listens_by_itself_and_begins_with_what_comes(
    monkeypatch: Any, audience: Any, transactional_db: None
) -> None:
    publish(audience, audience.order, "issued")
    relay.number_waiting()
    connection.close()

    async def whole() -> str:
        hub = Hub()
        monkeypatch.setattr(server, "hub", hub)
        client = Client(f"token={tokens.make(str(audience.accounts[0].id))}")
        client.open()
        await client.until("reconnected")
        async with await opened() as other:
            await other.execute(
                "INSERT INTO outbox_outboxrow (id, area, topic, subject_id, event, payload, at, number) "
                "VALUES (%s, '900101', 'orders', %s, 'issued', '{}', %s, %s)",
                [uuid7(), audience.order.id, audience.at, (hub.seen or 0) + 1],
            )
            # Listening was broken meanwhile: the number is found when it listens again.
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'shanzhi-push' AND datname = current_database()"
            )
        await client.until('"event": "issued"')
        client.leave()
        for running in hub.tasks:
            running.cancel()
        await asyncio.gather(*hub.tasks, return_exceptions=True)
        return client.text()

    # What was issued before is pulled from the API, not told again.
    assert asyncio.run(whole()).count('"event": "issued"') == 1


@pytest.mark.parametrize("numbers", [{}, {"reconnected": 0}])
def test_hearing_little_is_no_harm(numbers: dict[str, int]) -> None:
    hub = Hub()
    hub.hear(numbers)
    assert (hub.seen, hub.until) == (None, 0)
