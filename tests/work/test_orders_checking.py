"""Numbers add up, and what is missing is put right or stands on the board."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from tests.work.test_orders_ladder import Gateway, gateways, order, people_actor, send_all

from shanzhi.base.messaging.models import Message
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.orders import checking, folding, ladder, noting, queries, rollup, shown
from shanzhi.work.orders.flow import Answer
from shanzhi.work.orders.models import Discrepancy, Order, OrderEvent, PlaceReach, Receipt, Recipient, Rung

__all__ = ["gateways", "order"]
pytestmark = pytest.mark.django_db


def board(made: Order, clock: FixedClock) -> Any:
    return shown.board_out(Order.objects.get(id=made.id), None, people_actor("zhihui", clock), clock.now())


def note(who: str, answer: Answer, clock: FixedClock) -> None:
    row = Recipient.objects.get(account__username=who)
    noting.note([noting.Noted(uuid7(), row.area, row.id, str(answer), clock.now())])


def failing(gateway: Gateway, clock: FixedClock, who: str) -> None:
    """The provider says that it never arrived there."""
    row = Recipient.objects.get(account__username=who)
    Message.objects.filter(subject_id=row.id).update(state="failed", next_at=None, reason="no such number")


def test_sent_is_delivered_failed_and_pending_whatever_happens(
    order: Callable[..., Order], gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    rollup.roll_up(clock.now())

    def numbers() -> tuple[int, ...]:
        found = board(made, clock).numbers
        assert found.sent == found.delivered + found.failed + found.pending
        for line in PlaceReach.objects.filter(order=made):
            assert line.people >= line.sent >= line.delivered + line.failed
        return (found.people, found.sent, found.delivered, found.failed, found.pending, found.acknowledged)

    assert numbers() == (5, 5, 0, 0, 5, 0)
    clock.advance(timedelta(seconds=60))
    ladder.take_due(clock.now())
    send_all(gateways["sms"], clock)
    note("w0", Answer.DELIVERED, clock)
    note("w1", Answer.ACKNOWLEDGED, clock)
    failing(gateways["sms"], clock, "w2")
    failing(gateways["sms"], clock, "w1")  # reached in the app all the same
    folding.fold(clock.now())
    clock.advance(rollup.MESSAGES_EVERY)
    rollup.roll_up(clock.now())
    assert numbers() == (5, 5, 2, 1, 2, 1)
    # Somebody who seemed lost turns up.
    note("w2", Answer.READ, clock)
    folding.fold(clock.now())
    rollup.roll_up(clock.now())
    assert numbers() == (5, 5, 3, 0, 2, 1)
    ladder.tidy(clock.now())
    assert checking.check(clock.now() + timedelta(minutes=1)) == []
    assert not Discrepancy.objects.exists()


def test_a_lost_row_and_a_lost_message_come_back(
    order: Callable[..., Order], gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    clock.advance(timedelta(seconds=60))
    ladder.take_due(clock.now())
    rollup.roll_up(clock.now())
    assert checking.missing(clock.now()) == []
    Message.objects.filter(subject_id=Recipient.objects.get(account__username="w0").id).delete()
    Recipient.objects.filter(account__username="w4").delete()
    found = {(one.kind, one.wanted, one.found) for one in checking.missing(clock.now())}
    assert found == {("audience", 5, 4), ("messages", 5, 3)}
    assert checking.check(clock.now()) == []
    assert Recipient.objects.filter(order=made, standing="own").count() == 5
    back = Recipient.objects.get(account__username="w4")
    assert (back.state, back.sent_at) == ("sent", made.issued_at)
    assert Message.objects.filter(subject_id=back.id, round=1, state="queued").count() == 1
    rows = {row.kind: (row.repaired, row.closed_at) for row in Discrepancy.objects.all()}
    assert rows == {"audience": (1, clock.now()), "messages": (2, clock.now())}
    told = OrderEvent.objects.filter(order=made, verb="repair").values_list("reason", "actor_name")
    assert sorted(told) == [("外发消息：补正 2 条", "系统"), ("接收人名单：补正 1 条", "系统")]
    seen = board(made, clock).discrepancies
    assert {(one.kind, one.repaired, one.closed_at) for one in seen} == {
        ("audience", 1, clock.now()), ("messages", 2, clock.now()),
    }  # fmt: skip


def test_a_receipt_that_was_passed_over_is_folded_after_all(
    order: Callable[..., Order], gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    folding.fold(clock.now())
    note("w3", Answer.ACKNOWLEDGED, clock)
    other = connection.copy()
    with other.cursor() as cursor:  # transactions of others, so that the mark is not beyond this server's end
        cursor.execute("SELECT pg_current_xact_id()")
        cursor.execute("SELECT pg_current_xact_id()")
    other.close()
    with connection.cursor() as cursor:  # a mark that ran ahead
        cursor.execute(
            "UPDATE orders_foldmark SET written = (SELECT max(written::text::bigint) + 1 FROM orders_receipt)"
        )
    folding.fold(clock.now(), restored=False)
    assert Recipient.objects.get(account__username="w3").acknowledged_at is None
    # What came a moment ago may be on its way; half a minute later it is missing.
    assert checking.check(clock.now()) == []
    clock.advance(timedelta(seconds=31))
    assert [(one.kind, one.wanted, one.found) for one in checking.missing(clock.now())] == [
        ("receipts", 5, 4)
    ]
    assert checking.check(clock.now()) == []
    assert Recipient.objects.get(account__username="w3").state == "acknowledged"
    assert Discrepancy.objects.get().repaired == 1
    rollup.roll_up(clock.now())
    assert board(made, clock).numbers.acknowledged == 1


def test_lines_of_places_that_do_not_sum_up_are_counted_anew(
    order: Callable[..., Order], gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    rollup.roll_up(clock.now())
    PlaceReach.objects.filter(order=made, place_id=made.place_ids[0]).delete()
    assert [one.kind for one in checking.missing(clock.now())] == ["places"]
    assert checking.check(clock.now()) == []
    assert queries.numbers(Order.objects.get(id=made.id), None).people == 5


def test_what_cannot_be_put_right_stands_on_the_board_until_it_agrees(
    order: Callable[..., Order], gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    rollup.roll_up(clock.now())
    Order.objects.filter(id=made.id).update(people=6)  # more than the tree of that day has
    for _ in range(2):
        left = checking.check(clock.now())
        assert {one.kind for one in left} == {"audience", "places"}
        clock.advance(timedelta(minutes=1))
    assert Discrepancy.objects.count() == 2
    alarms = [one for one in board(made, clock).discrepancies if one.closed_at is None]
    assert {(one.kind, one.wanted, one.found) for one in alarms} == {("audience", 6, 5), ("places", 6, 5)}
    assert Recipient.objects.filter(order=made).count() == 5
    Order.objects.filter(id=made.id).update(people=5)
    assert checking.check(clock.now()) == []
    assert all(one.closed_at for one in board(made, clock).discrepancies)


def test_answers_are_summed_and_the_newest_of_each_counts(
    order: Callable[..., Order], gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    from shanzhi.work.orders import receipts

    asks = [
        {"code": "moved", "zh": "已转移户数", "en": "Moved", "kind": "number"},
        {"code": "state", "zh": "情况", "en": "State", "kind": "choice", "choices": ["好", "坏"]},
        {"code": "note", "zh": "说明", "en": "Note", "kind": "text"},
    ]
    made = order(asks=asks)

    def answer(who: str, **answers: Any) -> None:
        row = Recipient.objects.get(account__username=who)
        raw = {
            "id": str(uuid4()), "area": row.area, "recipient": str(row.id), "answer": "done",
            "happened_at": clock.now().isoformat(), "answers": answers,
        }  # fmt: skip
        import json

        given = receipts.submission(row.account_id, receipts.read(json.dumps(raw).encode()))
        with connection.cursor() as cursor:
            assert receipts.take(cursor, [given], clock.now())[0].status == "stored"

    answer("w0", moved="3", state="好", note="先走了老人")
    clock.advance(timedelta(seconds=1))
    answer("w0", moved="5", state="好")
    answer("w1", moved=2, state="坏", note="一户不愿走")
    answer("w2", moved="很多", strange="x")
    found = {one.code: one for one in board(made, clock).answered}
    assert (found["moved"].count, found["moved"].total) == (3, 7)
    assert dict(found["state"].choices) == {"好": 1, "坏": 1}
    assert found["note"].texts == ["一户不愿走"]
    # Receipts hold none of it.
    assert {field.name for field in Receipt._meta.get_fields()}.isdisjoint({"answers", "reason"})
    assert Rung.objects.filter(order=made).exists()
