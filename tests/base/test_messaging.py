"""Messages: queued once, taken on lease, recorded, receipted in any order; states always add up."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from shanzhi.base.messaging import actions, channels, queries
from shanzhi.base.messaging.actions import Wanted
from shanzhi.base.messaging.addresses import digest, normal
from shanzhi.base.messaging.channels import Answer, Letter, Outcome, Report
from shanzhi.base.messaging.models import Attempt, Message, Receipt, Reply
from shanzhi.base.retention.jobs import destroy_what_is_old
from shanzhi.core.kit.errors import InvalidInput

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
AREA = "510107"
TOPIC = "order/1"


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def wanted(number: int = 0, channel: str = "sms", **changes: object) -> Wanted:
    given: dict[str, object] = {
        "area": AREA, "recipient_kind": "account", "recipient_id": UUID(int=number), "channel": channel,
        "subject_id": UUID(int=1000 + number), "topic": TOPIC, "purpose": "order", "text": "有新指令，请打开查看。",
        "link": "https://city.example/o/1", "address": f"1390000{number:04d}",
    }  # fmt: skip
    return Wanted(**(given | changes))  # type: ignore[arg-type]


def take(limit: int = 100, now: datetime = AT, via: str = "sms", rate: float = 1000) -> list[Letter]:
    return actions.take(via, limit, now, rate=rate, lease_seconds=60)


def accepted(letter: Letter, *ids: str) -> Outcome:
    return Outcome(letter, "accepted", ids)


def states(topic: str = TOPIC) -> dict[str, int]:
    found = queries.counts(topic).get("sms", queries.Counts())
    assert found.total == Message.objects.filter(topic=topic, channel="sms").count()
    assert found.total == found.delivered + found.failed + found.pending + found.cancelled
    return {name: number for name, number in vars(found).items() if number}


def one_sent(*ids: str) -> Letter:
    actions.queue([wanted()], AT)
    [letter] = take()
    actions.record([accepted(letter, *ids)], AT)
    return letter


@pytest.fixture
def told() -> list[tuple[str, str]]:
    """What a listener of orders hears."""
    heard: list[tuple[str, str]] = []
    before = channels._on_state.get("order"), channels._on_reply.get("order")
    channels.listen(
        "order",
        on_state=lambda changes: heard.extend((one.state, one.reason) for one in changes),
        on_reply=lambda found: heard.extend((str(one.subject_id), one.text) for one in found),
    )
    yield heard
    channels.listen("order", on_state=before[0], on_reply=before[1])


@pytest.mark.django_db
def test_a_message_is_queued_once_and_carries_no_address_in_the_clear() -> None:
    assert actions.queue([wanted(1), wanted(2)], AT) == 2
    assert actions.queue([wanted(2), wanted(3), wanted(1, round=2)], AT) == 2
    assert states() == {"queued": 4}
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(m::text, '') FROM messaging_message m")
        assert "1390000" not in cursor.fetchone()[0]
    assert "1390000" not in repr(take()) + repr(wanted())
    assert queries.without_message(AREA, [UUID(int=1001), UUID(int=1099)], "sms") == {UUID(int=1099)}


@pytest.mark.django_db
@pytest.mark.parametrize("changes", [{"text": " "}, {"text": "长" * 501}, {"link": "x" * 301}])
def test_bad_messages_are_refused_whole(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        actions.queue([wanted(1), wanted(2, **changes)], AT)
    assert caught.value.field == next(iter(changes))
    with pytest.raises(InvalidInput):
        actions.queue([wanted(1, text="致电 13900000001")], AT)
    assert Message.objects.count() == 0


@pytest.mark.django_db
def test_a_letter_is_taken_once_until_its_lease_runs_out() -> None:
    actions.queue([wanted(1), wanted(2, due_at=later(30))], AT)
    [letter] = take()
    assert (letter.address, letter.number) == ("13900000001", 1)
    assert take(now=later(29)) == []
    assert [one.address for one in take(now=later(59))] == ["13900000002"]
    # The sender was killed before it recorded: after the lease, and only then, the letter goes out again.
    [again] = take(now=later(60))
    assert (again.id, again.number) == (letter.id, 2)
    assert queries.still_wanted([letter, again]) == {letter.id}
    actions.record([Outcome(letter, "timeout", retriable=True)], later(61))
    assert Message.objects.get(id=letter.id).state == "sending"
    actions.record([accepted(letter, "late")], later(62))
    assert Message.objects.get(id=letter.id).state == "sent"
    # The second attempt's refusal is kept in the history and takes nothing back.
    actions.record([Outcome(again, "refused", code="x")], later(63))
    assert Message.objects.get(id=letter.id).state == "sent"
    assert list(Attempt.objects.order_by("at").values_list("number", "result")) == [
        (1, "timeout"),
        (2, "refused"),
    ]


@pytest.mark.django_db
def test_retriable_refusals_wait_longer_each_time_and_end(told: list[tuple[str, str]]) -> None:
    actions.queue([wanted()], AT)
    now, pauses = AT, []
    while letters := take(now=now):
        actions.record([Outcome(letters[0], "unreachable", code="busy", retriable=True)], now)
        due = Message.objects.get().next_at
        if due is None:
            break
        pauses.append((due - now).total_seconds())
        assert take(now=due - timedelta(seconds=1)) == []
        now = due
    assert pauses == [5, 20, 80, 320]
    assert told == [("failed", "busy")]
    assert states() == {"failed": 1}
    assert Attempt.objects.count() == 5


@pytest.mark.django_db
def test_senders_that_die_every_time_do_not_try_for_ever() -> None:
    actions.queue([wanted()], AT)
    assert [len(take(now=later(60 * n))) for n in range(6)] == [1, 1, 1, 1, 1, 0]
    assert actions.give_up("sms", later(299)) == 0
    assert actions.give_up("sms", later(300)) == 1
    assert (states(), Message.objects.get().reason) == ({"failed": 1}, "no-outcome")


@pytest.mark.django_db
def test_cancelled_messages_are_not_sent_unless_the_provider_has_them(told: list[tuple[str, str]]) -> None:
    actions.queue([wanted(n) for n in range(4)], AT)
    letters = take(2)
    assert actions.cancel(AREA, [UUID(int=1000), UUID(int=1002)], "acknowledged") == 2
    assert queries.still_wanted(letters) == {letters[1].id}
    actions.record([Outcome(letters[0], "timeout", retriable=True), accepted(letters[1], "p1")], AT)
    assert states() == {"cancelled": 2, "sent": 1, "queued": 1}
    assert actions.cancel_topic("order/2", "recalled") == 0
    assert actions.cancel_topic(TOPIC, "recalled") == 1
    assert take(now=later(999)) == []
    actions.record([accepted(letters[0], "p0")], AT)
    assert states() == {"cancelled": 2, "sent": 2}
    assert told == [("sent", ""), ("sent", "")]


@pytest.mark.django_db
def test_the_rate_is_kept_by_the_clock() -> None:
    actions.queue([wanted(n) for n in range(40)], AT)
    assert [len(take(now=later(s), rate=10)) for s in (0, 0, 0.5, 0.5, 1, 5, 5)] == [10, 0, 5, 0, 5, 10, 0]
    # A clock set back gives nothing away.
    assert take(now=later(1), rate=10) == []
    assert [len(take(now=later(s), rate=1 / 3)) for s in (6, 7, 9, 11)] == [0, 0, 1, 0]


@pytest.mark.django_db
def test_a_drill_goes_to_the_sink_whatever_its_channel() -> None:
    actions.queue([wanted(1, drill=True), wanted(2)], AT)
    assert [one.address for one in take(via="sink")] == ["13900000001"]
    assert [one.address for one in take()] == ["13900000002"]


@pytest.mark.django_db
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_receipts_come_in_any_order_and_more_than_once(
    order: tuple[int, ...], told: list[tuple[str, str]]
) -> None:
    actions.queue([wanted()], AT)
    [letter] = take()
    steps = [
        lambda: actions.record([accepted(letter, "a", "b")], AT),
        lambda: actions.receipts("sms", [Report("a", "delivered", later(2))] * 2, later(3)),
        lambda: actions.receipts("sms", [Report("b", "delivered", later(4))], later(5)),
    ]
    for step in order:
        assert states() != {"delivered": 1}
        steps[step]()
    assert actions.receipts("sms", [Report("a", "delivered", later(9))], later(9)) == 0
    actions.settle("sms", later(10))
    assert actions.settle("sms", later(11)) == 0
    assert states() == {"delivered": 1}
    assert Message.objects.get().delivered_at == later(4)
    assert [state for state, _ in told] == ["sent", "delivered"]


@pytest.mark.django_db
def test_delivered_outweighs_failed_and_never_turns_back() -> None:
    one_sent("a")
    actions.receipts("sms", [Report("a", "failed", later(1), "UNDELIV")], later(1))
    assert (states(), Message.objects.get().reason) == ({"failed": 1}, "UNDELIV")
    actions.receipts("sms", [Report("a", "delivered", later(2))], later(2))
    actions.receipts("sms", [Report("a", "failed", later(3))], later(3))
    assert (states(), Message.objects.get().reason) == ({"delivered": 1}, "")


@pytest.mark.django_db
def test_a_part_that_fails_fails_the_message() -> None:
    one_sent("a", "b")
    actions.receipts("sms", [Report("a", "delivered", later(1))], later(1))
    assert states() == {"sent": 1}
    actions.receipts("sms", [Report("b", "failed", later(1))], later(1))
    assert states() == {"failed": 1}
    actions.receipts("other", [Report("b", "delivered", later(1))], later(1))
    assert states() == {"failed": 1}
    assert queries.awaiting("sms", AT - timedelta(hours=1)) == []


@pytest.mark.django_db
def test_replies_find_their_message(told: list[tuple[str, str]]) -> None:
    one_sent("a")
    answers = [
        Answer("r1", "1", later(5), address="+86 139 0000 0000"),
        Answer("r2", "收到", later(6), about="a"),
        Answer("r3", "哪位？", later(7), address="13811111111"),
        Answer("r4", "早了", later(8), about="later"),
    ]
    assert actions.replies("sms", answers, later(8)) == 2
    assert actions.replies("sms", answers, later(9)) == 0
    subject = UUID(int=1000)
    assert told == [("sent", ""), (str(subject), "1"), (str(subject), "收到")]
    assert [reply.text for reply in queries.replies_to(subject)] == ["1", "收到"]
    actions.queue([wanted(round=2)], AT)
    [letter] = take()
    actions.record([accepted(letter, "later")], later(10))
    actions.settle("sms", later(11))
    assert told[-1] == (str(subject), "早了")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(encode(text, 'hex'), '') FROM messaging_reply")
        assert "收到".encode().hex() not in cursor.fetchone()[0]


@pytest.mark.django_db
def test_addresses_and_replies_are_erased_by_night(settings: object) -> None:
    one_sent("a")
    actions.queue([wanted(1)], AT)
    actions.replies("sms", [Answer("r", "好", AT, address="13900000000")], AT)
    actions.receipts("sms", [Report("nobody", "delivered", AT)], AT)
    settings.SHANZHI_CLOCK.advance(timedelta(days=29))  # type: ignore[attr-defined]
    assert destroy_what_is_old(timestamp=0) == 0
    settings.SHANZHI_CLOCK.advance(timedelta(days=1, seconds=1))  # type: ignore[attr-defined]
    assert destroy_what_is_old(timestamp=0) == 4
    assert set(Message.objects.values_list("address_digest", flat=True)) == {""}
    assert {message.address for message in Message.objects.all()} == {""}
    assert [reply.text for reply in Reply.objects.all()] == [""]
    assert Receipt.objects.count() == 0
    assert states() == {"sent": 1, "cancelled": 1}


@pytest.mark.django_db
def test_what_is_stuck_is_named() -> None:
    actions.queue([wanted(1), wanted(2), wanted(3, channel="voice")], AT)
    take(1)
    assert queries.missing(later(100)) == []
    assert [(one.via, one.state, one.count) for one in queries.missing(later(200))] == [
        ("sms", "queued", 1), ("sms", "sending", 1), ("voice", "queued", 1),
    ]  # fmt: skip


@pytest.mark.django_db
def test_an_address_that_cannot_be_read_fails_alone(settings: object) -> None:
    actions.queue([wanted(1)], AT)
    settings.SHANZHI_FIELD_KEY = "another key"  # type: ignore[attr-defined]
    actions.queue([wanted(2)], AT)
    assert [one.address for one in take()] == ["13900000002"]
    reasons = Message.objects.filter(state="failed").values_list("reason", flat=True)
    assert list(reasons) == ["address-unreadable"]


@pytest.mark.django_db
def test_attempts_cannot_be_changed() -> None:
    one_sent("a")
    for change in ("UPDATE messaging_attempt SET result = 'refused'", "DELETE FROM messaging_attempt"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)


@pytest.mark.django_db(transaction=True)
def test_two_senders_never_take_the_same_letter_and_receipts_cross() -> None:
    actions.queue([wanted(n) for n in range(300)], AT)
    taken: list[UUID] = []

    def send() -> None:
        while letters := actions.take("sms", 20, AT, rate=10_000, lease_seconds=60):
            taken.extend(one.id for one in letters)
            actions.record([accepted(one, f"{one.id}-1", f"{one.id}-2") for one in letters], AT)
            for part in ("1", "2"):
                actions.receipts("sms", [Report(f"{one.id}-{part}", "delivered", AT) for one in letters], AT)
        connection.close()

    def report() -> None:
        for message in Message.objects.order_by("-id").values_list("id", flat=True):
            actions.receipts("sms", [Report(f"{message}-2", "delivered", AT)], AT)
        connection.close()

    threads = [threading.Thread(target=work) for work in (send, send, report)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    actions.settle("sms", AT)
    assert len(taken) == len(set(taken)) == 300
    assert states() == {"delivered": 300}


def test_addresses_are_compared_in_one_form() -> None:
    assert {
        normal(one) for one in ("13900000001", "+86 139-0000-0001", "8613900000001", "008613900000001")
    } == {"13900000001"}
    assert normal(" Duty@City.Example ") == "duty@city.example"
    assert digest("+8613900000001") == digest("13900000001") != digest("13900000002")
