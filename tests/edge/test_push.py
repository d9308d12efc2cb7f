"""The push process: who may listen, what is told, and that the dead are forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

from django.core import signing

from shanzhi.edge.push import asgi, tokens


class Client:
    """One connection, as an ASGI server would hand it over."""

    def __init__(self, query: str, path: str = "/api/push/stream") -> None:
        self.scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode()}
        self.sent: list[dict[str, Any]] = []
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    async def until(self, wanted: str) -> None:
        for _ in range(500):
            if wanted in self.text():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(self.text())


def status(client: Client) -> int:
    return int(client.sent[0]["status"])


def run(client: Client) -> Any:
    return asyncio.ensure_future(asgi.application(client.scope, client.receive, client.send))


def test_without_a_fresh_token_of_ours_nobody_listens() -> None:
    async def walk() -> list[int]:
        old = signing.dumps("x", salt="another salt")
        clients = [Client(""), Client("token=x"), Client(f"token={old}"), Client("", "/elsewhere")]
        for client in clients:
            await run(client)
        return [status(client) for client in clients]

    assert asyncio.run(walk()) == [401, 401, 401, 404]


def test_a_token_lasts_five_minutes(monkeypatch: Any) -> None:
    token = tokens.make("somebody")
    assert tokens.holds(token)
    import time

    now = time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + tokens.SECONDS + 1)
    assert not tokens.holds(token)


def test_numbers_are_told_and_the_dead_forgotten(monkeypatch: Any) -> None:
    monkeypatch.setattr(asgi.Hub, "ensure_listening", lambda hub: None)

    async def walk() -> tuple[str, int, int]:
        hub = asgi.Hub()
        monkeypatch.setattr(asgi, "hub", hub)
        one, other = Client(f"token={tokens.make('a')}"), Client(f"token={tokens.make('b')}")
        tasks = [run(one), run(other)]
        await one.until("retry")
        await other.until("retry")
        open_before = len(hub.streams)
        hub.tell({"cases": 7})
        hub.tell({"cases": 9, "clocks": 3})
        await one.until('"clocks"')
        other.gone.set()
        await tasks[1]
        open_after = len(hub.streams)
        one.gone.set()
        await tasks[0]
        assert len(hub.streams) == 0
        return one.text(), open_before, open_after

    text, before, after = asyncio.run(walk())
    assert (before, after) == (2, 1)
    # What came in together is told together: only the newest number of a topic.
    assert text == (
        'retry: 3000\n\ndata: {"topic": "cases", "number": 9}\n\ndata: {"topic": "clocks", "number": 3}\n\n'
    )
