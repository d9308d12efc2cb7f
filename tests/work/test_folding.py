"""Receipts folded into recipients: the same whatever the order, and nothing that commits late is passed over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.cli.connections import conninfo
from shanzhi.work.orders import folding
from shanzhi.work.orders.models import FoldMark, ReachCount, Recipient

ANSWERS = ["delivered", "read", "acknowledged", "working", "done", "cannot"]
_INSERT = """
INSERT INTO orders_receipt (id, area, recipient_id, answer, happened_at, received_at, hash)
VALUES (%s, '900101', %s, %s, %s, %s, '')
"""
_INSTANTS = ["sent", "delivered", "read", "acknowledged", "working", "done", "cannot"]


def add(audience: Any, who: int, answer: str, minute: int, through: Any = connection) -> None:
    at = audience.at + timedelta(minutes=minute)
    with through.cursor() as cursor:
        cursor.execute(_INSERT, [uuid7(), audience.recipients[who].id, answer, at, at])


def state(audience: Any, who: int = 0) -> dict[str, Any]:
    row = Recipient.objects.get(id=audience.recipients[who].id)
    told: dict[str, Any] = {"state": row.state}
    for name in _INSTANTS:
        at = getattr(row, f"{name}_at")
        told[name] = at and round((at - audience.at) / timedelta(minutes=1))
    return told


def expected(said: list[tuple[str, int]]) -> dict[str, Any]:
    """The rule in plain words, without sets."""

    def first(*answers: str) -> int | None:
        return min((minute for answer, minute in said if answer in answers), default=None)

    told: dict[str, Any] = {
        "sent": first(*ANSWERS), "delivered": first(*ANSWERS), "read": first(*ANSWERS[1:]),
        "acknowledged": first(*ANSWERS[2:]), "working": first("working", "done"), "done": first("done"),
        "cannot": first("cannot"),
    }  # fmt: skip
    reached = [name for name in _INSTANTS[:-2] if told[name] is not None]
    told["state"] = reached[-1] if reached else "queued"
    ends = [(minute, answer) for answer, minute in said if answer in ("done", "cannot")]
    if ends:
        last = max(minute for minute, _ in ends)
        told["state"] = "cannot" if (last, "cannot") in ends else "done"
    return told


class _Undo(Exception):
    """Take a try back."""


@bounds(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(st.tuples(st.sampled_from(ANSWERS), st.integers(0, 9)), max_size=8),
    pauses=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_the_order_of_arrival_does_not_matter(
    audience: Any, said: list[tuple[str, int]], pauses: list[bool]
) -> None:
    with pytest.raises(_Undo), transaction.atomic():
        for (answer, minute), pause in zip(said, pauses, strict=False):
            add(audience, 0, answer, minute)
            if pause:
                folding.fold(audience.at)
        folding.fold(audience.at)
        assert state(audience) == expected(said)
        assert state(audience, 1)["state"] == "queued"
        raise _Undo


def test_a_repeated_fold_changes_nothing(audience: Any) -> None:
    for who in range(3):
        add(audience, who, "acknowledged", who)
    assert folding.fold(audience.at) == 3
    before, lines = list(Recipient.objects.values()), list(ReachCount.objects.values())
    assert folding.fold(audience.at + timedelta(seconds=9)) == 0
    assert (list(Recipient.objects.values()), list(ReachCount.objects.values())) == (before, lines)


def test_an_earlier_sending_stays_and_a_later_is_corrected(audience: Any) -> None:
    for who, minute in ((0, -5), (1, 5)):
        Recipient.objects.filter(id=audience.recipients[who].id).update(
            state="sent", sent_at=audience.at + timedelta(minutes=minute)
        )
        add(audience, who, "delivered", 0)
    folding.fold(audience.at)
    assert [state(audience, who)["sent"] for who in (0, 1)] == [-5, 0]


def counts() -> list[tuple[datetime, int, int, int, int, int, int]]:
    return list(
        ReachCount.objects.order_by("at").values_list(
            "at", "people", "sent", "delivered", "acknowledged", "done", "cannot"
        )
    )


def test_the_curve_has_a_line_each_two_seconds_and_its_last_is_right(audience: Any) -> None:
    Recipient.objects.filter(id=audience.recipients[3].id).update(standing="deputy")
    at, second = audience.at, timedelta(seconds=1)
    add(audience, 0, "delivered", 0)
    folding.fold(at)
    assert counts() == [(at, 3, 1, 1, 0, 0, 0)]
    add(audience, 1, "cannot", 0)
    folding.fold(at + second)
    assert counts() == [(at + second, 3, 2, 2, 1, 0, 1)]
    add(audience, 0, "done", 1)
    add(audience, 3, "done", 1)  # a deputy is no person of the audience
    folding.fold(at + 2 * second)
    assert counts()[1:] == [(at + 2 * second, 3, 2, 2, 2, 1, 1)]
    assert len(counts()) == 2


def test_what_another_server_wrote_is_folded(audience: Any) -> None:
    add(audience, 0, "read", 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        end = cursor.fetchone()[0]
    FoldMark.objects.create(id=1, written=end + 1_000_000)
    assert folding.fold(audience.at, restored=False) == 1
    assert FoldMark.objects.get().written <= end
    # A receipt that carries a transaction of the other server, beyond ours.
    with connection.cursor() as cursor:
        at = audience.at
        insert = _INSERT.replace("(id,", "(written, id,").replace("VALUES (", "VALUES (%s::text::xid8, ")
        cursor.execute(insert, [end + 900_000, uuid7(), audience.recipients[1].id, "read", at, at])
    assert folding.fold(audience.at, restored=False) == 0
    assert folding.fold(audience.at) == 1
    assert state(audience, 1)["state"] == "read"


@pytest.fixture
def other(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A second connection."""
    with psycopg.connect(conninfo(settings.DATABASES["default"])) as made:
        yield made


def test_what_began_earlier_and_commits_later_is_folded(other: Any, audience: Any) -> None:
    add(audience, 0, "acknowledged", 0, other)
    add(audience, 1, "acknowledged", 0)
    assert folding.fold(audience.at) == 1
    other.commit()
    assert folding.fold(audience.at) == 1
    assert [state(audience, who)["state"] for who in range(3)] == ["acknowledged", "acknowledged", "queued"]
    assert folding.fold(audience.at) == 0
    # One folder at a time: while another folds, there is nothing to do.
    other.execute("SELECT pg_advisory_xact_lock(%s)", [folding.LOCK])
    add(audience, 2, "read", 0)
    assert folding.fold(audience.at) == 0
    other.rollback()
    assert folding.fold(audience.at) == 1


@pytest.mark.once
def test_the_loop_folds_until_it_is_stopped(audience: Any, clock: Any, transactional_db: None) -> None:
    add(audience, 0, "done", 0)
    stop = threading.Event()
    thread = threading.Thread(target=folding.run, args=(stop, clock))
    thread.start()
    for _ in range(1000):
        if state(audience)["state"] == "done":
            break
        threading.Event().wait(0.01)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert state(audience)["state"] == "done"
