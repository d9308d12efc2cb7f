"""The hot door: who may send, what each item is told, and that nothing is said to be stored that is not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core import signing
from django.db import connection

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import DeviceToken
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.intake import asgi, batching
from shanzhi.edge.intake.batching import Batcher, Store
from shanzhi.edge.intake.kinds import KINDS, RECEIPTS, Kind
from shanzhi.edge.push import tokens
from shanzhi.work.orders.models import Receipt, Said

PATH = "/api/intake/receipts"


class Phone:
    """One request, as an ASGI server would hand it over."""

    def __init__(self, token: str, items: Any, **changes: Any) -> None:
        body = json.dumps({"items": items}).encode() if not isinstance(items, bytes) else items
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        headers |= changes.pop("headers", {})
        self.scope = {"type": "http", "method": "POST", "path": PATH} | changes
        self.scope["headers"] = [(key.encode(), value.encode()) for key, value in headers.items()]
        half = len(body) // 2
        self.parts = [
            {"type": "http.request", "body": body[:half], "more_body": True},
            {"type": "http.request", "body": body[half:], "more_body": False},
        ]
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        return self.parts.pop(0) if self.parts else {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> Any:
        return json.loads(b"".join(message.get("body", b"") for message in self.sent[1:]))

    @property
    def statuses(self) -> list[str]:
        assert self.status == 200, self.body
        return [item["status"] for item in self.body["items"]]


class CountingStore(Store):
    """The real store, on the connection of the test; tells how many commits there were."""

    def __init__(self) -> None:
        raw = connection.connection  # Django's own is bound to the thread of the test
        super().__init__(lambda: raw, lambda: django_settings.SHANZHI_CLOCK)
        self.commits: list[int] = []

    def commit(self, requests: Any) -> Any:
        self.commits.append(len(requests))
        return super().commit(requests)

    def close(self) -> None:
        self.connection = None


@pytest.fixture
def store(audience: Any, monkeypatch: pytest.MonkeyPatch) -> CountingStore:
    return CountingStore()


def talk(store: Store, *phones: Phone, most_waiting: int = batching.MOST_WAITING) -> tuple[Phone, ...]:
    """All at once through the door, answered."""

    async def walk() -> None:
        asgi._batcher = Batcher(store)
        try:
            await asyncio.gather(
                *(asgi.application(phone.scope, phone.receive, phone.send) for phone in phones)
            )
        finally:
            await asgi._batcher.close()
            asgi._batcher = None

    before, batching.MOST_WAITING = batching.MOST_WAITING, most_waiting
    try:
        asyncio.run(walk())
    finally:
        batching.MOST_WAITING = before
    return phones


def device(audience: Any, who: int = 0) -> str:
    return people.issue_device_token(audience.accounts[who].id, "手机", actor=SYSTEM, at=audience.at)


def signed(audience: Any, who: int = 0) -> str:
    return tokens.make(str(audience.accounts[who].id))


def test_both_tokens_open_the_door_and_each_item_is_told(audience: Any, store: CountingStore) -> None:
    mine, theirs = audience.item(0), audience.item(1)
    first, second = talk(
        store,
        Phone(device(audience), [mine, theirs, audience.item(0, "seen"), {"id": 7}, 3]),
        Phone(signed(audience, 1), [theirs, theirs, theirs | {"answer": "read"}]),
    )
    assert first.statuses == ["stored", "unknown", "invalid", "invalid", "invalid"]
    assert [item["id"] for item in first.body["items"]][:2] == [mine["id"], theirs["id"]]
    assert second.statuses == ["stored", "known", "conflict"]
    conflict, unknown, wrong = (
        second.body["items"][2]["error"], first.body["items"][1]["error"], first.body["items"][2]["error"],
    )  # fmt: skip
    assert (conflict["code"], conflict["status"], conflict["field"]) == ("receipt-conflict", 409, "id")
    assert (unknown["code"], unknown["status"], wrong["field"]) == ("not-found", 404, "answer")
    assert all(error["zh"] and error["en"] for error in (conflict, unknown, wrong))
    assert sorted(map(str, Receipt.objects.values_list("id", flat=True))) == sorted(
        [mine["id"], theirs["id"]]
    )
    # Two requests, one commit.
    assert store.commits == [2]


def test_a_retry_of_the_same_is_known(audience: Any, store: CountingStore) -> None:
    items = [audience.item(0, answer) for answer in ("delivered", "read", "acknowledged")]
    token = device(audience)
    assert talk(store, Phone(token, items))[0].statuses == ["stored"] * 3
    assert talk(store, Phone(token, items))[0].statuses == ["known"] * 3
    assert Receipt.objects.count() == 3


def test_who_is_not_known_is_refused_and_nothing_stored(
    audience: Any, store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked = device(audience)
    people.revoke_device_token(DeviceToken.objects.get().id, actor=SYSTEM, at=audience.at)
    inactive = [device(audience, 3), signed(audience, 3)]
    people.set_active(audience.accounts[3].id, False, actor=SYSTEM, at=audience.at)
    foreign = signing.dumps(str(audience.accounts[0].id), salt="another")
    wrong = [revoked, "", "x", "szd_wrong", foreign, tokens.make("somebody"), tokens.make(str(uuid7()))]
    phones = [Phone(token, [audience.item()]) for token in wrong]
    phones += [Phone(token, [audience.item(3)]) for token in inactive]
    good = Phone(device(audience), [audience.item()])
    talk(store, good, *phones)
    assert [phone.status for phone in phones] == [401] * len(phones)
    assert phones[0].body["error"]["code"] == "sign-in-required"
    assert good.statuses == ["stored"]
    fresh, now = signed(audience), time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + tokens.SECONDS + 1)
    assert talk(store, Phone(fresh, [audience.item()]))[0].status == 401
    assert Receipt.objects.count() == 1


def test_what_is_no_request_is_refused(audience: Any, store: CountingStore) -> None:
    token, item = device(audience), audience.item()
    cases = {
        404: Phone(token, [item], path="/api/intake/elsewhere"),
        405: Phone(token, [item], method="GET"),
        415: Phone(token, [item], headers={"content-type": "text/plain"}),
        400: Phone(token, b'{"items": [1'),
        413: Phone(token, b" " * (asgi.MOST_BYTES + 1)),
    }
    talk(store, *cases.values())
    assert [phone.status for phone in cases.values()] == list(cases)
    announced = Phone(token, b"", headers={"content-length": "99999999"})
    few, many, shape = Phone(token, []), Phone(token, [item] * 201), Phone(token, b"[]")
    talk(store, announced, few, many, shape)
    assert [phone.status for phone in (announced, few, many, shape)] == [413, 422, 422, 400]
    assert many.body["error"]["field"] == "items"
    assert not Receipt.objects.exists()


def test_another_origin_is_let_in_without_cookies(audience: Any, store: CountingStore) -> None:
    (asked,) = talk(store, Phone("", b"", method="OPTIONS"))
    assert asked.status == 204
    assert asked.headers[b"access-control-allow-headers"] == b"authorization, content-type"
    (answer,) = talk(store, Phone(device(audience), [audience.item()]))
    assert answer.headers[b"access-control-allow-origin"] == b"*"
    assert b"access-control-allow-credentials" not in answer.headers


def poisoned(error: type[Exception], mark: str) -> Kind:
    """The kind of receipts, whose set fails at an item with this reason."""

    def take(cursor: Any, submissions: Sequence[Any], at: Any) -> Any:
        found = RECEIPTS.take(cursor, submissions, at)
        if any(one.given.reason == mark for one in submissions):
            if issubclass(error, psycopg.DataError):
                cursor.execute("SELECT 1 / 0")
            raise error
        return found

    return Kind(PATH, RECEIPTS.read, RECEIPTS.prepare, take)


@pytest.mark.parametrize("error", [psycopg.errors.DivisionByZero, ValueError])
def test_a_poisoned_item_does_not_lose_the_others(
    audience: Any, store: CountingStore, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    monkeypatch.setitem(KINDS, PATH, poisoned(error, "毒"))
    items = [audience.item(0, "cannot", reason="毒" if n == 5 else "坏") for n in range(9)]
    other = Phone(device(audience, 1), [audience.item(1)])
    first, _ = talk(store, Phone(device(audience), items), other)
    assert first.statuses == ["stored"] * 5 + ["invalid"] + ["stored"] * 3
    assert other.statuses == ["stored"]
    assert Receipt.objects.count() == 9
    assert not Said.objects.filter(reason="毒").exists()


def test_a_fault_of_ours_is_not_told_as_the_items(
    audience: Any, store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, PATH, poisoned(psycopg.ProgrammingError, "错"))
    bad = Phone(device(audience), [audience.item(0, "cannot", reason="错")])
    good = Phone(device(audience, 1), [audience.item(1)])
    talk(store, bad, good)
    assert (bad.status, good.statuses) == (503, ["stored"])
    assert Receipt.objects.count() == 1


def test_without_the_database_nothing_is_answered_as_stored(audience: Any, clock: Any) -> None:
    def away() -> Any:
        raise psycopg.OperationalError("not there")

    phones = talk(
        Store(away, lambda: clock), *(Phone(signed(audience, who), [audience.item(who)]) for who in range(3))
    )
    assert [phone.status for phone in phones] == [503] * 3
    assert phones[0].headers[b"retry-after"] == asgi.RETRY_AFTER
    assert phones[0].body["error"]["code"] == "try-again"
    assert not Receipt.objects.exists()


def test_too_many_waiting_are_sent_away(audience: Any, store: CountingStore) -> None:
    phones = talk(
        store,
        *(Phone(signed(audience), [audience.item(), audience.item()]) for _ in range(4)),
        most_waiting=5,
    )
    assert sorted(phone.status for phone in phones) == [200, 200, 503, 503]
    assert Receipt.objects.count() == 4


def test_the_clock_of_the_city_judges(audience: Any, store: CountingStore, clock: Any) -> None:
    ahead = audience.item(happened_at=(audience.at + timedelta(minutes=6)).isoformat())
    assert talk(store, Phone(signed(audience), [ahead]))[0].statuses == ["invalid"]
    clock.advance(timedelta(minutes=2))
    assert talk(store, Phone(signed(audience), [ahead]))[0].statuses == ["stored"]
    assert Receipt.objects.get().received_at == clock.now()


def test_the_connection_of_its_own_commits_and_comes_back(audience: Any, transactional_db: None) -> None:
    store = Store(asgi._connect, lambda: django_settings.SHANZHI_CLOCK)
    (first,) = talk(store, Phone(signed(audience), [audience.item()]))
    assert (first.statuses, Receipt.objects.count(), store.connection) == (["stored"], 1, None)
    # The server ends the session: what was asked meanwhile is sent away, what comes after is stored.
    store.connection = asgi._connect()
    assert store.connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [store.connection.info.backend_pid])
    item = audience.item(0, "done")
    assert talk(store, Phone(signed(audience), [item]))[0].status == 503
    assert talk(store, Phone(signed(audience), [item]))[0].statuses == ["stored"]
    assert Receipt.objects.count() == 2


def test_who_is_signed_in_is_told_where_the_door_is(sign_in: Any, settings: Any) -> None:
    settings.SHANZHI_INTAKE_URL = "http://127.0.0.1:8002/api/intake"
    from shanzhi.edge.api.headers import SecurityHeaders

    status, told = sign_in("wangge").get("/api/push/config")
    assert (status, told["intake"], told["url"]) == (200, "http://127.0.0.1:8002/api/intake", "")
    assert tokens.account_of(told["token"]) is not None
    assert "connect-src 'self' http://127.0.0.1:8002;" in SecurityHeaders(lambda _: None).policy  # type: ignore[arg-type, return-value]
