"""Clocks: each warning and each breach once, with its event and its outbox row."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from shanzhi.base.clocks import actions, queries
from shanzhi.base.clocks.errors import ClockNotInState
from shanzhi.base.clocks.models import Clock, ClockEvent
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.core.kit.ids import uuid7

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
AREA = "510107"


def minutes(count: float) -> datetime:
    return AT + timedelta(minutes=count)


def started(due: float = 60, warn: float | None = 30) -> UUID:
    subject = uuid7()
    actions.start([turn(subject, AT, minutes(due), None if warn is None else minutes(warn))])
    return subject


def turn(
    subject: UUID, at: datetime, due_at: datetime | None = None, warn_at: datetime | None = None
) -> actions.Turn:
    return actions.Turn(AREA, subject, "handle", at, due_at, warn_at)


def story() -> list[str]:
    return list(ClockEvent.objects.order_by("at", "id").values_list("verb", flat=True))


@pytest.mark.django_db
def test_a_clock_warns_once_and_breaches_once() -> None:
    subject = started()
    assert [actions.fire_due(minutes(at)) for at in (29, 30, 31, 59, 60, 61)] == [0, 1, 0, 0, 1, 0]
    assert sorted(story()) == ["breach", "start", "warn"]
    told = OutboxRow.objects.filter(topic="clocks").values_list("event", "subject_id", "payload", "area")
    assert sorted(told, key=lambda row: row[0]) == [
        ("breach", subject, {"clock": "handle"}, AREA),
        ("warn", subject, {"clock": "handle"}, AREA),
    ]
    (clock,) = queries.for_subjects(AREA, [subject])[subject]
    assert (clock.state, clock.warned_at, clock.breached_at) == ("running", minutes(30), minutes(60))


@pytest.mark.django_db
def test_after_a_long_sleep_the_warning_comes_before_the_breach() -> None:
    started()
    assert [actions.fire_due(minutes(500)) for _ in range(3)] == [1, 1, 0]
    assert sorted(story()) == ["breach", "start", "warn"]


@pytest.mark.django_db
def test_a_stopped_clock_is_silent() -> None:
    subject = started(warn=None)
    assert actions.stop([turn(subject, minutes(1))]) == 1
    assert actions.stop([turn(subject, minutes(2))]) == 0
    assert actions.fire_due(minutes(500)) == 0
    assert story() == ["start", "stop"]
    actions.start([turn(subject, minutes(3), minutes(90))])
    assert [clock.state for clock in queries.for_subjects(AREA, [subject])[subject]] == ["stopped", "running"]


@pytest.mark.django_db
def test_two_of_a_name_cannot_run() -> None:
    subject = started()
    with pytest.raises(IntegrityError), transaction.atomic():
        actions.start([turn(subject, AT, minutes(5))])
    assert story() == ["start"]


@pytest.mark.django_db
def test_a_pause_silences_and_a_resume_goes_on() -> None:
    subject = started()
    actions.fire_due(minutes(30))
    actions.pause([turn(subject, minutes(40))])
    with pytest.raises(ClockNotInState):
        actions.pause([turn(subject, minutes(41))])
    assert actions.fire_due(minutes(100)) == 0
    actions.resume([turn(subject, minutes(100), minutes(120), minutes(110))])
    with pytest.raises(ClockNotInState):
        actions.resume([turn(subject, minutes(100), minutes(120))])
    assert [actions.fire_due(minutes(at)) for at in (115, 120)] == [0, 1]
    assert sorted(story()) == ["breach", "pause", "resume", "start", "warn"]


@pytest.mark.django_db(transaction=True)
def test_two_loops_fire_each_clock_once() -> None:
    for _ in range(60):
        started(due=10, warn=None)
    fired: list[int] = []

    def loop() -> None:
        while count := actions.fire_due(minutes(20), limit=7):
            fired.append(count)
        connection.close()

    threads = [threading.Thread(target=loop) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fired) == 60
    assert ClockEvent.objects.filter(verb="breach").count() == 60
    assert OutboxRow.objects.filter(event="breach").count() == 60
    assert Clock.objects.filter(next_at=None).count() == 60
