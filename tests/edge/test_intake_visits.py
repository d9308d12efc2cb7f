"""Visits by the hot door: batches of twenty, one bad item beside good ones, the same again, another content."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connection
from tests.work.conftest import Town

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.intake import asgi
from shanzhi.edge.intake.batching import Batcher, Store
from shanzhi.work.sweeps import folding
from shanzhi.work.sweeps.models import Submission, Turn, Visit

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PATH = "/api/intake/visits"


@pytest.fixture
def town(city: None, clock: FixedClock) -> Town:
    return Town(clock)


class OurStore(Store):
    """The real store, on the connection of the test."""

    def __init__(self) -> None:
        raw = connection.connection  # Django's own is bound to the thread of the test
        super().__init__(lambda: raw, lambda: django_settings.SHANZHI_CLOCK)

    def close(self) -> None:
        self.connection = None


async def _ask(token: str, items: Any) -> tuple[int, Any]:
    body = json.dumps({"items": items}).encode()
    sent: list[dict[str, Any]] = []
    parts = [{"type": "http.request", "body": body, "more_body": False}]
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/json")]

    async def receive() -> dict[str, Any]:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await asgi.application(
        {"type": "http", "method": "POST", "path": PATH, "headers": headers}, receive, send
    )
    return int(sent[0]["status"]), json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


def talk(*requests: tuple[str, Any]) -> list[tuple[int, Any]]:
    """All at once through the door, answered."""

    store = OurStore()

    async def walk() -> list[tuple[int, Any]]:
        asgi._batcher = Batcher(store)
        try:
            return list(await asyncio.gather(*(_ask(token, items) for token, items in requests)))
        finally:
            await asgi._batcher.close()
            asgi._batcher = None

    return asyncio.run(walk())


def told(answer: tuple[int, Any]) -> list[str]:
    assert answer[0] == 200, answer
    return [one["status"] for one in answer[1]["items"]]


def test_a_phone_sends_what_it_found(sign_in: Any, town: Town, clock: FixedClock) -> None:
    lead, commander = sign_in("zhibanzhang"), sign_in("zhihui")
    made = lead.post("/api/sweeps/drafts", town.body())[1]
    sweep_id = made["row"]["id"]
    assert lead.post(f"/api/sweeps/{sweep_id}/propose", {})[0] == 200
    assert commander.post(f"/api/sweeps/{sweep_id}/issue", {})[0] == 200
    near, far = town.pieces(sweep_id)[0], town.pieces(sweep_id)[2]
    tokens = {
        name: people.issue_device_token(town.workers[name].id, "手机", actor=SYSTEM, at=clock.now())
        for name in ("s0", "s2")
    }
    items = [town.item(near, door) for door in range(12)]
    bad = [town.item(near, 3, "flying"), {"id": 5}, town.item(near, 12), town.item(far, 0)]
    mine, other = talk(
        (tokens["s0"], [*items, *bad]), (tokens["s2"], [town.item(far, 1), town.item(near, 1)])
    )
    assert told(mine) == ["stored"] * 12 + ["invalid", "invalid", "unknown", "unknown"]
    assert told(other) == ["stored", "unknown"]
    assert mine[1]["items"][12]["error"]["field"] == "result" and mine[1]["items"][13]["id"] is None
    # One row for what one person sent for one sweep in a batch; nobody reads it without the key.
    assert Submission.objects.count() == 2 and Visit.objects.count() == 13
    [again] = talk((tokens["s0"], [*items[:2], items[2] | {"result": "vacant", "answers": None}]))
    assert told(again) == ["known", "known", "conflict"]
    assert again[1]["items"][2]["error"]["status"] == 409
    assert talk(("szd_nobody", items[:1]))[0][0] == 401
    assert talk((tokens["s0"], [town.item(near, 0) for _ in range(201)]))[0][0] in {400, 422}
    assert Visit.objects.count() == 13
    clock.advance(timedelta(minutes=1))
    [late] = talk((tokens["s0"], [town.item(near, 0, "absent"), town.item(near, 1, id=str(uuid4()))]))
    assert told(late) == ["stored", "stored"]
    folding.fold(clock.now())
    turn = Turn.objects.get()
    assert (turn.visited, turn.absent, turn.doors) == (13, 0, 48)
