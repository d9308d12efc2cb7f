"""The text of an order pulled by many phones at once: only those who get it, in one reading."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from django.db import connection
from tests.edge.test_intake import Phone, device, signed

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import DeviceToken
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.intake import asgi
from shanzhi.edge.intake.texts import Reader
from shanzhi.work.orders.models import Order, Recipient


class CountingReader(Reader):
    """The real reader, on the connection of the test; tells how many readings there were."""

    def __init__(self) -> None:
        raw = connection.connection
        super().__init__(lambda: raw)
        self.readings: list[int] = []

    def _read(self, batch: Any) -> Any:
        self.readings.append(len(batch))
        return super()._read(batch)

    def close(self) -> None:
        self.connection = None


def pull(token: str, order: Any, **changes: Any) -> Phone:
    return Phone(token, [], **({"method": "GET", "path": f"/api/intake/texts/{order}"} | changes))


def talk(reader: Reader, *phones: Phone) -> list[int]:
    async def walk() -> None:
        asgi._reader = reader
        try:
            await asyncio.gather(*(asgi.application(one.scope, one.receive, one.send) for one in phones))
        finally:
            await reader.end()
            asgi._reader = None

    asyncio.run(walk())
    return [phone.status for phone in phones]


@pytest.fixture
def order(audience: Any) -> Any:
    Order.objects.filter(id=audience.order.id).update(body="先通知独居老人。", issued_at=audience.at)
    return audience.order


def test_who_gets_an_order_reads_it_and_nobody_else(audience: Any, order: Any) -> None:
    other, recipients = audience.another("ZL-OTHER")
    Order.objects.filter(id=other.id).update(issued_at=audience.at)
    Recipient.objects.filter(order=other).exclude(account=audience.accounts[1]).delete()
    gone = device(audience, 2)
    DeviceToken.objects.filter(account=audience.accounts[2]).update(revoked_at=audience.at)
    reader = CountingReader()
    phones = [
        pull(device(audience), order.id), pull(signed(audience, 1), order.id), pull(device(audience), other.id),
        pull(gone, order.id), pull("szd_none", order.id), pull("", order.id), pull(device(audience), uuid7()),
        pull(device(audience), "none"), pull(device(audience), order.id, method="POST"),
        pull("", order.id, method="OPTIONS"),
    ]  # fmt: skip
    assert talk(reader, *phones) == [200, 200, 404, 401, 401, 401, 404, 404, 405, 204]
    # All that came together was one reading.
    assert reader.readings == [6]
    [mine] = phones[0].body["orders"]
    assert (mine["recipient"], mine["area"]) == (str(audience.recipients[0].id), "900101")
    assert (mine["order"], mine["number"], mine["body"]) == (str(order.id), order.number, "先通知独居老人。")
    assert (mine["household_rule"]["zh"], mine["compounds"]) == ("全部住户", [])
    assert phones[1].body["orders"][0]["recipient"] == str(audience.recipients[1].id)
    assert phones[0].headers[b"cache-control"] == b"no-store"


def test_a_draft_is_read_by_nobody(audience: Any) -> None:
    Order.objects.filter(id=audience.order.id).update(issued_at=None)
    assert talk(CountingReader(), pull(device(audience), audience.order.id)) == [404]


def test_an_account_that_is_closed_reads_nothing_more(audience: Any, order: Any) -> None:
    token = signed(audience, 0)
    people.Account.objects.filter(id=audience.accounts[0].id).update(is_active=False)
    assert talk(CountingReader(), pull(token, order.id)) == [401]
    assert SYSTEM.account_id is None


def test_without_the_database_they_are_told_to_come_again(audience: Any, order: Any) -> None:
    def away() -> Any:
        raise psycopg.OperationalError("not there")

    phone = pull(signed(audience), order.id)
    assert talk(Reader(away), phone) == [503]
    assert phone.headers[b"retry-after"] == b"2"
