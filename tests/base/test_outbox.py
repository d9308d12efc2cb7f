"""The outbox: seen after commit, numbered without gaps, told at most every so often."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from shanzhi.base.outbox import actions, queries, relay
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.core.kit.ids import uuid7

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


def publish(topic: str = "cases", event: str = "report") -> None:
    actions.publish([actions.News("510107", topic, uuid7(), event, {"n": 1}, AT)])


@pytest.mark.django_db
def test_what_is_rolled_back_was_never_said() -> None:
    class Undo(Exception):
        pass

    publish()
    with pytest.raises(Undo), transaction.atomic():
        publish(event="lost")
        raise Undo
    assert relay.number_waiting() == {"cases": 1}
    assert [(row.number, row.event, row.payload) for row in queries.since(0)] == [(1, "report", {"n": 1})]


@pytest.mark.django_db
def test_numbers_have_no_gaps_and_follow_on() -> None:
    for index in range(7):
        publish(topic="cases" if index % 2 else "clocks")
    assert queries.waiting() == 7
    assert relay.number_waiting(limit=4) and relay.number_waiting(limit=4) and not relay.number_waiting()
    publish()
    assert relay.number_waiting() == {"cases": 8}
    assert [row.number for row in queries.since(0)] == list(range(1, 9))
    assert [row.number for row in queries.since(5, topic="clocks")] == [7]
    assert (queries.newest(), queries.newest("clocks"), queries.waiting()) == (8, 7, 0)


@pytest.mark.django_db(transaction=True)
def test_an_open_transaction_holds_nobody_up_and_is_numbered_later() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            publish(event="slow")
            begun.set()
            go_on.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(10)
    publish(event="quick")
    assert relay.number_waiting() == {"cases": 1}
    go_on.set()
    thread.join()
    assert relay.number_waiting() == {"cases": 2}
    assert [row.event for row in queries.since(0)] == ["quick", "slow"]


@pytest.mark.django_db(transaction=True)
def test_there_is_one_relay() -> None:
    found: list[bool] = []

    def other() -> None:
        found.append(relay.take_lock())
        connection.close()

    assert relay.take_lock()
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    relay.release_lock()
    assert found == [False]


@pytest.mark.django_db
def test_bells_ring_together(monkeypatch: Any) -> None:
    rung: list[dict[str, int]] = []
    monkeypatch.setattr(relay, "notify", lambda numbers: rung.append(dict(numbers)))
    bell = relay._Bell()
    for step, number in enumerate(range(1, 11)):
        bell.add({"cases": number})
        bell.ring(100 + step * 0.03)
    bell.ring(101)
    assert [numbers["cases"] for numbers in rung] == [1, 5, 9, 10]


@pytest.mark.django_db(transaction=True)
def test_the_loop_numbers_and_stops() -> None:
    publish()
    stop = threading.Event()
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    for _ in range(400):
        if OutboxRow.objects.filter(number=1).exists():
            break
        threading.Event().wait(0.01)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert OutboxRow.objects.get().number == 1
